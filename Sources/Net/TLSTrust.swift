import Model
import NIOCore
import NIOSSL
import Synchronization

// TLS: whom we trust and how we say that we do not.
#if canImport(Glibc)
    import Glibc
#endif

/// How far a server's certificate is checked.
struct TLSTrust: Hashable, Sendable {
    /// `--insecure`: no check at all.
    var insecure = false
    /// PEM file of the authorities to trust instead of the system's. SSL_CERT_FILE unless said otherwise.
    var authorities: String? = TLSTrust.variable("SSL_CERT_FILE") ?? TLSTrust.variable("SSL_CERT_DIR")

    private static func variable(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    // Reading the system's authorities takes tens of milliseconds; a reconnect need not pay again.
    private static let contexts = Mutex<[TLSTrust: NIOSSLContext]>([:])

    /// A new handler for one connection.
    /// - Throws: an `NIOSSLError` where the authorities cannot be read.
    func handler(host: String) throws -> NIOSSLClientHandler {
        let context = try Self.contexts.withLock { known in
            if let context = known[self] { return context }
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv12
            if insecure { configuration.certificateVerification = .none }
            if let authorities { configuration.trustRoots = .file(authorities) }
            let context = try NIOSSLContext(configuration: configuration)
            known[self] = context
            return context
        }
        // An address literal has no place in SNI; the certificate is then compared with the peer's address.
        let isLiteral = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isLiteral ? nil : host)
    }
}
