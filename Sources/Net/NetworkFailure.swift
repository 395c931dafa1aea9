// Turns what the socket layer reports into the words, reasons and hints of the command line's contract.
import Model
import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
    import Glibc
#endif

/// Knows what was tried, so that each failure is a complete sentence.
struct NetworkFailure: Sendable {
    /// E.g. "cannot play rtmp://host/live/demo", redacted.
    var what: String
    var endpoint: Endpoint

    /// The connection could not be made.
    func connecting(_ error: any Error, timeout: Span?) -> SluiceError {
        if let all = error as? NIOConnectionError {
            guard !all.connectionErrors.isEmpty else { return unknownHost }
            // Several addresses, several causes: the one that says most comes first.
            let causes = all.connectionErrors.map { connecting($0.error, timeout: timeout) }
            for reason in [Reason.refused, .timeout] {
                if let match = causes.first(where: { $0.reason == reason }) { return match }
            }
            return causes[0]
        }
        if case ChannelError.connectTimeout(_) = error { return noConnection(within: timeout) }
        if let tls = tlsError(error) { return tls }
        guard let io = error as? IOError else {
            return SluiceError(.unreachable, what, why: "\(endpoint): \(error)")
        }
        switch io.errnoCode {
        case ECONNREFUSED: return refused(code: ECONNREFUSED)
        case ETIMEDOUT: return noConnection(within: nil)
        case EHOSTUNREACH, ENETUNREACH, ENETDOWN, EHOSTDOWN, EADDRNOTAVAIL:
            return SluiceError(
                .unreachable, what, why: "\(endpoint.host) cannot be reached (\(Self.text(io.errnoCode)))",
                hint: "check the network connection and the address", code: Int(io.errnoCode))
        default:
            return SluiceError(
                .unreachable, what, why: "\(endpoint): \(Self.text(io.errnoCode))", code: Int(io.errnoCode))
        }
    }

    var unknownHost: SluiceError {
        SluiceError(
            .unknownHost, what, why: "the host name \"\(endpoint.host)\" is unknown",
            hint: "check the spelling and the name server")
    }

    func refused(code: Int32) -> SluiceError {
        SluiceError(
            .refused, what, why: "connection refused by \(endpoint)",
            hint: "is a server listening on port \(endpoint.port)?", code: Int(code))
    }

    /// Connected, then closed before the server said anything.
    func closedWithoutWord(_ error: (any Error)?) -> SluiceError {
        if let error, let tls = tlsError(error) { return tls }
        let verb = (error as? IOError)?.errnoCode == ECONNRESET ? "reset" : "closed"
        return SluiceError(
            .refused, what, why: "\(endpoint) \(verb) the connection without a word",
            hint: "is this the right port for this protocol?", code: (error as? IOError).map { Int($0.errnoCode) })
    }

    /// The connection had carried media.
    func lost(_ error: (any Error)?) -> SluiceError {
        let why: String
        switch error {
        case let io as IOError where io.errnoCode == ECONNRESET: why = "\(endpoint) reset the connection"
        case let io as IOError: why = "the connection to \(endpoint) broke (\(Self.text(io.errnoCode)))"
        default: why = "\(endpoint) closed the connection"
        }
        return SluiceError(
            .connectionLost, what, why: why, isMidStream: true, code: (error as? IOError).map { Int($0.errnoCode) })
    }

    func noConnection(within timeout: Span?) -> SluiceError {
        SluiceError(
            .timeout, what, why: "no connection to \(endpoint)\(timeout.map { " within \($0.words)" } ?? "")",
            hint: "a firewall may be dropping packets to port \(endpoint.port); --timeout waits longer")
    }

    func noAnswer(within timeout: Span) -> SluiceError {
        SluiceError(
            .timeout, what, why: "\(endpoint) accepted the connection and did not answer within \(timeout.words)",
            hint: "is this the right port for this protocol? --timeout waits longer")
    }

    func silent(for timeout: Span) -> SluiceError {
        SluiceError(
            .connectionLost, what, why: "\(endpoint) sent nothing for \(timeout.words)",
            hint: "--timeout waits longer", isMidStream: true)
    }

    /// nil where the error is not about TLS.
    func tlsError(_ error: any Error) -> SluiceError? {
        guard let why = TLSFailure.words(error, host: endpoint.host) else { return nil }
        return SluiceError(
            .tls, what, why: why.why,
            hint: why.isCertificate ? "--insecure skips the check; SSL_CERT_FILE names other authorities" : nil)
    }

    private static func text(_ code: Int32) -> String {
        String(cString: strerror(code)).lowercased()
    }
}
