// The one error type. It says what failed, why, and what to do next; exit numbers exist only in the
// command line, which maps `reason` and `isMidStream` to them.

/// Stable words that scripts may rely on.
public enum Reason: String, Sendable, CaseIterable {
    case verdictFail = "verdict_fail"
    case usage
    case corrupt, unsupportedCodec = "unsupported_codec", noMedia = "no_media"
    case noInput = "no_input"
    case unknownHost = "unknown_host"
    case refused, unreachable, notLive = "not_live", noApp = "no_app", nameInUse = "name_in_use"
    case alreadyStreaming = "already_streaming", quota
    case `internal`
    case cannotCreate = "cannot_create", noSpace = "no_space"
    case connectionLost = "connection_lost"
    case timeout, serverError = "server_error"
    case denied, expired, badSignature = "bad_signature", tls
    case config, portInUse = "port_in_use"
}

/// Thrown by every floor. Texts are lower case, without a full stop, and free of secrets.
public struct SluiceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What failed, e.g. "cannot play rtmp://host/live/demo".
    public var what: String
    /// Why, e.g. "connection refused".
    public var why: String
    /// What the user can do, where something can be said.
    public var hint: String?
    public var reason: Reason
    /// True once media has flowed: the same cause then has another exit status.
    public var isMidStream: Bool
    /// errno or AVERROR, for the log.
    public var code: Int?
    /// The service's own numeric code, where the server sent one.
    public var serviceCode: Int?

    public init(
        _ reason: Reason, _ what: String, why: String, hint: String? = nil, isMidStream: Bool = false,
        code: Int? = nil, serviceCode: Int? = nil
    ) {
        self.what = what
        self.why = why
        self.hint = hint
        self.reason = reason
        self.isMidStream = isMidStream
        self.code = code
        self.serviceCode = serviceCode
    }

    public var description: String { "\(what): \(why)" }

    /// The same error, said of a stream that had already delivered media.
    public func midStream() -> SluiceError {
        var copy = self
        copy.isMidStream = true
        return copy
    }
}
