// HTTP-FLV over real sockets: the same tags as by RTMP, truthful flags, a clean end.
import Model
import NIOCore
import Net
import TestSupport
import Testing
import Wire

@testable import Origin

extension Web {
    @Suite(.timeLimit(.minutes(2))) struct HTTPFLVServingTests {
        private func items(_ bytes: [UInt8]) throws -> (flags: (Bool, Bool)?, tags: [FLVTag]) {
            var reader = FLVStreamReader()
            reader.append(ByteBuffer(bytes: bytes))
            var flags: (Bool, Bool)?
            var tags: [FLVTag] = []
            while let item = try reader.next() {
                switch item {
                case .header(let hasAudio, let hasVideo): flags = (hasAudio, hasVideo)
                case .tag(let tag): tags.append(tag)
                }
            }
            return (flags, tags)
        }

        @Test(arguments: ["HTTP/1.1", "HTTP/1.0"]) func everyTagArrivesByteForByte(_ version: String) async throws {
            let lab = try OriginLab()
            let publisher = try Peer(lab.url(), .publish)
            #expect(await publisher.isEstablished())
            let viewer = try WebPeer(lab)
            viewer.send(
                "GET /live/demo.flv \(version)", ["Range: bytes=0-", "Icy-MetaData: 1", "Connection: close"])
            #expect(try await eventually(within: .seconds(20)) { try lab.facts()?.viewers == 1 })
            let media = Made.stream(seconds: 4)
            publisher.send(Made.headers + media)
            #expect(try await eventually(within: .seconds(20)) { try lab.facts()?.counters.videoFrames == 100 })
            publisher.client.close()
            let answer = try await viewer.answer()
            #expect(answer.status == 200 && answer.isWhole)
            #expect(answer.fields["content-type"] == "video/x-flv")
            #expect(answer.fields["access-control-allow-origin"] == "*")
            #expect(answer.fields["cache-control"]?.contains("no-cache") == true)
            #expect(answer.fields["transfer-encoding"] == (version == "HTTP/1.1" ? "chunked" : nil))
            let (flags, tags) = try items(answer.body)
            #expect(flags?.0 == true && flags?.1 == true)
            #expect(tags == Made.headers + media)
            #expect(await viewer.isClosed(within: .seconds(5)))
            #expect(try await eventually(within: .seconds(5)) { try lab.facts()?.viewers == 0 })
            #expect((try lab.facts()?.counters.bytesOut ?? 0) > answer.body.count)
        }

        @Test func whoJoinsLaterBeginsAtTheKeyFrame() async throws {
            let lab = try OriginLab()
            let publisher = try Peer(lab.url(), .publish)
            #expect(await publisher.isEstablished())
            let media = Made.stream(seconds: 2.5)
            publisher.send(Made.headers + media)
            let count = media.count { $0.kind == .video }
            #expect(try await eventually(within: .seconds(20)) { try lab.facts()?.counters.videoFrames == count })
            let viewer = try WebPeer(lab)
            viewer.send("GET /live/demo.flv HTTP/1.1")
            let patient = try WebPeer(lab)
            patient.send("GET /live/demo.flv?gop=0 HTTP/1.1")
            #expect(try await eventually(within: .seconds(20)) { try lab.facts()?.viewers == 2 })
            let more = Made.stream(from: 3000, seconds: 1)
            publisher.send(more)
            #expect(
                try await eventually(within: .seconds(20)) { try lab.facts()?.counters.videoFrames == count + 25 })
            publisher.client.close()
            let cached = media.filter { $0.timestamp >= 2000 }
            let kept: (FLVTag) -> Bool = { !TagFacts($0).isKept }
            #expect(try items(await viewer.answer().body).tags.filter(kept) == cached + more)
            #expect(try items(await patient.answer().body).tags.filter(kept) == more)
        }

        @Test(arguments: [FLVTag.Kind.video, .audio]) func flagsAnnounceWhatIsThere(_ kind: FLVTag.Kind)
            async throws
        {
            let lab = try OriginLab()
            let publisher = try Peer(lab.url(), .publish)
            #expect(await publisher.isEstablished())
            publisher.send((Made.headers + Made.stream(seconds: 1)).filter { $0.kind == kind })
            #expect(try await eventually(within: .seconds(20)) { (try lab.facts()?.counters.bytesIn ?? 0) > 5000 })
            let viewer = try WebPeer(lab)
            viewer.send("GET /live/demo.flv HTTP/1.1")
            #expect(try await viewer.head().status == 200)
            let first = try #require(await viewer.chunk())
            #expect(first == [0x46, 0x4C, 0x56, 1, kind == .video ? 1 : 4, 0, 0, 0, 9, 0, 0, 0, 0])
        }

        @Test func aRequestWaitsForThePublisherAndNotForEver() async throws {
            let lab = try OriginLab(streams: ["demo", "empty"])
            let early = try WebPeer(lab)
            early.send("GET /live/demo.flv HTTP/1.1")
            let late = try WebPeer(lab)
            late.send("GET /live/empty.flv HTTP/1.1")
            #expect(try await eventually(within: .seconds(4)) { try lab.facts()?.viewers == 1 })
            let publisher = try Peer(lab.url(), .publish)
            #expect(await publisher.isEstablished())
            publisher.send(Made.headers + Made.stream(seconds: 1))
            #expect(try await early.head().status == 200)
            let begun = HostTime.now()
            let refused = try await late.answer(within: .seconds(15))
            #expect(refused.status == 404 && refused.isWhole)
            #expect(HostTime.now() - begun < .seconds(6))
            // The connection can still be used.
            late.send("GET /live/nobody.flv HTTP/1.1")
            #expect(try await late.answer().status == 404)
            #expect(try lab.facts("empty")?.viewers == 0)
        }
    }
}
