// What BoringSSL's error stacks mean, in words.
import NIOSSL

enum TLSFailure {
    /// nil where the error is not about TLS.
    static func words(_ error: any Error, host: String) -> (why: String, isCertificate: Bool)? {
        if let extra = error as? NIOSSLExtraError {
            if extra == .failedToValidateHostname {
                return ("the server's certificate was not issued for \(host)", true)
            }
            return ("TLS failed: \(extra.description)", false)
        }
        if let stack = error as? BoringSSLError { return words(stack) }
        guard let error = error as? NIOSSLError else { return nil }
        switch error {
        case .handshakeFailed(let inner): return words(inner)
        case .uncleanShutdown: return nil
        case .failedToLoadCertificate, .noSuchFilesystemObject:
            return ("the file of trusted authorities cannot be read", true)
        case .unableToValidateCertificate, .noCertificateToValidate, .cannotFindPeerIP:
            return ("the server's certificate cannot be checked", true)
        default: return ("TLS failed: \(error)", false)
        }
    }

    private static func words(_ error: BoringSSLError) -> (why: String, isCertificate: Bool) {
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return ("the server's certificate is not trusted", true)
        }
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
            return ("the server does not speak TLS on this port", false)
        }
        if text.contains("PROTOCOL_VERSION") {
            return ("the server speaks no TLS version that is still safe", false)
        }
        if text.contains("EOF during handshake") {
            return ("the server closed the connection during the TLS handshake", false)
        }
        return ("the TLS handshake failed (\(reasonWord(text)))", false)
    }

    /// "…:SSLV3_ALERT_HANDSHAKE_FAILURE at …" → "sslv3 alert handshake failure".
    private static func reasonWord(_ text: String) -> String {
        let words = text.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "_") })
        let longest = words.filter { $0.contains("_") && $0 == $0.uppercased() }.max { $0.count < $1.count }
        return longest.map { $0.lowercased().replacing("_", with: " ") } ?? "no reason given"
    }
}
