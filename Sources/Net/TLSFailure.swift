// What BoringSSL's error stacks mean, in words, and what is wrong with a certificate that was refused.
import Model
import NIOCore
import NIOSSL

#if canImport(Glibc)
    import Glibc
#endif

/// A refused certificate, with the cause: BoringSSL's own error does not name it.
struct CertificateRefused: Error {
    /// E.g. "expired on 2020-02-01"; follows "the server's certificate ".
    var problem: String
}

enum TLSFailure {
    /// nil where the error is not about TLS.
    static func words(_ error: any Error, host: String) -> (why: String, isCertificate: Bool)? {
        if let refused = error as? CertificateRefused {
            return ("the server's certificate \(refused.problem)", true)
        }
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

    /// The same error, or a better one where the certificate was refused: call it where the error arrives,
    /// while the TLS handler still knows the certificate.
    static func explained(_ error: any Error, _ context: ChannelHandlerContext) -> any Error {
        guard case .handshakeFailed(let inner)? = error as? NIOSSLError,
            "\(inner)".contains("CERTIFICATE_VERIFY_FAILED"),
            let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
        else { return error }
        return CertificateRefused(problem: problem(of: certificate))
    }

    private static func problem(of certificate: NIOSSLCertificate) -> String {
        let now = WallTime.now().seconds
        if Double(certificate.notValidAfter) < now { return "expired on \(date(certificate.notValidAfter))" }
        if Double(certificate.notValidBefore) > now {
            return "is not valid before \(date(certificate.notValidBefore))"
        }
        if let bytes = try? certificate.toDERBytes(), let names = DERNames(bytes), names.issuer == names.subject {
            return "is self-signed"
        }
        return "was issued by an authority that is not trusted here"
    }

    private static func date(_ time: time_t) -> String {
        var (time, parts) = (time, tm())
        gmtime_r(&time, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    }
}

/// Issuer and subject of a certificate, still encoded: enough to see whether they are the same (RFC 5280 §4.1).
private struct DERNames {
    var issuer: ArraySlice<UInt8>
    var subject: ArraySlice<UInt8>

    init?(_ certificate: [UInt8]) {
        var outer = certificate[...]
        guard var whole = Self.element(&outer)?.content, var body = Self.element(&whole)?.content,
            var field = Self.element(&body)
        else { return nil }
        // The version is optional; then serial number, signature algorithm, issuer, validity, subject.
        if field.tag == 0xA0 {
            guard let serial = Self.element(&body) else { return nil }
            field = serial
        }
        guard Self.element(&body) != nil, let issuer = Self.element(&body), Self.element(&body) != nil,
            let subject = Self.element(&body)
        else { return nil }
        self.issuer = issuer.content
        self.subject = subject.content
    }

    private static func element(_ bytes: inout ArraySlice<UInt8>) -> (tag: UInt8, content: ArraySlice<UInt8>)? {
        guard let tag = bytes.popFirst(), var length = bytes.popFirst().map(Int.init) else { return nil }
        if length >= 0x80 {
            let count = length - 0x80
            guard count >= 1, count <= 4, bytes.count >= count else { return nil }
            length = bytes.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            bytes = bytes.dropFirst(count)
        }
        guard bytes.count >= length else { return nil }
        defer { bytes = bytes.dropFirst(length) }
        return (tag, bytes.prefix(length))
    }
}
