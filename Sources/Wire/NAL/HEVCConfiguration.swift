// HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 8.3.3), the "hvcC" of MP4 and FLV: read and make.
import Model

/// Parameter sets and length size of a HEVC track.
public struct HEVCConfiguration: Sendable, Equatable {
    /// The twelve bytes of general profile, tier and level.
    public var profileTierLevel: [UInt8]
    /// Bytes of each unit's length field: 1, 2 or 4.
    public var lengthSize: Int
    public var chromaFormat: Int
    public var bitDepthLuma: Int
    public var bitDepthChroma: Int
    public var subLayers: Int
    public var isTemporalIDNested: Bool
    /// Units without start code or length.
    public var vps: [[UInt8]]
    public var sps: [[UInt8]]
    public var pps: [[UInt8]]
    /// Prefix SEI that the record carries.
    public var sei: [[UInt8]]

    public var profileIDC: Int { Int(profileTierLevel[0] & 0x1F) }
    /// Thirty times the level: 93 is level 3.1.
    public var levelIDC: Int { Int(profileTierLevel[11]) }

    private static let fixedSize = 23

    /// Reads a record. Fails on a version other than 1 and where parameter sets do not fit.
    public init(parsing record: [UInt8]) throws(WireError) {
        guard record.count >= Self.fixedSize else { throw WireError("hvcC is cut short") }
        guard record[0] == 1 else { throw WireError("hvcC version \(record[0])") }
        profileTierLevel = Array(record[1..<13])
        chromaFormat = Int(record[16] & 3)
        bitDepthLuma = Int(record[17] & 7) + 8
        bitDepthChroma = Int(record[18] & 7) + 8
        lengthSize = Int(record[21] & 3) + 1
        subLayers = Int(record[21] >> 3 & 7)
        isTemporalIDNested = record[21] & 4 != 0
        (vps, sps, pps, sei) = ([], [], [], [])
        var position = Self.fixedSize
        for _ in 0..<record[22] {
            guard record.count - position >= 3 else { throw WireError("hvcC is cut short") }
            let type = record[position] & 0x3F
            let count = Int(record[position + 1]) << 8 | Int(record[position + 2])
            position += 3
            let units = try AVCConfiguration.units(record, count, &position)
            switch type {
            case 32: vps += units
            case 33: sps += units
            case 34: pps += units
            case 39: sei += units
            default: break
            }
        }
    }

    /// Makes a record from the units of an Annex B stream. Fails where the first SPS is no SPS.
    public init(vps: [[UInt8]], sps: [[UInt8]], pps: [[UInt8]]) throws(WireError) {
        guard let first = sps.first else { throw WireError("no HEVC SPS to make hvcC from") }
        let parsed = try HEVCSPS(unit: first)
        profileTierLevel = parsed.profileTierLevel
        lengthSize = 4
        chromaFormat = parsed.chromaFormat
        bitDepthLuma = parsed.bitDepthLuma
        bitDepthChroma = parsed.bitDepthChroma
        subLayers = parsed.maxSubLayers
        isTemporalIDNested = parsed.isTemporalIDNested
        self.vps = vps
        self.sps = sps
        self.pps = pps
        sei = []
    }

    /// Makes a record from parameter sets in Annex B form (extradata of an encoder, or a keyframe).
    public init(annexB: [UInt8]) throws(WireError) {
        let sets = NALUnits(annexB, .annexB).parameterSets(.hevc)
        try self.init(vps: sets.vps, sps: sets.sps, pps: sets.pps)
    }

    /// The record's bytes. Segmentation, parallelism and frame rate are written as unknown.
    public func serialised() -> [UInt8] {
        var out: [UInt8] = [1] + profileTierLevel
        out += [0xF0, 0, 0xFC, 0xFC | UInt8(chromaFormat & 3)]
        out += [0xF8 | UInt8((bitDepthLuma - 8) & 7), 0xF8 | UInt8((bitDepthChroma - 8) & 7), 0, 0]
        out.append(UInt8(subLayers & 7) << 3 | (isTemporalIDNested ? 4 : 0) | UInt8((lengthSize - 1) & 3))
        let arrays = [(UInt8(32), vps), (33, sps), (34, pps), (39, sei)].map { type, units in
            (type, units.filter { $0.count <= 0xFFFF }.prefix(0xFFFF))
        }.filter { !$0.1.isEmpty }
        out.append(UInt8(arrays.count))
        for (type, units) in arrays {
            // Complete: no parameter set of this type comes in band (SEI may).
            out += [(type == 39 ? 0 : 0x80) | type, UInt8(units.count >> 8), UInt8(units.count & 0xFF)]
            for unit in units { out += [UInt8(unit.count >> 8), UInt8(unit.count & 0xFF)] + unit }
        }
        return out
    }

    /// All parameter sets with start codes, as decoders of Annex B streams want them.
    public var annexB: [UInt8] { (vps + sps + pps).flatMap { [0, 0, 0, 1] + $0 } }

    public var framing: NALUnits.Framing { .lengthPrefixed(lengthSize) }
}
