// One input for whoever reads: opens at once in the background, stamps arrival, announces tracks as they
// show up, and says why it ended. Decides by address alone which reader does the work.
public import Model
import Synchronization

/// Reading one input. Open it, then call `next` from one thread until `.end`.
public final class Source: Sendable {
    private let queue: EventQueue
    let reader: any SourceReader
    private let cancel: CancelFlag
    private let outer: CancelFlag
    private let registration: Int?

    /// Starts opening; never blocks. Problems arrive as `.end(error)`.
    /// - Parameter cancel: Ends the source cleanly when set.
    public init(_ settings: SourceSettings, cancel: CancelFlag) {
        let stop = CancelFlag()
        registration = cancel.onSet { stop.set() }
        outer = cancel
        self.cancel = stop
        let kind = ReaderKind(settings.address)
        queue = EventQueue(
            bytes: kind == .rtmp || kind == .httpFLV ? nil : settings.readAhead, liveBytes: settings.liveBytes,
            wantsFacts: settings.wantsFacts)
        if ReconnectingReader.serves(settings) {
            reader = ReconnectingReader(settings, queue: queue) { kind.reader(settings, port: $0, cancel: $1) }
        } else {
            reader = kind.reader(settings, port: EventPort(queue), cancel: stop)
        }
        reader.start()
        let queue = queue
        let reader = reader
        stop.onSet {
            reader.close()
            queue.close()
        }
    }

    deinit {
        outer.forget(registration)
        close()
    }

    /// The next event, waiting until `deadline`; nil when nothing came by then or the source was closed.
    public func next(until deadline: HostTime?) -> SourceEvent? { queue.next(until: deadline) }

    /// True once closed and read to its end.
    public var isFinished: Bool { queue.isFinished }

    /// Continues from another place; packets from there carry `epoch`, which must be greater than the one
    /// before. Seekable sources only: others ignore it.
    public func seek(to time: MediaTime, epoch: Int) { reader.seek(to: time, epoch: epoch) }

    /// From now on the end of the stream is the source's, whatever `ReconnectOptions.streamEnd` says: nobody is there
    /// who would wait for its return. From any thread.
    public func endsWithStream() { reader.endsWithStream() }

    /// Packets that were lost because the reader was too slow; live sources only.
    public var droppedPackets: Int { queue.dropped }
    /// Bytes received from the network; zero for files.
    public var receivedBytes: Int { reader.receivedBytes }

    /// Ends the source: connections close, threads end. May be called from any thread, more than once.
    public func close() { cancel.set() }
}

/// Who reads an address, decided by the address alone.
private enum ReaderKind {
    case rtmp, httpFLV, hls, demuxer

    init(_ address: MediaAddress) {
        switch address.scheme {
        case .rtmp, .rtmps: self = .rtmp
        case .http where address.path.hasSuffix(".flv"), .https where address.path.hasSuffix(".flv"):
            self = .httpFLV
        default: self = address.isPlaylist ? .hls : .demuxer
        }
    }

    func reader(_ settings: SourceSettings, port: EventPort, cancel: CancelFlag) -> any SourceReader {
        switch self {
        case .rtmp: LiveReader(settings, transport: .rtmp, port: port, cancel: cancel)
        case .httpFLV: LiveReader(settings, transport: .httpFLV, port: port, cancel: cancel)
        case .hls: HLSReader(settings, port: port, cancel: cancel)
        case .demuxer: DemuxReader(settings, port: port, cancel: cancel)
        }
    }
}

/// What does the work behind a `Source`.
protocol SourceReader: AnyObject, Sendable {
    func start()
    func seek(to time: MediaTime, epoch: Int)
    func endsWithStream()
    func close()
    var receivedBytes: Int { get }
}

extension SourceReader {
    func seek(to time: MediaTime, epoch: Int) {}
    func endsWithStream() {}
    var receivedBytes: Int { 0 }
}
