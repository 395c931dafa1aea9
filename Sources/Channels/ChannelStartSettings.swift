// What `stream-start` is asked for, and what it answers.
public import Model

public struct ChannelStartSettings: Sendable {
    public var name: ChannelName
    public var directory: StateDirectory
    public var streamID: StreamID?
    public var ports = PortRequest()
    /// A running channel is as good as a new one.
    public var reuse = false
    /// Rather fail than wait for the pause after a stop to pass.
    public var noWait = false
    /// How many channels may run.
    public var quota = 50
    /// Who pushes into it.
    public var publisher = Publisher.anybody
    /// How long an origin that is started goes on after the last stream.
    public var originLingers = Span.seconds(60)

    public enum Publisher: Sendable {
        /// Whoever connects to the publish address.
        case anybody
        /// A process in the background, which gets these words of the command line.
        /// - Parameter isLocal: The input is at hand, so that the first media are worth waiting for.
        case worker(words: [String], isLocal: Bool)
        /// This process.
        case foreground(hasInput: Bool)
    }

    public init(name: ChannelName, directory: StateDirectory) {
        self.name = name
        self.directory = directory
    }
}

/// A channel that has been started, or that was found running.
public struct StartedChannel: Sendable {
    public let report: ChannelReport
    /// Present when it ran already, and that is an error.
    public let error: SluiceError?
    /// Nothing was started: it ran already.
    public let wasRunning: Bool
    /// For a push of this process.
    public let target: String
}
