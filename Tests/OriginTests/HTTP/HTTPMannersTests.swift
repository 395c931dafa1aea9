// What an HTTP client may do to the origin, and what it gets for it. The streams are none the worse.
import Model
import NIOCore
import TestSupport
import Testing
import Wire

@testable import Origin

extension Web {
    @Suite(.timeLimit(.minutes(2))) struct HTTPMannersTests {
        @Test func requestsAreAnsweredInOrderOnOneConnection() async throws {
            let lab = try OriginLab()
            let peer = try WebPeer(lab)
            // Ahead of their answers, and the last one in pieces.
            peer.send(
                raw:
                    "GET /a HTTP/1.1\r\nHost: x\r\n\r\nOPTIONS /live/demo.flv HTTP/1.1\r\nHost: x\r\n\r\nPOST /live/demo.flv HTT"
            )
            #expect(try await peer.answer().status == 404)
            let preflight = try await peer.answer()
            #expect(preflight.status == 204)
            #expect(preflight.fields["access-control-allow-methods"] == "GET, HEAD, OPTIONS")
            #expect(preflight.fields["access-control-allow-origin"] == "*")
            peer.send(raw: "P/1.1\r\nHost: x\r\n\r\n")
            let refused = try await peer.answer()
            #expect(refused.status == 405 && refused.fields["allow"] == "GET, HEAD, OPTIONS")
            peer.send("HEAD /live/demo.flv HTTP/1.1", ["Connection: close"])
            let head = try await peer.answer(isHead: true)
            #expect(head.status == 200 && head.fields["content-type"] == "video/x-flv")
            #expect(await peer.isClosed(within: .seconds(5)))
        }

        @Test(arguments: [
            ("GET /live/demo.flv HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", 413),
            ("GET /live/demo.flv HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 413),
            ("GET /\(String(repeating: "a", count: 4000)) HTTP/1.1\r\nHost: x\r\n\r\n", 414),
            ("GET /live/demo.flv HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "a", count: 20000))\r\n\r\n", 431),
            ("GET /live/demo.flv HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "a", count: 200_000))", 431),
            ("GET /live/demo.flv HTTP/1.1\r\n\r\n", 400),
            ("NONSENSE\r\n\r\n", 400),
            ("\u{16}\u{03}\u{01}\u{02}\u{00}\u{01}\u{00}\u{01}\u{FC}\u{03}\u{03}", 400),
            ("GET /live/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
            ("GET /live/demo/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
            ("GET /live/a%0d%0aX-Evil:1.flv HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ])
        func whatNobodyShouldSendIsRefusedAndEnded(_ request: String, _ status: Int) async throws {
            let lab = try OriginLab()
            let peer = try WebPeer(lab)
            peer.send(raw: request)
            let answer = try await peer.answer()
            #expect(answer.status == status)
            #expect(answer.fields["x-evil"] == nil && !answer.text.contains("passwd"))
            #expect(await peer.isClosed(within: .seconds(5)))
        }

        @Test func whoDribblesOrSaysNothingIsClosed() async throws {
            let lab = try OriginLab { $0.handshakeDeadline = .milliseconds(600) }
            let silent = try WebPeer(lab)
            let slow = try WebPeer(lab)
            let begun = HostTime.now()
            var letters = Array(
                "GET /live/demo.flv HTTP/1.1\r\nHost: x\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")[...]
            let closed = await eventually(within: .seconds(10), every: .milliseconds(40)) {
                if let letter = letters.popFirst() { slow.send(raw: String(letter)) }
                return await slow.isClosed(within: .milliseconds(1))
            }
            #expect(closed && HostTime.now() - begun < .seconds(5))
            #expect(await silent.isClosed(within: .seconds(5)))
        }

        @Test func tooManyFromOneAddressAreRefused() async throws {
            let lab = try OriginLab { $0.connectionsPerAddress = 3 }
            let peers = try (0..<3).map { _ in try WebPeer(lab) }
            for peer in peers {
                peer.send("GET /x HTTP/1.1")
                #expect(try await peer.answer().status == 404)
            }
            let refused = try WebPeer(lab)
            #expect(await refused.isClosed(within: .seconds(5)))
        }

        @Test func aViewerNoticesNothingOfIt() async throws {
            let lab = try OriginLab()
            let publisher = try Peer(lab.url(), .publish)
            let viewer = try Peer(lab.url(), .play)
            #expect(await publisher.isEstablished())
            #expect(await viewer.isEstablished())
            publisher.send(Made.headers)
            let media = Made.stream(seconds: 6)
            for second in 0..<6 {
                for _ in 0..<20 {
                    let peer = try WebPeer(lab)
                    peer.send(raw: "GET /live/demo.flv HTTP/9.9\r\n\(String(repeating: "x", count: 5000))\r\n\r\n")
                }
                publisher.send(media.filter { Int($0.timestamp) / 1000 == second })
            }
            #expect(await viewer.until { $0.tags.count >= media.count + 3 })
            #expect(viewer.media == media)
        }
    }
}
