// Why a server does not do what it was asked: its own words, and a reading of them.

/// The end of a session by refusal or violation.
public struct RTMPFailure: Error, Sendable, Equatable {
    /// What it comes down to.
    public enum Kind: Sendable, Equatable {
        /// The other side does not speak RTMP.
        case handshake
        /// The other side broke the protocol; `description` says how.
        case protocolViolation
        /// The connection was turned down, or ended by the server before the stream began.
        case rejectedConnect
        case noApp
        /// Somebody else is publishing under this name.
        case nameInUse
        /// No such stream to play.
        case notFound
        case denied
        /// Log-in is wanted, failed, or of an unknown kind.
        case badAuth
        /// The server says that the address has expired.
        case expired
        /// The server says that the address's signature is wrong or missing.
        case badSignature
        case other
    }

    public var kind: Kind
    /// The server's code, e.g. "NetStream.Publish.BadName"; empty when it gave none.
    public var code: String
    /// The server's text, or what was wrong with its bytes. May hold secrets the server echoes: redact it.
    public var description: String
    /// A number of the live service found in the server's text, e.g. 20318.
    public var serviceCode: Int?

    public init(_ kind: Kind, code: String = "", description: String, serviceCode: Int? = nil) {
        self.kind = kind
        self.code = code
        self.description = description
        self.serviceCode = serviceCode
    }
}

extension RTMPFailure {
    /// Reads a server's refusal.
    /// - Parameter fallback: The kind when neither code nor text says more.
    static func refusal(code: String, description: String, fallback: Kind) -> RTMPFailure {
        let service = serviceCode(in: description) ?? serviceCode(in: code)
        return RTMPFailure(
            kind(code, description.lowercased(), service, fallback), code: code, description: description,
            serviceCode: service)
    }

    private static func kind(_ code: String, _ text: String, _ service: Int?, _ fallback: Kind) -> Kind {
        func says(_ words: String...) -> Bool { words.contains { text.contains($0) } }
        // Account not opened, in arrears, unknown: permission, whatever the code says.
        if let service, [20318, 20406, 1002].contains(service) { return .denied }
        if says("expire") { return .expired }
        if says("signature", "txsecret") { return .badSignature }
        if says("authmod=", "authfailed", "nosuchuser", "authentication failed", "need auth") { return .badAuth }
        switch code {
        case "NetConnection.Connect.InvalidApp": return .noApp
        case "NetStream.Publish.Denied", "NetStream.Play.Denied", "NetStream.Publish.Rejected": return .denied
        case "NetStream.Play.StreamNotFound", "NetStream.Play.FileNotFound": return .notFound
        default: break
        }
        if says(
            "denied", "unauthorized", "not authorized", "authentication", "not allowed", "forbidden", "permission")
        {
            return .denied
        }
        if code == "NetStream.Publish.BadName" { return .nameInUse }
        if code.hasPrefix("NetConnection."), says("application", "app "),
            says("not found", "not defined", "no such", "does not exist", "invalid")
        {
            return .noApp
        }
        if code.hasPrefix("NetStream.Publish."), says("already", "in use", "busy") { return .nameInUse }
        if code.hasPrefix("NetStream.Play."), says("not found", "no such", "does not exist") { return .notFound }
        return fallback
    }

    /// The first whole number in `text` that is a code of the live service.
    private static func serviceCode(in text: String) -> Int? {
        for word in text.split(whereSeparator: { !$0.isASCII || !$0.isNumber }) where word.count <= 8 {
            guard let number = Int(word) else { continue }
            switch number {
            case 1002, 6012, 20101, 20318, 20406, 30_000_000...30_000_999, 40_000_000...40_000_999: return number
            default: continue
            }
        }
        return nil
    }
}
