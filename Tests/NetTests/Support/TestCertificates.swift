// Certificates made on the spot by the openssl program.
import NIOSSL

/// A self-signed certificate for "localhost" and 127.0.0.1 in a directory of its own.
final class TestCertificate: Sendable {
    private let directory: String
    let file: String
    let key: String

    struct CannotMake: Error {}

    /// - Parameters:
    ///   - names: subjectAltName.
    ///   - isExpired: Its time has passed.
    init(names: String = "DNS:localhost,IP:127.0.0.1", isExpired: Bool = false) throws {
        directory = temporaryDirectory()
        file = directory + "/certificate.pem"
        key = directory + "/key.pem"
        let status = try ChildProcess.run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj",
                "/CN=sluice test", "-days", "2", "-addext", "subjectAltName=\(names)", "-keyout", key, "-out", file,
            ], output: directory + "/log")
        guard status == 0 else { throw CannotMake() }
        if isExpired { try outdate(directory) }
    }

    /// `openssl req` cannot date back; `openssl ca` can.
    private func outdate(_ directory: String) throws {
        writeFile(directory + "/index", "")
        writeFile(directory + "/serial", "01\n")
        writeFile(
            directory + "/ca.conf",
            """
            [ca]
            default_ca = it
            [it]
            database = \(directory)/index
            serial = \(directory)/serial
            new_certs_dir = \(directory)
            default_md = sha256
            policy = any
            x509_extensions = names
            [any]
            commonName = supplied
            [names]
            basicConstraints = CA:TRUE
            subjectAltName = IP:127.0.0.1

            """)
        let request = directory + "/request.pem"
        let steps = [
            ["openssl", "req", "-new", "-key", key, "-subj", "/CN=sluice test", "-out", request],
            [
                "openssl", "ca", "-batch", "-selfsign", "-config", directory + "/ca.conf", "-keyfile", key, "-in",
                request, "-out", file, "-notext", "-startdate", "20200101000000Z", "-enddate", "20200201000000Z",
            ],
        ]
        for step in steps {
            guard try ChildProcess.run(step, output: directory + "/log") == 0 else { throw CannotMake() }
        }
    }

    deinit { removeDirectory(directory) }

    func serverContext() throws -> NIOSSLContext {
        try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: NIOSSLCertificate.fromPEMFile(file).map { .certificate($0) },
                privateKey: .privateKey(NIOSSLPrivateKey(file: key, format: .pem))))
    }
}
