// What a capability tells the outside while it works: the lines of `--json`, the progress line and the log.

/// One thing that happened. `time` is added by whoever prints it.
public struct Event: Sendable, Equatable {
    /// The value of "event": `status`, `result`, or a named event such as `connected`.
    public var name: String
    public var fields: [JSONValue.Field]
    public init(_ name: String, _ fields: [JSONValue.Field] = []) {
        self.name = name
        self.fields = fields
    }
}

/// A named event with the numeric code that users of the service know.
public enum ServiceEvent: Int, Sendable {
    case pushConnected = 1001, pushBegins = 1002, pushSizeChanged = 1005, pushBitrateChanged = 1006
    case networkBusy = 1101, pushReconnecting = 1102, pushGaveUp = -1307
    case playConnected = 2001, firstKeyframe = 2003, playbackBegins = 2004, playEnd = 2006, loading = 2007
    case playReconnecting = 2103, lag = 2105, playGaveUp = -2301

    /// The stable word for "event".
    public var word: String {
        switch self {
        case .pushConnected, .playConnected: "connected"
        case .pushBegins: "push_begins"
        case .pushSizeChanged: "size_changed"
        case .pushBitrateChanged: "bitrate_changed"
        case .networkBusy: "network_busy"
        case .pushReconnecting, .playReconnecting: "reconnecting"
        case .pushGaveUp, .playGaveUp: "gave_up"
        case .firstKeyframe: "first_keyframe"
        case .playbackBegins: "playback_begins"
        case .playEnd: "end"
        case .loading: "loading"
        case .lag: "lag"
        }
    }

    /// The event with its code in front of `fields`.
    public func event(_ fields: [JSONValue.Field] = []) -> Event {
        Event(word, [JSONValue.Field("code", .int(rawValue))] + fields)
    }
}

public enum LogLevel: Int, Sendable, Comparable, CaseIterable {
    case trace, debug, info, notice, warning, error
    public static func < (a: LogLevel, b: LogLevel) -> Bool { a.rawValue < b.rawValue }
}

/// Where a capability reports to. Called from any thread; must not block for long.
public protocol Reporter: Sendable {
    func report(_ event: Event)
    /// One line for people, lower case, without a full stop, free of secrets.
    func log(_ level: LogLevel, _ message: @autoclosure () -> String)
}
