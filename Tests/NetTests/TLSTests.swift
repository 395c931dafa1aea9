// https and rtmps against certificates that are good, foreign, misnamed and outdated.
import Model
import NIOCore
import NIOSSL
import Testing
import Wire

@testable import Net

@Suite struct TLSTests {
    static func server(_ certificate: TestCertificate) async throws -> ScriptedServer {
        try await ScriptedServer.http(tls: certificate.serverContext()) { _, _ in [HTTPFetchTests.reply("secret")] }
    }

    @Test func trustsWhomItIsToldToTrust() async throws {
        let certificate = try TestCertificate()
        let server = try await Self.server(certificate)
        for host in ["127.0.0.1", "localhost"] {
            let outcome = try fetch("https://\(host):\(server.port)/") { $0.authorities = certificate.file }
            #expect(outcome.body == "secret", "\(String(describing: outcome.error))")
        }
        await server.close()
    }

    @Test func honoursTheEnvironment() {
        #expect(TLSTrust(environment: { $0 == "SSL_CERT_FILE" ? "/a.pem" : nil }).authorities == "/a.pem")
        #expect(TLSTrust(environment: { $0 == "SSL_CERT_DIR" ? "/certs" : "" }).authorities == "/certs")
        #expect(TLSTrust(authorities: "/b.pem", environment: { _ in "/a.pem" }).authorities == "/b.pem")
        #expect(TLSTrust(environment: { _ in nil }).authorities == nil)
    }

    @Test func unreadableAuthoritiesAreSaidSo() async throws {
        let server = try await Self.server(try TestCertificate())
        let outcome = try fetch("https://127.0.0.1:\(server.port)/") { $0.authorities = "/nonexistent.pem" }
        #expect(outcome.error?.reason == .tls)
        #expect(outcome.error?.why == "the file of trusted authorities cannot be read")
        await server.close()
    }

    @Test func doesNotTrustStrangersUnlessInsecure() async throws {
        let server = try await Self.server(try TestCertificate())
        let stranger = try fetch("https://127.0.0.1:\(server.port)/")
        #expect(stranger.error?.reason == .tls)
        #expect(stranger.error?.why == "the server's certificate is self-signed")
        #expect(stranger.error?.hint?.contains("--insecure") == true)
        #expect(try fetch("https://127.0.0.1:\(server.port)/") { $0.insecureTLS = true }.body == "secret")
        await server.close()
    }

    @Test func saysWhatIsWrongWithACertificate() async throws {
        let misnamed = try TestCertificate(names: "DNS:elsewhere.example")
        let server = try await Self.server(misnamed)
        let outcome = try fetch("https://127.0.0.1:\(server.port)/") { $0.authorities = misnamed.file }
        #expect(outcome.error?.reason == .tls)
        #expect(outcome.error?.why == "the server's certificate was not issued for 127.0.0.1")
        await server.close()

        let old = try TestCertificate(isExpired: true)
        let late = try await Self.server(old)
        let expired = try fetch("https://127.0.0.1:\(late.port)/") { $0.authorities = old.file }
        #expect(expired.error?.reason == .tls)
        #expect(expired.error?.why == "the server's certificate expired on 2020-02-01")
        await late.close()
    }

    @Test func namesAServerThatSpeaksNoTLS() async throws {
        let server = try await ScriptedServer { _, _ in [.text("HTTP/1.1 400 Bad Request\r\n\r\n"), .close] }
        let outcome = try fetch("https://127.0.0.1:\(server.port)/")
        #expect(outcome.error?.reason == .tls)
        #expect(outcome.error?.why.contains("does not speak TLS") == true, "\(String(describing: outcome.error))")
        await server.close()
    }

    @Test func rtmpsChecksCertificatesToo() async throws {
        let certificate = try TestCertificate()
        let server = try await ScriptedServer(tls: certificate.serverContext()) { _, _ in [.close] }
        func play(_ insecure: Bool) throws -> SluiceError? {
            var settings = RTMPClient.Settings(
                address: try MediaAddress("rtmps://127.0.0.1:\(server.port)/live/x"), role: .play)
            settings.insecureTLS = insecure
            let inbox = Inbox<LiveEvent>()
            let client = RTMPClient.open(settings) { inbox.put($0) }
            defer { client.close() }
            if case .closed(let error)? = inbox.all(until: isClosed).last { return error }
            return nil
        }
        #expect(try play(false)?.reason == .tls)
        #expect(try play(true)?.reason == .refused)
        await server.close()
    }
}
