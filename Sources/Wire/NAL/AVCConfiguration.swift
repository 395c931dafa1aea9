// AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3), the "avcC" of MP4 and FLV: read and make.
import Model

/// Parameter sets and length size of an H.264 track.
public struct AVCConfiguration: Sendable, Equatable {
    public var profile: UInt8
    public var compatibility: UInt8
    public var level: UInt8
    /// Bytes of each unit's length field: 1, 2 or 4.
    public var lengthSize: Int
    /// Units without start code or length.
    public var sps: [[UInt8]]
    public var pps: [[UInt8]]
    /// What follows the parameter sets for high profiles; kept as it came.
    public var tail: [UInt8]

    /// Reads a record. Fails on a version other than 1 and where parameter sets do not fit.
    /// Records without any parameter set are accepted: they then come in band.
    public init(parsing record: [UInt8]) throws(WireError) {
        guard record.count >= 6 else { throw WireError("avcC is cut short") }
        guard record[0] == 1 else { throw WireError("avcC version \(record[0])") }
        profile = record[1]
        compatibility = record[2]
        level = record[3]
        lengthSize = Int(record[4] & 3) + 1
        var position = 6
        sps = try Self.units(record, Int(record[5] & 0x1F), &position)
        // Some encoders leave the PPS count away when there is none.
        guard position < record.count else {
            pps = []
            tail = []
            return
        }
        let count = Int(record[position])
        position += 1
        pps = try Self.units(record, count, &position)
        tail = Array(record[position...])
    }

    /// Makes a record from the units of an Annex B stream. Fails where the first SPS is no SPS.
    public init(sps: [[UInt8]], pps: [[UInt8]], lengthSize: Int = 4) throws(WireError) {
        guard let first = sps.first, first.count >= 4 else { throw WireError("no H.264 SPS to make avcC from") }
        let parsed = try H264SPS(unit: first)
        profile = first[1]
        compatibility = first[2]
        level = first[3]
        self.lengthSize = lengthSize
        self.sps = sps
        self.pps = pps
        tail =
            ![66, 77, 88].contains(profile)
            ? [
                0xFC | UInt8(parsed.chromaFormat), 0xF8 | UInt8(parsed.bitDepthLuma - 8),
                0xF8 | UInt8(parsed.bitDepthChroma - 8), 0,
            ] : []
    }

    /// Makes a record from parameter sets in Annex B form (extradata of an encoder, or a keyframe).
    public init(annexB: [UInt8]) throws(WireError) {
        let sets = NALUnits(annexB, .annexB).parameterSets(.h264)
        try self.init(sps: sets.sps, pps: sets.pps)
    }

    /// The record's bytes. At most 31 SPS and 255 PPS are written, each of at most 64 KiB − 1.
    public func serialised() -> [UInt8] {
        let sps = self.sps.filter { $0.count <= 0xFFFF }.prefix(31)
        let pps = self.pps.filter { $0.count <= 0xFFFF }.prefix(255)
        var out: [UInt8] = [1, profile, compatibility, level, 0xFC | UInt8((lengthSize - 1) & 3)]
        out.append(0xE0 | UInt8(sps.count))
        for unit in sps { out += [UInt8(unit.count >> 8), UInt8(unit.count & 0xFF)] + unit }
        out.append(UInt8(pps.count))
        for unit in pps { out += [UInt8(unit.count >> 8), UInt8(unit.count & 0xFF)] + unit }
        return out + tail
    }

    /// All parameter sets with start codes, as decoders of Annex B streams want them.
    public var annexB: [UInt8] { (sps + pps).flatMap { [0, 0, 0, 1] + $0 } }

    public var framing: NALUnits.Framing { .lengthPrefixed(lengthSize) }

    static func units(_ record: [UInt8], _ count: Int, _ position: inout Int) throws(WireError) -> [[UInt8]] {
        var units: [[UInt8]] = []
        for _ in 0..<count {
            guard record.count - position >= 2 else { throw WireError("decoder configuration is cut short") }
            let length = Int(record[position]) << 8 | Int(record[position + 1])
            position += 2
            guard record.count - position >= length else { throw WireError("decoder configuration is cut short") }
            units.append(Array(record[position..<position + length]))
            position += length
        }
        return units
    }
}
