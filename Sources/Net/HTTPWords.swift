// What goes wrong on the way to an HTTP answer, in words. Statuses are in HTTPStatus.swift.
import Model
import NIOHTTP1

struct HTTPWords: Sendable {
    var what: String

    func tls(_ error: any Error, at endpoint: Endpoint) -> SluiceError {
        NetworkFailure(what: what, endpoint: endpoint).tlsError(error)
            ?? SluiceError(.tls, what, why: "TLS cannot start: \(error)")
    }

    func malformed(_ error: HTTPParserError) -> SluiceError {
        let why =
            error == .headerOverflow
            ? "the server's answer has headers beyond every measure" : "the server's answer is not HTTP"
        return SluiceError(.corrupt, what, why: why, hint: "is this the right port for this protocol?")
    }

    func tooManyRedirects(_ limit: Int) -> SluiceError {
        SluiceError(.notLive, what, why: "the server redirected more than \(limit) times")
    }

    func badRedirect(_ reference: String) -> SluiceError {
        SluiceError(
            .notLive, what,
            why: "the server redirects to \(MediaAddress.redact(reference)), which is not an http address")
    }

    func proxy(_ error: ProxyTunnelError, _ proxy: HTTPLocation) -> SluiceError {
        let hint = "check https_proxy and no_proxy"
        switch error {
        case .rejected(let status, let line):
            let reason: Reason =
                [401, 403, 407].contains(status) ? .denied : status >= 500 ? .serverError : .refused
            return SluiceError(reason, what, why: "the proxy \(proxy.endpoint) answered \"\(line)\"", hint: hint)
        case .notHTTP:
            return SluiceError(.refused, what, why: "\(proxy.endpoint) is not an HTTP proxy", hint: hint)
        }
    }
}
