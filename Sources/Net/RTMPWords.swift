// What a server's refusal means to the user: reason, words, hint.
import Model
import Wire

struct RTMPWords: Sendable {
    var settings: RTMPClient.Settings
    var target: RTMPTarget
    var endpoint: Endpoint

    private var what: String { settings.what }
    private var isPlaying: Bool { settings.role == .play }

    /// - Parameter isMidStream: Media had flowed, or publishing had begun.
    func error(_ failure: RTMPFailure, isMidStream: Bool) -> SluiceError {
        let why = words(failure)
        var (reason, hint) = meaning(failure.kind, isMidStream: isMidStream)
        switch failure.serviceCode {
        case 20101: (reason, hint) = (.quota, "stop a stream that is no longer needed")
        case 40_000_415: (reason, hint) = (.alreadyStreaming, nil)
        case 6012: (reason, hint) = (.serverError, "try again after 30 s")
        default: break
        }
        return SluiceError(
            reason, what, why: why, hint: hint, isMidStream: isMidStream, serviceCode: failure.serviceCode)
    }

    private func words(_ failure: RTMPFailure) -> String {
        let description = MediaAddress.redact(failure.description)
        switch failure.kind {
        case .handshake: return "\(endpoint) does not speak RTMP (\(description))"
        case .protocolViolation: return "\(endpoint) broke the RTMP protocol (\(description))"
        default: break
        }
        if failure.code.isEmpty, description.isEmpty { return "the server refused without saying why" }
        let parts = [failure.code, description].filter { !$0.isEmpty }
        return "the server says " + parts.joined(separator: ": ")
    }

    private func meaning(_ kind: RTMPFailure.Kind, isMidStream: Bool) -> (Reason, String?) {
        switch kind {
        case .handshake: return (.refused, "is this the right port for RTMP?")
        case .protocolViolation: return (isMidStream ? .connectionLost : .corrupt, nil)
        case .rejectedConnect: return (isMidStream ? .connectionLost : .refused, applicationHint)
        case .noApp: return (.noApp, applicationHint)
        case .nameInUse:
            return (.nameInUse, "another publisher holds this name; stop it first")
        case .notFound: return (.notLive, "is anybody publishing this stream?")
        case .denied: return (.denied, "the server may want a signed address or a stream key")
        case .badAuth:
            return (
                .denied,
                settings.address.user == nil
                    ? "give the name and password in the URL: \(settings.address.scheme.rawValue)://USER:PASSWORD@HOST/…"
                    : "check the user name and the password"
            )
        case .expired: return (.expired, "ask for a new address")
        case .badSignature: return (.badSignature, "check the key and the expiry time the address was signed with")
        case .other:
            if isMidStream { return (.connectionLost, nil) }
            return (isPlaying ? .notLive : .refused, nil)
        }
    }

    private var application: String { String(target.app.prefix { $0 != "?" }) }

    private var applicationHint: String {
        application.isEmpty
            ? "the URL needs an application and a stream name: rtmp://HOST/APP/NAME"
            : "check the application name \"\(application)\" in the URL path"
    }

    /// The connection was closed before the stream began, and the server had not said anything against it.
    func closedEarly(_ stage: RTMPRun.Stage, network: NetworkFailure, _ error: (any Error)?) -> SluiceError {
        switch stage {
        case .handshake: return network.closedWithoutWord(error)
        case .connecting:
            var early = network.closedWithoutWord(error)
            guard early.reason == .refused else { return early }
            early.why = "\(endpoint) closed the connection without a word when asked for \"\(application)\""
            early.hint = applicationHint
            return early
        case .established where isPlaying:
            return SluiceError(
                .notLive, what, why: "\(endpoint) accepted the request and closed the connection before any media",
                hint: "is anybody publishing this stream?")
        case .opening, .established:
            var early = network.closedWithoutWord(error)
            guard early.reason == .refused else { return early }
            early.why = "\(endpoint) closed the connection without a word when asked for the stream"
            early.hint = "check the stream name, its key or signature, and the server's rules"
            return early
        }
    }

    /// The server took its time.
    func late(_ stage: RTMPRun.Stage, network: NetworkFailure, timeout: Span) -> SluiceError {
        switch stage {
        case .handshake: return network.noAnswer(within: timeout)
        case .connecting:
            return SluiceError(
                .timeout, what, why: "\(endpoint) did not answer \"connect\" within \(timeout.words)",
                hint: "--timeout waits longer")
        case .opening where !isPlaying:
            return SluiceError(
                .timeout, what, why: "\(endpoint) did not grant the publication within \(timeout.words)",
                hint: "--timeout waits longer")
        case .opening, .established:
            return SluiceError(
                .notLive, what, why: "\(endpoint) accepted the request and sent no media within \(timeout.words)",
                hint: "is anybody publishing this stream?")
        }
    }
}
