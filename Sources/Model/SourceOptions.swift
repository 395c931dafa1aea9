// How an input is to be opened, as the command line says it; the same for every capability that reads.

/// Which variant of an adaptive stream is fetched; only that one is.
public enum StreamQuality: Hashable, Sendable {
    case best, worst
    /// The variant of this picture height, or the nearest below it.
    case height(Int)
}

/// The transport under RTSP.
public enum RTSPTransport: String, Hashable, Sendable, CaseIterable { case tcp, udp }

/// A width and a height in pixels, both positive.
public struct PictureSize: Hashable, Sendable, CustomStringConvertible {
    public var width: Int
    public var height: Int
    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }
    public var description: String { "\(width)x\(height)" }
}

/// A request header, kept in the order in which it was given.
public struct HeaderField: Hashable, Sendable {
    public var name: String
    public var value: String
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// An option handed to FFmpeg as it stands.
public struct LibraryOption: Hashable, Sendable {
    public var key: String
    public var value: String
    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// Options of every input; those that do not apply to its protocol are ignored.
public struct SourceOptions: Hashable, Sendable {
    /// Bounds connecting and silence alike (`--timeout`). nil: 5 s to connect, 10 s without data.
    /// Zero: for ever.
    public var timeout: Span?
    public var headers: [HeaderField] = []
    public var userAgent: String?
    public var ffmpegOptions: [LibraryOption] = []
    /// nil: TCP.
    public var rtspTransport: RTSPTransport?
    public var quality = StreamQuality.best
    /// Which video track, counted from 0 among the video tracks; nil: the first.
    public var videoTrack: Int?
    /// Which audio track, counted from 0 among the audio tracks; nil: the first.
    public var audioTrack: Int?
    /// Certificates are not checked.
    public var insecure = false
    public init() {}

    /// The longest wait for a connection; nil: for ever.
    public var connectTimeout: Span? { resolved(.seconds(5)) }
    /// The longest silence of a connection; nil: for ever.
    public var silenceTimeout: Span? { resolved(.seconds(10)) }

    private func resolved(_ standard: Span) -> Span? {
        guard let timeout else { return standard }
        return timeout == .zero ? nil : timeout
    }
}
