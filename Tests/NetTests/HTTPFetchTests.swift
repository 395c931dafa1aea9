// GETs against servers that are honest, broken or absent.
import Model
import NIOCore
import Testing

@testable import Net

@Suite struct HTTPFetchTests {
    static func reply(_ body: String, _ fields: String = "", status: String = "200 OK") -> ServerStep {
        .text("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)")
    }

    @Test func readsABodyOfKnownLength() async throws {
        let server = try await ScriptedServer.http { _, _ in [Self.reply("hello", "Server: tester\r\n")] }
        let outcome = try fetch("http://127.0.0.1:\(server.port)/a b?q=1#part")
        #expect(outcome.status == 200 && outcome.body == "hello" && outcome.isClean == true)
        #expect(outcome.server == "tester")
        let request = try #require(server.requests.first)
        #expect(request.hasPrefix("GET /a%20b?q=1 HTTP/1.1\r\n"))
        #expect(request.contains("User-Agent: sluice/") && !request.contains("gzip"))
        #expect(request.contains("Host: 127.0.0.1:\(server.port)\r\n"))
        await server.close()
    }

    @Test func readsChunksDrippedByteByByte() async throws {
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        let server = try await ScriptedServer.http { _, _ in [.drip(Array(text.utf8))] }
        let outcome = try fetch("http://127.0.0.1:\(server.port)/")
        #expect(outcome.body == "abcde" && outcome.isClean == true)
        await server.close()
    }

    @Test func tellsATruncatedBodyFromAnEnd() async throws {
        let cases: [(String, [ServerStep], Bool)] = [
            ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", [.close], false),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", [.close], false),
            ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", [.reset], false),
            ("HTTP/1.0 200 OK\r\n\r\nabc", [.close], true),
        ]
        for (text, end, isClean) in cases {
            let server = try await ScriptedServer.http { _, _ in [.text(text)] + end }
            let outcome = try fetch("http://127.0.0.1:\(server.port)/")
            #expect(outcome.isClean == isClean, "\(text) \(outcome)")
            await server.close()
        }
    }

    @Test(arguments: [
        ("404 Not Found", "", Reason.notLive), ("410 Gone", "", .notLive), ("401 Unauthorized", "", .denied),
        ("403 Forbidden", "no", .denied), ("403 Forbidden", "link expired", .expired),
        ("403 Forbidden", "bad signature", .badSignature), ("500 Oops", "", .serverError),
        ("503 Busy", "", .serverError), ("400 Bad Request", "", .notLive), ("302 Found", "", .notLive),
    ])
    func mapsStatuses(_ status: String, _ body: String, _ reason: Reason) async throws {
        let server = try await ScriptedServer.http { _, _ in [Self.reply(body, status: status)] }
        let outcome = try fetch("http://127.0.0.1:\(server.port)/x?token=hush")
        #expect(outcome.error?.reason == reason)
        #expect(outcome.error?.why.contains(status.prefix(3)) == true)
        #expect(outcome.error.map { !"\($0)".contains("hush") } == true)
        await server.close()
    }

    @Test func followsRedirectsButNotForEver() async throws {
        let server = try await ScriptedServer.http { request, _ in
            if request.hasPrefix("GET /a/one") {
                return [Self.reply("", "Location: ../two?x=1\r\n", status: "302 Found")]
            }
            if request.hasPrefix("GET /two?x=1") { return [Self.reply("there")] }
            return [Self.reply("", "Location: /loop\r\n", status: "301 Moved Permanently")]
        }
        let outcome = try fetch("http://127.0.0.1:\(server.port)/a/one")
        #expect(outcome.body == "there")
        #expect(outcome.redirects == ["http://127.0.0.1:\(server.port)/two?x=1"])
        let loop = try fetch("http://127.0.0.1:\(server.port)/loop")
        #expect(loop.error?.reason == .notLive && loop.redirects.count == 5)
        await server.close()
    }

    @Test func keepsCredentialsAtHome() async throws {
        let other = try await ScriptedServer.http { _, _ in [Self.reply("ok")] }
        let port = other.port
        let server = try await ScriptedServer.http { _, _ in
            [Self.reply("", "Location: http://127.0.0.1:\(port)/\r\n", status: "307 Temporary Redirect")]
        }
        let outcome = try fetch("http://me:p%40ss@127.0.0.1:\(server.port)/") {
            $0.headers = [HeaderField(name: "Cookie", value: "a=b"), HeaderField(name: "X-Mine", value: "1")]
        }
        #expect(outcome.body == "ok")
        #expect(server.requests.first?.contains("Authorization: Basic bWU6cEBzcw==\r\n") == true)
        #expect(server.requests.first?.contains("Cookie: a=b") == true)
        #expect(other.requests.first?.contains("Authorization") == false)
        #expect(other.requests.first?.contains("Cookie") == false)
        #expect(other.requests.first?.contains("X-Mine: 1") == true)
        await server.close()
        await other.close()
    }

    @Test func usesItsConnectionAgain() async throws {
        let server = try await ScriptedServer.http { _, _ in [Self.reply("#EXTM3U")] }
        let pool = HTTPClientPool()
        for _ in 0..<3 {
            #expect(try fetch("http://127.0.0.1:\(server.port)/l.m3u8", pool: pool).body == "#EXTM3U")
        }
        #expect(server.connections == 1)
        pool.close()
        await server.close()
    }

    @Test func asksAgainWhenAnIdleConnectionHasDied() async throws {
        // Announces keep-alive and closes as soon as the second request arrives.
        let server = try await ScriptedServer.http { request, connection in
            connection == 1 && request.hasPrefix("GET /2") ? [.close] : [Self.reply("\(connection)")]
        }
        let pool = HTTPClientPool()
        #expect(try fetch("http://127.0.0.1:\(server.port)/1", pool: pool).body == "1")
        #expect(try fetch("http://127.0.0.1:\(server.port)/2", pool: pool).body == "2")
        pool.close()
        await server.close()
    }

    @Test func saysWhyThereIsNoAnswer() async throws {
        let silent = try await ScriptedServer { _, _ in [] }
        let mute = try fetch("http://127.0.0.1:\(silent.port)/") { $0.timeout = .milliseconds(200) }
        #expect(mute.error?.reason == .timeout)

        let curt = try await ScriptedServer { _, _ in [.close] }
        #expect(try fetch("http://127.0.0.1:\(curt.port)/").error?.reason == .refused)

        let babble = try await ScriptedServer { _, _ in [.text("220 mail.example ESMTP\r\n")] }
        #expect(try fetch("http://127.0.0.1:\(babble.port)/").error?.reason == .corrupt)

        let nobody = try MutePort()
        let refused = try fetch("http://127.0.0.1:\(nobody.number)/")
        #expect(refused.error?.reason == .refused)
        #expect(refused.error?.hint?.contains("listening on port") == true)

        #expect(try fetch("http://no-such-host.invalid/").error?.reason == .unknownHost)
        for server in [silent, curt, babble] { await server.close() }
    }

    @Test func refusesHeadersThatCannotBeSent() throws {
        for field in [HeaderField(name: "X Y", value: ""), HeaderField(name: "X", value: "a\nb")] {
            let outcome = try fetch("http://127.0.0.1:9/") { $0.headers = [field] }
            #expect(outcome.error?.reason == .usage)
        }
    }

    @Test func reachesAnIPv6Literal() async throws {
        let server = try await ScriptedServer(host: "::1") { received, _ in
            received.clear()
            return [Self.reply("six")]
        }
        #expect(try fetch("http://[::1]:\(server.port)/").body == "six")
        await server.close()
    }

    @Test func fallsSilentInTheMiddle() async throws {
        let server = try await ScriptedServer.http { _, _ in [.text("HTTP/1.1 200 OK\r\n\r\nabc")] }
        let outcome = try fetch("http://127.0.0.1:\(server.port)/") { $0.timeout = .seconds(1) }
        #expect(outcome.body == "abc")
        #expect(outcome.error?.reason == .connectionLost && outcome.error?.isMidStream == true)
        await server.close()
    }

    @Test func refusesEndlessHeaders() async throws {
        let server = try await ScriptedServer.http { _, _ in
            [
                .text(
                    "HTTP/1.1 200 OK\r\n"
                        + String(repeating: "X-Much: \(String(repeating: "y", count: 1000))\r\n", count: 2000))
            ]
        }
        #expect(try fetch("http://127.0.0.1:\(server.port)/").error?.reason == .corrupt)
        await server.close()
    }

    @Test func pausingHoldsTheServerBack() async throws {
        let megabyte = [UInt8](repeating: 7, count: 1 << 20)
        let server = try await ScriptedServer.http { _, _ in
            [.text("HTTP/1.1 200 OK\r\nContent-Length: \(64 << 20)\r\n\r\n")]
                + (0..<64).map { _ in ServerStep.write(megabyte) }
        }
        var settings = HTTPFetch.Settings(address: try MediaAddress("http://127.0.0.1:\(server.port)/"))
        settings.proxies = HTTPProxies()
        settings.timeout = .milliseconds(1500)
        let inbox = Inbox<HTTPFetch.Event>()
        let fetch = HTTPFetch.open(settings) { inbox.put($0) }
        _ = inbox.all { if case .body = $0 { true } else { false } }
        fetch.pause()
        // Paused longer than the time-out: the silence is ours. What is still in flight is small.
        var late = 0
        while case .body(let bytes, _) = inbox.next(within: 1.8) { late += bytes.readableBytes }
        #expect(late < 48 << 20)
        fetch.resume()
        let rest = inbox.all { if case .end = $0 { true } else { false } }
        guard case .end(clean: true) = rest.last else {
            Issue.record("no clean end: \(String(describing: rest.last))")
            return
        }
        await server.close()
    }

    @Test func wholeBodiesAreBoundedAndCancellable() async throws {
        let server = try await ScriptedServer.http { request, _ in
            request.hasPrefix("GET /silent") ? [] : [Self.reply(String(repeating: "x", count: 1000))]
        }
        let cancel = CancelFlag()
        let pool = HTTPClientPool(cancel: cancel)
        func settings(_ path: String) throws -> HTTPFetch.Settings {
            var settings = HTTPFetch.Settings(address: try MediaAddress("http://127.0.0.1:\(server.port)\(path)"))
            settings.proxies = HTTPProxies()
            return settings
        }
        let body = try pool.fetchWhole(try settings("/"), limit: 1000)
        #expect(body?.bytes.count == 1000 && body?.isComplete == true && body?.header("CONTENT-length") == "1000")
        #expect(throws: SluiceError.self) { try pool.fetchWhole(try settings("/"), limit: 999) }
        let late = #expect(throws: SluiceError.self) {
            try pool.fetchWhole(try settings("/silent"), limit: 10, deadline: .now() + .milliseconds(50))
        }
        #expect(late?.reason == .timeout)
        let quiet = try settings("/silent")
        let thread = NamedThread("cancel") { cancel.set() }
        #expect(try pool.fetchWhole(quiet, limit: 10) == nil)
        thread.join()
        await server.close()
    }
}
