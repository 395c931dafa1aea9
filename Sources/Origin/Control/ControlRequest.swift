// What is asked of a running origin: one line of JSON a request. The text is pure; sockets are elsewhere.
import Model

/// A request over the control socket.
public enum ControlRequest: Sendable, Equatable {
    /// From now on the stream may be published and played. Opening an open stream changes nothing.
    case open(name: String)
    /// Ends the stream for its publisher and its viewers. The reply holds what it came to.
    case close(name: String)
    /// All open streams.
    case list
    /// The origin ends.
    case stop

    /// Names go into addresses and file names as they are: letters, digits, `-`, `_` and `.` (not first), at most
    /// 128 bytes, which is what FFmpeg has room for.
    public static func isValid(name: String) -> Bool {
        guard (1...128).contains(name.utf8.count), name.utf8.first != UInt8(ascii: ".") else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
    }

    /// Without the line feed.
    public var line: String {
        let fields: [JSONValue.Field] =
            switch self {
            case .open(let name): [.init("request", .string("open")), .init("name", .string(name))]
            case .close(let name): [.init("request", .string("close")), .init("name", .string(name))]
            case .list: [.init("request", .string("list"))]
            case .stop: [.init("request", .string("stop"))]
            }
        return JSONValue.object(fields).text
    }

    /// nil where the line is none of these.
    public init?(line: some Sequence<UInt8>) {
        guard let value = JSONValue.parse(line) else { return nil }
        let name = value["name"]?.string
        switch (value["request"]?.string, name) {
        case ("open", let name?): self = .open(name: name)
        case ("close", let name?): self = .close(name: name)
        case ("list", _): self = .list
        case ("stop", _): self = .stop
        default: return nil
        }
    }
}
