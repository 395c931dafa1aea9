// Proxies and the addresses they, redirects and playlists lead to.
import Model
import NIOCore
import Testing

@testable import Net

@Suite struct HTTPProxyTests {
    @Test func asksAProxyForAbsoluteAddresses() async throws {
        let proxy = try await ScriptedServer.http { _, _ in [HTTPFetchTests.reply("by proxy")] }
        let outcome = try fetch("http://example.invalid/a?b=c") {
            $0.proxies = HTTPProxies(http: "http://me:pw@127.0.0.1:\(proxy.port)")
        }
        #expect(outcome.body == "by proxy")
        let request = try #require(proxy.requests.first)
        #expect(request.hasPrefix("GET http://example.invalid/a?b=c HTTP/1.1\r\n"))
        #expect(request.contains("Host: example.invalid\r\n"))
        #expect(request.contains("Proxy-Authorization: Basic bWU6cHc=\r\n"))
        await proxy.close()
    }

    @Test func reportsARefusedTunnel() async throws {
        let proxy = try await ScriptedServer.http { _, _ in [.text("HTTP/1.1 403 Forbidden\r\n\r\n")] }
        let outcome = try fetch("https://example.invalid/") {
            $0.proxies = HTTPProxies(https: "127.0.0.1:\(proxy.port)")
        }
        #expect(outcome.error?.reason == .denied && outcome.error?.why.contains("403 Forbidden") == true)
        #expect(proxy.requests.first?.hasPrefix("CONNECT example.invalid:443 HTTP/1.1\r\n") == true)
        await proxy.close()
        let nobody = try MutePort()
        let gone = try fetch("http://example.invalid/") {
            $0.proxies = HTTPProxies(http: "127.0.0.1:\(nobody.number)")
        }
        #expect(gone.error?.reason == .refused && gone.error?.hint?.contains("http_proxy") == true)
    }

    @Test func speaksTLSThroughATunnel() async throws {
        // A proxy that answers CONNECT itself and then is the TLS server, which is all a client can see.
        let certificate = try TestCertificate(names: "DNS:tunnelled.example")
        let proxy = try await TunnelServer(certificate)
        let outcome = try fetch("https://tunnelled.example/x") {
            $0.proxies = HTTPProxies(https: "http://127.0.0.1:\(proxy.port)")
            $0.authorities = certificate.file
        }
        #expect(outcome.body == "inside", "\(String(describing: outcome.error))")
        await proxy.close()
    }

    @Test func knowsExceptions() {
        let proxies = HTTPProxies(
            http: "proxy:3128", exceptions: ["localhost", ".inside.example", "10.0.0.1:8080", "::1"])
        func goesDirect(_ host: String, _ port: Int = 80) -> Bool {
            proxies.proxy(for: Endpoint(host: host, port: port, isTLS: false)) == nil
        }
        #expect(goesDirect("localhost") && goesDirect("a.inside.example") && goesDirect("inside.example"))
        #expect(goesDirect("10.0.0.1", 8080) && !goesDirect("10.0.0.1") && goesDirect("::1"))
        #expect(!goesDirect("notinside.example") && !goesDirect("example.org"))
        #expect(proxies.proxy(for: Endpoint(host: "x", port: 443, isTLS: true)) == nil)
        #expect(proxies.proxy(for: Endpoint(host: "x", port: 80, isTLS: false))?.endpoint.port == 3128)
    }

    @Test(arguments: [
        ("seg.ts", "http://h/a/b/seg.ts"), ("../up.ts?x=../y", "http://h/a/up.ts?x=../y"),
        ("/root", "http://h/root"),
        ("//other:81/p", "http://other:81/p"), ("https://s/q", "https://s/q"),
        ("?only=query", "http://h/a/b/c?only=query"),
        ("./", "http://h/a/b/"), ("../../../../x", "http://h/x"), ("a b.ts", "http://h/a/b/a%20b.ts"),
        ("#part", "http://h/a/b/c?k=v"),
        ("s.ts?next=http://else/", "http://h/a/b/s.ts?next=http://else/"),
    ])
    func resolvesReferences(_ reference: String, _ expected: String) throws {
        #expect(try MediaAddress("http://h/a/b/c?k=v").resolving(reference)?.raw == expected)
    }

    @Test func keepsUserInfoWithItsServer() throws {
        let base = try MediaAddress("http://me:p%40ss@h:8080/list.m3u8")
        #expect(base.resolving("a.ts")?.raw == "http://me:p%40ss@h:8080/a.ts")
        #expect(base.resolving("http://h:8080/a.ts")?.password == "p@ss")
        #expect(base.resolving("http://g/a.ts")?.user == nil)
        #expect(base.resolving("ftp://g/a.ts") == nil)
        #expect(try MediaAddress("http://[::1]:81/x").resolving("y")?.raw == "http://[::1]:81/y")
    }
}
