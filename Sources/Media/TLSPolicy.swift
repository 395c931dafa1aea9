// Whom FFmpeg's TLS trusts, for every connection that one input opens, and how a refusal reads to the user.
// FFmpeg checks no certificate unless it is told to.
import CFFmpeg
import Glibc
import Model

/// The TLS options of one input. Immutable.
final class TLSPolicy: Sendable {
    /// Options of FFmpeg's TLS protocol, by name.
    let values: [String: String]

    /// `SSL_CERT_FILE` names the trusted authorities, as for OpenSSL's programs; FFmpeg's own library does not
    /// read it. Explicit options of FFmpeg's win.
    init(_ options: Demuxer.Options, environment: (String) -> String? = { text(getenv($0)) }) {
        var values = ["tls_verify": options.insecure ? "0" : "1"]
        let named = options.authorities ?? environment("SSL_CERT_FILE")
        if let named, !named.isEmpty, options.av["cafile"] == nil { values["ca_file"] = named }
        for key in ["tls_verify", "ca_file", "cafile", "cert_file", "key_file", "verifyhost"] {
            if let given = options.av[key] { values[key] = given }
        }
        self.values = values
    }

    func apply(to dictionary: inout OpaquePointer?) {
        for (key, value) in values { av_dict_set(&dictionary, key, value, AV_DICT_DONT_OVERWRITE) }
    }

    // MARK: Every connection

    private typealias Opening =
        @convention(c) (
            UnsafeMutablePointer<AVFormatContext>?, UnsafeMutablePointer<UnsafeMutablePointer<AVIOContext>?>?,
            UnsafePointer<CChar>?, Int32, UnsafeMutablePointer<OpaquePointer?>?
        ) -> Int32

    /// FFmpeg's own function for opening a URL, the same for every context.
    private static let original: Opening? = {
        let context = avformat_alloc_context()
        defer { avformat_free_context(context) }
        return context?.pointee.io_open
    }()

    /// Playlists open their segments with few of the options they were opened with, and no TLS option is
    /// among them: so each opening asks here. The owner of the context keeps the policy alive.
    func govern(_ context: UnsafeMutablePointer<AVFormatContext>) {
        guard Self.original != nil else { return }
        // Safe because the owner of the context holds the policy for longer than the context lives.
        context.pointee.opaque = Unmanaged.passUnretained(self).toOpaque()
        context.pointee.io_open = { context, bytes, url, flags, options in
            guard let original = TLSPolicy.original else { return SLUICE_ERROR_BUG }
            guard let opaque = context?.pointee.opaque else { return original(context, bytes, url, flags, options) }
            // Safe because the policy outlives the context that calls this.
            let policy = Unmanaged<TLSPolicy>.fromOpaque(opaque)
            var own: OpaquePointer?
            defer { av_dict_free(&own) }
            return withUnsafeMutablePointer(to: &own) { pointer in
                let target = options ?? pointer
                policy._withUnsafeGuaranteedRef { $0.apply(to: &target.pointee) }
                return original(context, bytes, url, flags, target)
            }
        }
    }

    /// FFmpeg's RTSP opens its connection without any option until version 7, so a certificate that must be
    /// good is checked on a connection of its own before.
    /// - Returns: 0, or FFmpeg's error.
    func check(_ address: MediaAddress, interrupt: InterruptFlag) -> Int32 {
        guard address.scheme == .rtsps, values["tls_verify"] != "0", !Self.rtspChecks else { return 0 }
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        var options: OpaquePointer?
        defer { av_dict_free(&options) }
        apply(to: &options)
        var callback = interrupt.callback
        var bytes: UnsafeMutablePointer<AVIOContext>?
        let status = avio_open2(
            &bytes, "tls://\(host):\(address.port ?? 322)", AVIO_FLAG_READ_WRITE, &callback, &options)
        avio_closep(&bytes)
        return min(0, status)
    }

    private static let rtspChecks: Bool = {
        guard var rtsp = av_find_input_format("rtsp")?.pointee.priv_class else { return false }
        return withUnsafeMutablePointer(to: &rtsp) {
            av_opt_find($0, "tls_verify", nil, 0, AV_OPT_SEARCH_FAKE_OBJ) != nil
        }
    }()

    // MARK: Words

    /// nil where the last opening on this thread had no trouble with TLS, or only with its connection.
    static func failure(_ what: String, host: String?) -> SluiceError? {
        guard let note = FFmpegLog.tlsNote() else { return nil }
        let lowered = note.lowercased()
        let isCertificate = lowered.contains("certificate")
        let why: String
        if lowered.contains("match") && lowered.contains("host") {
            why = "the server's certificate was not issued for \(host ?? "this host")"
        } else if isCertificate {
            why = "the server's certificate is expired, or no authority that is trusted here has issued it"
        } else if lowered.contains("pull function") || lowered.contains("push function")
            || lowered.hasPrefix("io error")
        {
            return nil
        } else if lowered.contains("unexpected tls packet") || lowered.contains("wrong version number") {
            why = "the server does not speak TLS on this port"
        } else {
            let words = note.hasSuffix(".") ? String(note.dropLast()) : note
            why = "the TLS handshake failed (\(words))"
        }
        return SluiceError(
            .tls, what, why: why,
            hint: isCertificate ? "--insecure skips the check; SSL_CERT_FILE names other authorities" : nil,
            code: Int(SLUICE_ERROR_IO))
    }
}
