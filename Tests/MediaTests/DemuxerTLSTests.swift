// Whom FFmpeg's TLS trusts: https, playlists with their segments, rtsps.
import Model
import TestSupport
import Testing

@testable import Media

@Suite struct DemuxerTLSTests {
    /// One authority, and servers with certificates of several kinds; each serves the same directory.
    private final class Lab: Sendable {
        enum Kind: String { case good, misnamed, expired, selfSigned = "self" }
        let directory: TempDirectory
        private let servers: [String: (program: Program, port: Int)]
        var authority: String { directory.file("authority.pem") }

        init(_ kinds: Kind...) async throws {
            directory = try TempDirectory("tls")
            let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
            let at = directory.path
            try Fixtures.run(
                "cd \(at) && openssl req -x509 \(key) -keyout authority.key -out authority.pem -subj /CN=authority")
            try directory.write(Self.server, to: "server.py")
            try Fixtures.run("cp \(Fixtures.clip("bbb-360p.mp4")) \(at)/a.mp4")
            var running: [String: (Program, Int)] = [:]
            for kind in kinds {
                let names = kind == .misnamed ? "DNS:other.example" : "DNS:localhost,IP:127.0.0.1"
                let name = kind.rawValue
                if kind == .selfSigned {
                    try Fixtures.run(
                        "cd \(at) && openssl req -x509 \(key) -keyout \(name).key -out \(name).pem -subj /CN=x "
                            + "-addext subjectAltName=\(names)")
                } else {
                    try directory.write("subjectAltName=\(names)\n", to: "\(name).ext")
                    try Fixtures.run(
                        "cd \(at) && openssl req -new \(key) -keyout \(name).key -out \(name).csr -subj /CN=x "
                            + "&& openssl x509 -req -in \(name).csr -CA authority.pem -CAkey authority.key "
                            + "-CAcreateserial -out \(name).pem -days \(kind == .expired ? -1 : 2) "
                            + "-extfile \(name).ext")
                }
                let program = try Program(["python3", "server.py", name], directory: at)
                let line = await firstValue(within: .seconds(20)) {
                    program.output.split(separator: "\n").first.flatMap { Int($0) }
                }
                running[name] = (program, try #require(line))
            }
            servers = running
        }

        func port(_ kind: Kind) -> Int { servers[kind.rawValue]?.port ?? 0 }

        private static let server = """
            import http.server, ssl, sys
            class Quiet(http.server.SimpleHTTPRequestHandler):
                def log_message(self, *rest): pass
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1] + ".pem", sys.argv[1] + ".key")
            class Server(http.server.ThreadingHTTPServer):
                def finish_request(self, request, address):
                    with context.wrap_socket(request, server_side=True) as secure:
                        Quiet(secure, address, self)
                def handle_error(self, request, address): pass
            server = Server(("127.0.0.1", 0), Quiet)
            print(server.server_port, flush=True)
            server.serve_forever()

            """
    }

    private func open(_ address: String, _ lab: Lab, insecure: Bool = false) throws -> Demuxer {
        try Fixtures.open(address) {
            $0.timeout = .seconds(8)
            $0.insecure = insecure
            $0.authorities = lab.authority
        }
    }

    @Test func aGoodCertificatePlays() async throws {
        let lab = try await Lab(.good)
        for host in ["localhost", "127.0.0.1"] {
            let demuxer = try open("https://\(host):\(lab.port(.good))/a.mp4", lab)
            #expect(demuxer.tracks.contains { $0.kind == .video })
        }
    }

    @Test func badCertificatesAreRefused() async throws {
        let lab = try await Lab(.misnamed, .expired, .selfSigned)
        for kind in [Lab.Kind.misnamed, .expired, .selfSigned] {
            for scheme in ["https", "rtsps"] {
                let address = "\(scheme)://localhost:\(lab.port(kind))/a.mp4"
                let error = failure { _ = try open(address, lab) }
                #expect(error?.reason == .tls, "\(scheme) \(kind): \(String(describing: error))")
                #expect(error?.why.contains("certificate") == true)
                #expect(error?.hint?.contains("--insecure") == true)
                if kind == .misnamed { #expect(error?.why.contains("localhost") == true) }
            }
            #expect(try !open("https://localhost:\(lab.port(kind))/a.mp4", lab, insecure: true).tracks.isEmpty)
        }
    }

    @Test func theSystemKnowsNoAuthorityOfOurs() async throws {
        let lab = try await Lab(.good)
        let error = failure {
            _ = try Fixtures.open("https://localhost:\(lab.port(.good))/a.mp4") { $0.timeout = .seconds(8) }
        }
        #expect(error?.reason == .tls)
    }

    /// An RTSP client that trusts the certificate gets as far as the server's words, which are not RTSP here.
    @Test func rtspsWithAGoodCertificateIsNotRefused() async throws {
        let lab = try await Lab(.good, .selfSigned)
        let good = failure { _ = try open("rtsps://localhost:\(lab.port(.good))/a", lab) }
        #expect(good != nil && good?.reason != .tls, "\(String(describing: good))")
        let unchecked = failure {
            _ = try open("rtsps://localhost:\(lab.port(.selfSigned))/a", lab, insecure: true)
        }
        #expect(unchecked != nil && unchecked?.reason != .tls, "\(String(describing: unchecked))")
    }

    @Test func segmentsAreCheckedAsTheirPlaylistIs() async throws {
        let lab = try await Lab(.good, .selfSigned)
        let at = lab.directory.path
        try Fixtures.run(
            "ffmpeg -nostdin -v error -y -i \(Fixtures.clip("bbb-360p.mp4")) -c copy -f hls -hls_time 1 "
                + "-hls_playlist_type vod \(at)/whole.m3u8")
        let text = String(decoding: try #require(contents(ofFile: at + "/whole.m3u8")), as: UTF8.self)
        func moved(_ kind: Lab.Kind) -> String {
            text.split(separator: "\n").map { line in
                line.hasPrefix("#") ? String(line) : "https://localhost:\(lab.port(kind))/\(line)"
            }.joined(separator: "\n") + "\n"
        }
        try lab.directory.write(moved(.selfSigned), to: "bad.m3u8")
        try lab.directory.write(moved(.good), to: "good.m3u8")
        let base = "https://localhost:\(lab.port(.good))"
        #expect(try Fixtures.packets(open(base + "/good.m3u8", lab)).count > 100)
        let error = failure { _ = try Fixtures.packets(open(base + "/bad.m3u8", lab)) }
        #expect(error?.reason == .tls, "\(String(describing: error))")
        #expect(try Fixtures.packets(open(base + "/bad.m3u8", lab, insecure: true)).count > 100)
    }

    @Test func whoTrustsWhom() {
        func values(_ options: Demuxer.Options, _ variables: [String: String] = [:]) -> [String: String] {
            TLSPolicy(options) { variables[$0] }.values
        }
        var options = Demuxer.Options()
        #expect(values(options) == ["tls_verify": "1"])
        #expect(values(options, ["SSL_CERT_FILE": ""]) == ["tls_verify": "1"])
        #expect(values(options, ["SSL_CERT_FILE": "/a"]) == ["tls_verify": "1", "ca_file": "/a"])
        options.insecure = true
        #expect(values(options)["tls_verify"] == "0")
        options.av = ["tls_verify": "1", "key_file": "/k"]
        #expect(values(options) == ["tls_verify": "1", "key_file": "/k"])
    }
}
