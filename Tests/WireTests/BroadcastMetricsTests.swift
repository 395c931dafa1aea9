// OBS's frame timing messages.
import Model
import Testing

@testable import Wire

@Suite struct BroadcastMetricsTests {
    /// In the manner of OBS: four events, RFC 3339 to the millisecond.
    static let text: [UInt8] =
        BroadcastMetrics.uuid + [0xF3]
        + [1, 1] + Array("2024-05-31T12:26:03.591Z".utf8) + [0]
        + [1, 2] + Array("2024-05-31T12:26:03.598Z".utf8) + [0]
        + [1, 3] + Array("2024-05-31T12:26:03.640Z".utf8) + [0]
        + [1, 4] + Array("2024-05-31T12:26:03.650Z".utf8) + [0]

    @Test func allFourStages() throws {
        let metrics = try #require(BroadcastMetrics(userData: Self.text))
        #expect(metrics.times.map(\.stage) == [.composition, .encodeRequest, .encodeComplete, .interleave])
        #expect(metrics.capture?.nanoseconds == 1_717_158_363_591_000_000)
        #expect(metrics.times.last?.time.nanoseconds == 1_717_158_363_650_000_000)
    }

    @Test func millisecondsSinceTheEpoch() throws {
        let value = UInt64(1_717_158_363_591)
        let number = (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * UInt64($0))) }
        let metrics = try #require(BroadcastMetrics(userData: BroadcastMetrics.uuid + [0] + [2, 1] + number))
        #expect(metrics.capture?.wholeMilliseconds == 1_717_158_363_591)
        // Distances are no times, and do not hide those behind them.
        let mixed = BroadcastMetrics.uuid + [1] + [3, 1] + number + [2, 3] + number
        #expect(BroadcastMetrics(userData: mixed)?.times.map(\.stage) == [.encodeComplete])
        let far = BroadcastMetrics.uuid + [0] + [2, 1] + [UInt8](repeating: 0xFF, count: 8)
        #expect(BroadcastMetrics(userData: far) == nil)
    }

    @Test func whatIsNone_isNotRead() {
        #expect(BroadcastMetrics(userData: PrecisionTimeStamp(time: .zero).userData(.h264)) == nil)
        #expect(BroadcastMetrics(userData: []) == nil)
        #expect(BroadcastMetrics(userData: BroadcastMetrics.uuid + [0]) == nil)
        var other = Self.text
        other[3] ^= 1
        #expect(BroadcastMetrics(userData: other) == nil)
        var unknown = Self.text
        unknown[17] = 9
        #expect(BroadcastMetrics(userData: unknown) == nil)
    }

    @Test func cutAnywhere_itKeepsWhatIsWhole() {
        for count in 0..<Self.text.count {
            let read = BroadcastMetrics(userData: Array(Self.text[..<count]))
            #expect((read?.times.count ?? 0) == max(0, (count - 17) / 27))
        }
    }

    @Test(arguments: [Codec.h264, .hevc]) func inAnAccessUnit(_ codec: Codec) throws {
        let sei = SEIMessage.unit([SEIMessage(type: SEIMessage.userDataUnregistered, payload: Self.text)], codec)
        let slice: [UInt8] = codec == .hevc ? [0x26, 0x01, 0xAF] : [0x65, 0x88]
        let data = try NALUnits.join([sei, slice], .lengthPrefixed(4))
        let found = BroadcastMetrics.find(in: NALUnits(data, .lengthPrefixed(4)), codec)
        #expect(found == BroadcastMetrics(userData: Self.text))
        let behind = try NALUnits.join([slice, sei], .lengthPrefixed(4))
        #expect(BroadcastMetrics.find(in: NALUnits(behind, .lengthPrefixed(4)), codec) == nil)
    }

    @Test func noiseIsHarmless() {
        var random = SeededRandom(seed: 11)
        for _ in 0..<rounds(3000) {
            _ = BroadcastMetrics(
                userData: BroadcastMetrics.uuid + random.bytes(Int.random(in: 0...120, using: &random)))
        }
    }
}
