// HLS and the browsers' feed over real sockets: what a client that polls sees over the life of a stream.
import Media
import Model
import NIOCore
import Net
import TestSupport
import Testing
import Wire

@testable import Origin

extension Web {
    @Suite(.timeLimit(.minutes(3))) struct HLSServingTests {
        private func playlist(_ lab: OriginLab, _ text: String) throws -> MediaPlaylist {
            let base = "http://127.0.0.1:\(lab.ports.http)/live/demo.m3u8"
            guard case .media(let playlist) = try HLSPlaylist.parse(text, baseURL: base) else {
                throw LabError("no media playlist: \(text)")
            }
            return playlist
        }

        private func poll(_ lab: OriginLab) async throws -> MediaPlaylist {
            let answer = try await WebPeer.get(lab, "/live/demo.m3u8")
            #expect(answer.status == 200)
            #expect(answer.fields["content-type"] == "application/vnd.apple.mpegurl")
            #expect(answer.fields["cache-control"] == "no-cache")
            return try playlist(lab, answer.text)
        }

        private func fetch(_ lab: OriginLab, _ uri: String, _ fields: [String] = []) async throws -> WebPeer.Answer
        {
            let path = uri.replacing("http://127.0.0.1:\(lab.ports.http)", with: "")
            return try await WebPeer.get(lab, path, fields: fields)
        }

        @Test func theWholeStreamIsInTheSegments() async throws {
            let lab = try OriginLab()
            // Asked before anybody publishes: answered with the first segment.
            let early = try WebPeer(lab)
            early.send("GET /live/demo.m3u8 HTTP/1.1")
            let publisher = try Peer(lab.url(), .publish)
            #expect(await publisher.isEstablished())
            let tags = try await FLVTape.usual(seconds: 9, gop: 50)
            publisher.send(tags)
            let first = try playlist(lab, try await early.answer().text)
            #expect(!first.isEnded && first.targetDuration == .seconds(2) && first.mediaSequence == 0)
            #expect(first.hasIndependentSegments)
            publisher.client.close()
            #expect(try await eventually(within: .seconds(10)) { try await poll(lab).isEnded })
            let last = try await poll(lab)
            #expect(last.segments.count == 5)
            #expect(
                last.segments.allSatisfy { $0.programDateTime != nil && $0.hasOwnDateTime && !$0.isDiscontinuity })
            let map = try #require(last.segments.first?.map)
            let initialization = try await fetch(lab, map.uri)
            #expect(initialization.status == 200 && initialization.fields["content-type"] == "video/mp4")
            var bytes = initialization.body
            for segment in last.segments {
                let answer = try await fetch(lab, segment.uri)
                #expect(answer.status == 200 && answer.isWhole)
                #expect(answer.fields["cache-control"]?.contains("immutable") == true)
                bytes += answer.body
            }
            let after = try FLVTape.demux(bytes).packets
            let before = try FLVTape.packets(tags)
            #expect(after.payloads(.video) == before.payloads(.video))
            #expect(after.payloads(.audio) == before.payloads(.audio))
            let part = try await fetch(lab, last.segments[0].uri, ["Range: bytes=4-7"])
            #expect(part.status == 206 && part.text == "moof")
            #expect(part.fields["content-range"]?.hasPrefix("bytes 4-7/") == true)
            #expect(try await fetch(lab, last.segments[0].uri, ["Range: bytes=99999999-"]).status == 416)
            #expect(try await fetch(lab, last.segments[0].uri + "x").status == 404)
        }

        @Test func oldSegmentsLeaveTheListAndStayForAWhile() async throws {
            let lab = try OriginLab()
            let publisher = try Peer(lab.url(), .publish)
            #expect(await publisher.isEstablished())
            let tags = try await FLVTape.usual(seconds: 40, gop: 50)
            var sequence = 0
            var known: [Int: String] = [:]
            var targets: Set<Span> = []
            let early = try WebPeer(lab)
            early.send("GET /live/demo.m3u8 HTTP/1.1")
            for piece in 0..<10 {
                publisher.send(tags.filter { Int($0.timestamp) / 4000 == piece })
                if piece == 0 { _ = try await early.answer() }
                let wanted = (piece + 1) * 2 - 2
                #expect(try await eventually(within: .seconds(10)) { try await poll(lab).nextSequence >= wanted })
                let now = try await poll(lab)
                // Of one address and without a name: one viewer, however many requests.
                #expect(try lab.facts()?.viewers == 1)
                #expect(now.mediaSequence >= sequence)
                sequence = now.mediaSequence
                targets.insert(now.targetDuration)
                for segment in now.segments {
                    #expect(known[segment.sequence] == nil || known[segment.sequence] == segment.uri)
                    known[segment.sequence] = segment.uri
                }
                #expect(now.segments.count <= 7)
                if piece > 3 { #expect(now.duration >= now.targetDuration * 3) }
            }
            #expect(targets == [.seconds(2)])
            #expect(sequence >= 10)
            // All of them came within seconds: none has been gone for long.
            for (_, uri) in known.sorted(by: { $0.key < $1.key }) {
                #expect(try await fetch(lab, uri).status == 200)
            }
        }

        @Test func aPublisherThatComesBackHasNamesOfItsOwn() async throws {
            let lab = try OriginLab()
            let tags = try await FLVTape.usual(seconds: 5, gop: 50)
            var uris: [[String]] = []
            for _ in 0..<2 {
                let publisher = try Peer(lab.url(), .publish)
                #expect(await publisher.isEstablished())
                let headers = tags.filter { TagFacts($0).isKept }
                publisher.send(headers)
                #expect(try await eventually(within: .seconds(10)) { try lab.facts()?.state == .live })
                let viewer = try WebPeer(lab)
                viewer.send("GET /live/demo.m3u8 HTTP/1.1")
                // A stream that goes on: whoever comes late has not missed all of it.
                let sender = Task {
                    for piece in 0..<40 where !Task.isCancelled {
                        let media = tags.filter { !TagFacts($0).isKept }
                        publisher.send(FLVTape.moved(media, by: UInt32(piece * 5000)))
                        await watch(for: .milliseconds(100))
                    }
                }
                let answer = try await viewer.answer()
                sender.cancel()
                #expect(answer.status == 200)
                #expect(try !playlist(lab, answer.text).isEnded)
                publisher.client.close()
                #expect(try await eventually(within: .seconds(10)) { try await poll(lab).isEnded })
                uris.append(try await poll(lab).segments.map(\.uri))
            }
            #expect(Set(uris[0]).isDisjoint(with: uris[1]))
            for uri in uris[1] + uris[0] { #expect(try await fetch(lab, uri).status == 200) }
        }

        @Test func withoutMediaARequestIsToldSo() async throws {
            let lab = try OriginLab(streams: ["demo", "empty"])
            let publisher = try Peer(lab.url(), .publish)
            #expect(await publisher.isEstablished())
            publisher.send(Made.headers)
            #expect(try await eventually(within: .seconds(10)) { try lab.facts()?.state == .live })
            let waiting = try WebPeer(lab)
            waiting.send("GET /live/demo.m3u8 HTTP/1.1")
            let empty = try await WebPeer.get(lab, "/live/empty.m3u8")
            #expect(empty.status == 404)
            let late = try await waiting.answer()
            #expect(late.status == 503 && late.fields["retry-after"] == "1")
            #expect(try await WebPeer.get(lab, "/live/nobody.m3u8").status == 404)
            #expect(try await WebPeer.get(lab, "/live/nobody.mp4").status == 404)
        }

        @Test func theFeedBeginsAtTheKeyFrameAndEndsCleanly() async throws {
            let lab = try OriginLab()
            let publisher = try Peer(lab.url(), .publish)
            #expect(await publisher.isEstablished())
            let tags = try await FLVTape.usual(seconds: 6, gop: 50)
            publisher.send(tags.filter { $0.timestamp < 3000 })
            #expect(try await eventually(within: .seconds(10)) { try lab.facts()?.counters.videoFrames ?? 0 >= 75 })
            let viewer = try WebPeer(lab)
            viewer.send("GET /live/demo.mp4 HTTP/1.1")
            let head = try await viewer.head()
            #expect(head.status == 200 && head.fields["transfer-encoding"] == "chunked")
            #expect(head.fields["content-type"]?.hasPrefix("video/mp4; codecs=\"avc1.") == true)
            #expect(try lab.facts()?.viewers == 1)
            publisher.send(tags.filter { $0.timestamp >= 3000 })
            #expect(
                try await eventually(within: .seconds(10)) { try lab.facts()?.counters.videoFrames ?? 0 >= 150 })
            publisher.client.close()
            var bytes: [UInt8] = []
            var isWhole = false
            while let part = await viewer.chunk() {
                if part.isEmpty { isWhole = true }
                bytes += part
                if part.isEmpty { break }
            }
            let isClosed = await viewer.isClosed(within: .seconds(5))
            #expect(isWhole && isClosed)
            let before = try FLVTape.packets(tags).filter { ($0.dts ?? .zero).seconds >= 2 }
            let after = try FLVTape.demux(bytes).packets
            #expect(after.payloads(.video) == before.payloads(.video))
            // Sound that is over before the picture belongs to what was before.
            #expect(before.payloads(.audio).suffix(after.payloads(.audio).count) == after.payloads(.audio)[...])
            #expect(before.payloads(.audio).count - after.payloads(.audio).count <= 1)
            #expect(try await eventually(within: .seconds(5)) { try lab.facts()?.viewers == 0 })
        }

        @Test func aBrowserThatTakesNothingIsCutOff() async throws {
            let lab = try OriginLab {
                $0.viewerQueue = .milliseconds(300)
                $0.viewerStall = .seconds(1)
            }
            let publisher = try Peer(lab.url(), .publish)
            #expect(await publisher.isEstablished())
            let tags = try await FLVTape.make(
                "-f lavfi -i testsrc2=size=1280x720:rate=25 -t 4 \(FLVTape.h264(gop: 25)) -crf 5")
            publisher.send(tags)
            let viewer = try WebPeer(lab, kernelBuffer: 4096)
            viewer.send("GET /live/demo.mp4 HTTP/1.1")
            #expect(try await viewer.head().status == 200)
            var at: UInt32 = 4000
            let isCutOff = try await eventually(within: .seconds(30), every: .milliseconds(300)) {
                publisher.send(FLVTape.moved(tags.filter { !TagFacts($0).isKept }, by: at))
                at += 4000
                return try (lab.facts()?.counters.cutOffViewers ?? 0) > 0
            }
            #expect(isCutOff)
            #expect((try lab.facts()?.counters.droppedGOPs ?? 0) > 0)
            #expect(try await eventually(within: .seconds(5)) { try lab.facts()?.viewers == 0 })
        }
    }
}
