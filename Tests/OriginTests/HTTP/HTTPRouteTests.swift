// What paths mean, what is refused, what answers look like: without a socket.
import Model
import NIOCore
import NIOHTTP1
import Testing

@testable import Origin

extension Web {
    @Suite struct HTTPRouteTests {
        private func route(_ target: String) throws(HTTPRefusal) -> HTTPRoute {
            try HTTPRoute(HTTPTarget(target), application: "live")
        }

        @Test func pathsMeanWhatTheySay() throws {
            #expect(try route("/live/demo.flv") == .flv(name: "demo"))
            #expect(try route("/live/demo.m3u8?txSecret=1") == .playlist(name: "demo"))
            #expect(try route("/live/demo.mp4") == .feed(name: "demo"))
            #expect(try route("/live/demo/ab-7.m4s") == .segment(name: "demo", file: "ab-7.m4s"))
            #expect(try route("/live/de%6Do.flv") == .flv(name: "demo"))
            #expect(try route("http://127.0.0.1:8080/live/demo.flv") == .flv(name: "demo"))
            let target = try HTTPTarget("/live/demo.flv?gop=0&merge=350ms&x")
            #expect(target.value(of: "gop") == "0" && target.value(of: "merge") == "350ms")
            #expect(target.value(of: "x") == "" && target.value(of: "y") == nil)
        }

        @Test(arguments: [
            "/", "", "/live", "/live/", "/live/demo", "/live/.flv", "/live/demo.exe", "/other/demo.flv",
            "/live//demo.flv",
            "/live/demo/", "/live/demo/a/b", "/live/../live/demo.flv", "/live/%2e%2e/demo.flv",
            "/live/..%2fdemo.flv",
            "/live/demo/../../etc/passwd", "/live/demo/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/live/a\\b.flv",
            "/live/%5cb.flv",
            "/live/a%00.flv", "/live/a%0d%0aSet-Cookie:x.flv", "/live/%.flv", "/live/%zz.flv", "/live/%ff.flv",
            "live/a.flv",
            "ftp://x/live/demo.flv", "*",
        ])
        func whatIsNoStreamIsRefused(_ target: String) {
            #expect(throws: HTTPRefusal.self) { try route(target) }
        }

        @Test func requestsThatNobodyMakesAreRefused() {
            func status(_ change: (inout HTTPRequestHead) -> Void) -> UInt? {
                var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/live/demo.flv")
                head.headers.add(name: "Host", value: "localhost")
                change(&head)
                do throws(HTTPRefusal) {
                    try HTTPRoute.check(head)
                    _ = try HTTPRoute(head, HTTPTarget(head.uri), application: "live")
                    return nil
                } catch { return error.status.code }
            }
            #expect(status { _ in } == nil)
            #expect(status { $0.method = .HEAD } == nil)
            #expect(status { $0.method = .POST } == 405)
            #expect(status { $0.method = .DELETE } == 405)
            #expect(status { $0.uri = "/live/" + String(repeating: "a", count: 3000) + ".flv" } == 414)
            #expect(status { $0.headers.add(name: "X", value: String(repeating: "a", count: 20000)) } == 431)
            #expect(status { $0.headers.add(name: "Content-Length", value: "5") } == 413)
            #expect(status { $0.headers.add(name: "Transfer-Encoding", value: "chunked") } == 413)
            #expect(status { $0.headers.remove(name: "Host") } == 400)
            #expect(status { $0.headers.add(name: "Host", value: "two") } == 400)
            #expect(status { $0.version = .http2 } == 505)
            #expect(status { ($0.version, $0.headers) = (.http1_0, [:]) } == nil)
        }

        @Test func ranges() {
            #expect(HTTPByteRange(nil, of: 100) == .whole)
            #expect(HTTPByteRange("bytes=0-", of: 100) == .part(0..<100))
            #expect(HTTPByteRange("bytes=10-19", of: 100) == .part(10..<20))
            #expect(HTTPByteRange("bytes=90-500", of: 100) == .part(90..<100))
            #expect(HTTPByteRange("bytes=-5", of: 100) == .part(95..<100))
            #expect(HTTPByteRange("bytes=-500", of: 100) == .part(0..<100))
            #expect(HTTPByteRange("bytes=100-", of: 100) == .unsatisfiable)
            #expect(HTTPByteRange("bytes=-0", of: 100) == .unsatisfiable)
            for odd in [
                "bytes=5-4", "bytes=1-2,5-6", "items=1-2", "bytes=a-b", "bytes=", "bytes=-",
                "bytes=1-99999999999999999999",
            ] {
                #expect(HTTPByteRange(odd, of: 100) == .whole, "\(odd)")
            }
        }

        @Test func answersAreWhole() {
            #expect(HTTPDate.text(WallTime(milliseconds: 784_111_777_000)) == "Sun, 06 Nov 1994 08:49:37 GMT")
            var chunk = HTTPChunk.framed(ByteBuffer(string: "0123456789abcdef!"))
            #expect(chunk.readString(length: chunk.readableBytes) == "11\r\n0123456789abcdef!\r\n")
            let answer = HTTPAnswer(.ok, contentType: "a/b", .whole(ByteBuffer(string: "hello")))
            let text = String(buffer: answer.bytes(isHead: false, keepsAlive: true, isChunked: true))
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n") && text.hasSuffix("\r\n\r\nhello"))
            #expect(text.contains("Content-Length: 5\r\n") && text.contains("Connection: keep-alive\r\n"))
            let head = String(buffer: answer.bytes(isHead: true, keepsAlive: false, isChunked: true))
            #expect(head.hasSuffix("\r\n\r\n") && head.contains("Content-Length: 5\r\n"))
        }
    }
}
