// SEI messages and precision time stamps: made, inserted, found, read.
import Model
import Testing

@testable import Wire

@Suite struct SEITests {
    /// 2026-11-20T20:14:42.123456Z.
    static let time = WallTime(nanoseconds: 1_795_205_682_123_456_000)

    @Test func bytesAreThoseOfTheStandard() {
        // 1795205682123456 µs = 0x000660BADFEE8AC0 … written with FF after every second byte.
        let value = UInt64(Self.time.nanoseconds / 1000)
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
        let stamp = [
            bytes[0], bytes[1], 0xFF, bytes[2], bytes[3], 0xFF, bytes[4], bytes[5], 0xFF, bytes[6], bytes[7],
        ]
        let mark = PrecisionTimeStamp(time: Self.time, status: PrecisionTimeStamp.locked)
        #expect(mark.unit(.h264) == hex("06051c 4d495350 6d696372 6f736563 74696d65 1f") + stamp + [0x80])
        let hevc = PrecisionTimeStamp(time: Self.time)
        #expect(hevc.unit(.hevc) == hex("4e01051c a8687dd4d7593758a5cef0338b6545f1 9f") + stamp + [0x80])
    }

    @Test(arguments: [Codec.h264, .hevc]) func payloadBothWays(_ codec: Codec) {
        let times: [Int64] = [
            0, 1000, 65_535_000, 0x1_0000_0000 * 1000, Self.time.nanoseconds, Int64.max / 1000 * 1000,
        ]
        for nanoseconds in times {
            for status: UInt8 in [0x1F, 0x9F, 0x0F, 0x00, 0xFF] {
                let mark = PrecisionTimeStamp(time: WallTime(nanoseconds: nanoseconds), status: status)
                let payload = mark.userData(codec)
                #expect(payload.count == 28)
                #expect(PrecisionTimeStamp(userData: payload) == mark)
                #expect(PrecisionTimeStamp(userData: payload + [1, 2]) == mark)
            }
        }
    }

    @Test func whatIsNoMarkIsNotRead() {
        let good = PrecisionTimeStamp(time: Self.time).userData(.h264)
        for count in 0..<28 { #expect(PrecisionTimeStamp(userData: Array(good[..<count])) == nil) }
        for index in Array(0..<16) + [19, 22, 25] {
            var bad = good
            bad[index] ^= 1
            #expect(PrecisionTimeStamp(userData: bad) == nil)
        }
        var far = good
        far[17] = 0xFF
        #expect(PrecisionTimeStamp(userData: far) == nil)
    }

    @Test func nanosecondStampsAreRead() {
        var payload = PrecisionTimeStamp.uuidHEVCNanoseconds + [0x1F]
        let value = UInt64(Self.time.nanoseconds) + 789
        for index in 0..<8 {
            payload.append(UInt8(truncatingIfNeeded: value >> (56 - 8 * index)))
            if index % 2 == 1, index < 7 { payload.append(0xFF) }
        }
        #expect(PrecisionTimeStamp(userData: payload)?.time.nanoseconds == Self.time.nanoseconds + 789)
    }

    @Test func insertedBeforeTheFirstSlice() throws {
        let mark = PrecisionTimeStamp(time: Self.time)
        let h264 = [hex("0910"), hex("67640016"), hex("68ee3c80"), hex("060100 80"), hex("6588"), hex("6599")]
        let hevc = [hex("460110"), hex("40010c"), hex("420101"), hex("4401c1"), hex("2601af"), hex("2601b0")]
        for (codec, units, place) in [(Codec.h264, h264, 4), (.hevc, hevc, 4)] {
            for framing in [NALUnits.Framing.annexB, .lengthPrefixed(1), .lengthPrefixed(2), .lengthPrefixed(4)] {
                let data = try NALUnits.join(units, framing)
                let marked = try #require(mark.inserted(into: NALUnits(data, framing), codec))
                var expected = units
                expected.insert(mark.unit(codec), at: place)
                #expect(marked == (try NALUnits.join(expected, framing)))
                #expect(PrecisionTimeStamp.find(in: NALUnits(marked, framing), codec) == mark)
                #expect(PrecisionTimeStamp.find(in: NALUnits(data, framing), codec) == nil)
                // Once only.
                #expect(mark.inserted(into: NALUnits(marked, framing), codec) == nil)
            }
        }
    }

    @Test func shortStartCodesAndLoneSlices() throws {
        let mark = PrecisionTimeStamp(time: Self.time)
        let data = hex("000001 0910 000001 6588aa")
        let marked = try #require(mark.inserted(into: NALUnits(data, .annexB), .h264))
        #expect(marked == hex("000001 0910 00000001") + mark.unit(.h264) + hex("000001 6588aa"))
        for lone in [hex("0000016588"), hex("000000016588")] {
            let marked = try #require(mark.inserted(into: NALUnits(lone, .annexB), .h264))
            #expect(marked == hex("00000001") + mark.unit(.h264) + lone)
        }
        // A SVC prefix stays with its slice.
        let prefixed = try NALUnits.join([hex("6e4080"), hex("6588")], .lengthPrefixed(4))
        let result = try #require(mark.inserted(into: NALUnits(prefixed, .lengthPrefixed(4)), .h264))
        #expect(NALUnits(result, .lengthPrefixed(4)).units == [mark.unit(.h264), hex("6e4080"), hex("6588")])
    }

    @Test func nothingToMark() {
        let mark = PrecisionTimeStamp(time: Self.time)
        #expect(mark.inserted(into: NALUnits(hex("00000001 0910"), .annexB), .h264) == nil)
        #expect(mark.inserted(into: NALUnits([], .lengthPrefixed(4)), .h264) == nil)
        #expect(mark.inserted(into: NALUnits(hex("000000ff 6588"), .lengthPrefixed(4)), .h264) == nil)
        #expect(mark.inserted(into: NALUnits(hex("00000002 6588"), .lengthPrefixed(4)), .av1) == nil)
    }

    @Test func emulationPreventionSurvivesTheRoundTrip() throws {
        // Time 0 writes 00 00 FF; status 0 and a neighbour full of zeros bring real escapes.
        let mark = PrecisionTimeStamp(time: .zero, status: 0)
        let zeros = SEIMessage(type: 4, payload: [UInt8](repeating: 0, count: 300))
        let own = SEIMessage(type: SEIMessage.userDataUnregistered, payload: mark.userData(.h264))
        for codec in [Codec.h264, .hevc] {
            let unit = SEIMessage.unit([zeros, own], codec)
            #expect(NALUnits.startCode(in: unit, from: 0) == nil)
            #expect(unit.count > 300 + 28 + 100)
            #expect(SEIMessage.all(inUnit: unit[...], codec) == [zeros, own])
            let data = try NALUnits.join([unit], .annexB)
            #expect(PrecisionTimeStamp.find(in: NALUnits(data, .annexB), codec) == mark)
        }
    }

    @Test func messagesOfEverySize() {
        for size in [0, 1, 254, 255, 256, 509, 510, 511, 2000] {
            let message = SEIMessage(type: 300, payload: (0..<size).map { UInt8(truncatingIfNeeded: $0 * 7) })
            let other = SEIMessage(type: 5, payload: [1])
            let unit = SEIMessage.unit([message, other], .h264)
            #expect(SEIMessage.all(inUnit: unit[...], .h264) == [message, other])
            // Cut anywhere: only whole messages, never a trap.
            for count in stride(from: 0, to: unit.count, by: max(1, size / 40)) {
                let found = SEIMessage.all(inUnit: unit[..<count], .h264)
                #expect(found.count <= 2 && found.first.map { $0 == message } ?? true)
            }
        }
    }

    @Test func noiseIsHarmless() {
        var random = SeededRandom(seed: 9)
        for _ in 0..<rounds(5000) {
            let unit = [6] + random.bytes(Int.random(in: 0...80, using: &random))
            for message in SEIMessage.all(inUnit: unit[...], .h264) {
                #expect(message.payload.count <= unit.count)
                _ = PrecisionTimeStamp(userData: message.payload)
            }
        }
    }
}
