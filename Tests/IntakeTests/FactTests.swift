// What sources notice besides media: over RTMP, HTTP-FLV and what FFmpeg reads. HLS is in HLSFactTests.
import Intake
import Model
import NIOCore
import TestSupport
import Testing
import Wire

@Suite(.serialized, .timeLimit(.minutes(2))) struct FactTests {
    private func serve(_ bytes: [UInt8], type: String = "video/x-flv") async throws -> ScriptedServer {
        try await ScriptedServer.start(
            .respond("HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\n\r\n", body: bytes, closes: false))
    }

    private func flvFacts(
        _ bytes: [UInt8], until fact: (SourceFact) -> Bool, and other: (SourceFact) -> Bool = { _ in true }
    ) async throws -> [SourceFact] {
        let server = try await serve(bytes)
        let tape = try SourceTape("http://127.0.0.1:\(server.port)/live/a.flv")
        var found = await tape.tells(fact)
        #expect(found, "\(tape.facts)")
        found = await tape.tells(other)
        #expect(found, "\(tape.facts)")
        return tape.facts
    }

    @Test func rtmp_tellsWhenItWasReachedAndWhatTheSenderClaims() async throws {
        let server = try await NginxRTMP.start()
        let publisher = try StampedPublisher(to: server.url("facts"))
        #expect(await server.waitForPublisher("facts"))
        let before = HostTime.now()
        let tape = try SourceTape(server.url("facts"))
        #expect(await tape.holds(packets: 40))
        let facts = tape.facts
        guard case .reached(let at, let since)? = facts.first else {
            Issue.record("first: \(facts)")
            return
        }
        #expect(since >= before && at >= since && at - since < .seconds(1))
        let first = facts.compactMap { if case .firstByte(let at) = $0 { at } else { nil } }
        #expect(first.count == 1 && first[0] >= at && first[0] <= tape.packets[0].arrival)
        let claims = facts.compactMap { if case .claims(let claims) = $0 { claims } else { nil } }
        #expect(claims.last?.width == 640 && claims.last?.height == 360)
        #expect(claims.last?.hasVideo == true && claims.last?.hasAudio == true)
        #expect((claims.last?.frameRate ?? 0) > 29 && (claims.last?.frameRate ?? 99) < 31)
        let problems = facts.filter { fact in
            switch fact {
            case .reached, .firstByte, .claims: false
            default: true
            }
        }
        #expect(problems.isEmpty, "a sound stream has no faults: \(problems)")
        await publisher.stop()
    }

    @Test func withoutTheWish_nothingIsTold() async throws {
        let directory = try TempDirectory("facts")
        let server = try await serve(try Fixture.bytes(try await Fixture.flv(directory, "a.flv")))
        let tape = try SourceTape("http://127.0.0.1:\(server.port)/live/a.flv", facts: false)
        #expect(await tape.holds(packets: 100))
        #expect(tape.facts.isEmpty)
    }

    @Test func flv_tellsFlagsThatAreWrong() async throws {
        let directory = try TempDirectory("facts")
        let tags = try await Fixture.flv(directory, "a.flv", hasSound: false)
        let facts = try await flvFacts(try Fixture.bytes(tags)) { if case .claims = $0 { true } else { false } }
        #expect(facts.contains(.headerFlags(hasAudio: true, hasVideo: true)))
        let kinds = facts.map { "\($0)".prefix { $0 != "(" } }
        #expect(kinds == ["reached", "firstByte", "headerFlags", "claims"])
        guard case .claims(let claims)? = facts.last else { return }
        #expect(claims.width == 160 && claims.hasVideo == true && claims.hasAudio == nil)
    }

    @Test func flv_tellsMissingHeadersOnce() async throws {
        let directory = try TempDirectory("facts")
        let tags = try await Fixture.flv(directory, "a.flv").filter { !$0.isHeader }
        let facts = try await flvFacts(
            try Fixture.bytes(tags), until: { $0 == .missingSequenceHeader(.audio) },
            and: { $0 == .missingSequenceHeader(.video) })
        #expect(facts.filter { $0 == .missingSequenceHeader(.video) }.count == 1)
        #expect(facts.filter { $0 == .missingSequenceHeader(.audio) }.count == 1)
    }

    @Test func flv_tellsChangedHeadersButNotRepeatedOnes() async throws {
        let directory = try TempDirectory("facts")
        let first = try await Fixture.flv(directory, "a.flv")
        var second = try await Fixture.flv(directory, "b.flv", size: "320x240")
        for index in second.indices { second[index].timestamp += 2000 }
        let facts = try await flvFacts(try Fixture.bytes(first + first.filter(\.isHeader) + second)) {
            $0 == .changedSequenceHeader(.video)
        }
        #expect(facts.filter { $0 == .changedSequenceHeader(.video) }.count == 1)
        #expect(!facts.contains(.changedSequenceHeader(.audio)), "the same AAC")
        #expect(!facts.contains(.missingSequenceHeader(.video)))
    }

    @Test func flv_tellsTagsThatCannotBeRead() async throws {
        let directory = try TempDirectory("facts")
        var tags = try await Fixture.flv(directory, "a.flv")
        tags.insert(FLVTag(kind: .video, timestamp: 0, body: ByteBuffer(bytes: [0x17, 0x01])), at: 20)
        _ = try await flvFacts(try Fixture.bytes(tags)) { if case .damaged = $0 { true } else { false } }
    }

    @Test func transportStream_tellsWhatIsDamaged() async throws {
        let directory = try TempDirectory("facts")
        try await Fixture.ffmpeg([
            "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-t", "4", "-c:v", "libx264", "-g", "25",
            "-f", "mpegts", directory.file("a.ts"),
        ])
        var bytes = try #require(contents(ofFile: directory.file("a.ts")))
        let sound = try await serve(bytes, type: "video/mp2t")
        // Ten packets are missing in the middle.
        let middle = bytes.count / 188 / 2 * 188
        bytes.removeSubrange(middle..<middle + 1880)
        let server = try await serve(bytes, type: "video/mp2t")
        let clean = try SourceTape("http://127.0.0.1:\(sound.port)/live/a.ts", timeout: .seconds(3))
        let tape = try SourceTape("http://127.0.0.1:\(server.port)/live/a.ts", timeout: .seconds(3))
        #expect(await tape.tells { if case .damaged = $0 { true } else { false } })
        #expect(await clean.ends())
        let kinds = clean.facts.map { "\($0)".prefix { $0 != "(" } }
        #expect(kinds == ["reached", "firstByte"])
    }
}
