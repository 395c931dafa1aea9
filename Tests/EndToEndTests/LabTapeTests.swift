// The independent reader of the end-to-end tests, held to streams whose contents are known.
import Model
import TestSupport
import Testing

@Suite(.takesTurns) struct LabTapeTests {
    @Test func tape_holdsWhatTheServerRelays() async throws {
        let server = try await NginxRTMP.start()
        let publisher = try StampedPublisher(to: server.url("tape"), gop: 30)
        #expect(await server.waitForPublisher("tape"))
        let tape = try FLVTape(server.url("tape"))
        #expect(await tape.holds(milliseconds: 2_000, within: .seconds(20)))
        let video = tape.video
        #expect(steps(video.map(\.timestamp)).allSatisfy { $0 > 0 && $0 < 200 })
        #expect(video.first?.isKeyframe == true)
        #expect(video.allSatisfy { !$0.units.isEmpty && $0.mark == nil })
        #expect(tape.audio.count > 50)
        await tape.stop()
        await publisher.stop()
    }

    @Test func tape_readsAFileToItsEnd() async throws {
        let tape = try FLVTape(SluiceBinary.clip("bbb-360p.mp4"))
        #expect(await tape.ends(within: .seconds(10)))
        #expect(await eventually(within: .seconds(2)) { tape.video.count == 132 })
        #expect(tape.video.contains { $0.compositionOffset == 80 })
        #expect(tape.video.filter(\.isKeyframe).count == 6)
    }

    @Test func marks_areReadByTheStandard() {
        // ST 0604 in an SEI of its own: 28 bytes of payload, time in µs with FF after every second byte.
        let time: UInt64 = 1_795_000_000_123_456
        let octets = (0..<8).map { UInt8(truncatingIfNeeded: time >> (56 - 8 * UInt64($0))) }
        var unit: [UInt8] = [6, 5, 28] + Array("MISPmicrosectime".utf8) + [0x9F]
        for pair in 0..<4 { unit += [octets[2 * pair], octets[2 * pair + 1]] + (pair < 3 ? [0xFF] : []) }
        unit.append(0x80)
        let body = [0x17, 1, 0, 0, 0] + [0, 0, 0, UInt8(unit.count)] + unit + [0, 0, 0, 2, 0x65, 0x88]
        let tag = TapeTag(kind: 9, timestamp: 0, arrival: .zero, body: body)
        #expect(tag.mark == WallTime(nanoseconds: Int64(time) * 1000))
        #expect(tag.unmarked == [0x65, 0x88])
        #expect(tag.units.count == 2)
    }
}
