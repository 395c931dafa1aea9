// TLS: whom we trust and how we say that we do not.
import Model
import NIOCore
import NIOSSL
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// How far a server's certificate is checked.
struct TLSTrust: Hashable, Sendable {
    /// `--insecure`: no check at all.
    let insecure: Bool
    /// PEM file (or directory) of the authorities to trust; nil: the system's.
    let authorities: String?

    /// - Parameter authorities: nil: SSL_CERT_FILE, SSL_CERT_DIR, else the system's, as OpenSSL's programs do.
    init(
        insecure: Bool = false, authorities: String? = nil,
        environment: (String) -> String? = { getenv($0).map { String(cString: $0) } }
    ) {
        self.insecure = insecure
        let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].compactMap(environment).first { !$0.isEmpty }
        self.authorities = authorities ?? named
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
