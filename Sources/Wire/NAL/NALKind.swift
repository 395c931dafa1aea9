// What a NAL unit is, from its first byte, for H.264 and HEVC alike; and what that makes of an access unit.
public import Model

/// The unit types that the product has to tell apart.
public enum NALKind: Sendable, Equatable {
    /// Coded picture data. `isIntra`: an IDR slice (H.264) or an IRAP picture (HEVC).
    case slice(isIntra: Bool)
    case sei, suffixSEI
    case sps, pps, vps
    case accessUnitDelimiter
    /// Belongs to the slice that follows it (SVC/MVC prefix), so nothing may be put between the two.
    case prefix
    case other

    /// `first`: the unit's first byte.
    public init(_ first: UInt8, _ codec: Codec) {
        self = codec == .hevc ? Self.hevc((first >> 1) & 0x3F) : Self.h264(first & 0x1F)
    }

    private static func h264(_ type: UInt8) -> NALKind {
        switch type {
        case 1...4: .slice(isIntra: false)
        case 5: .slice(isIntra: true)
        case 6: .sei
        case 7: .sps
        case 8: .pps
        case 9: .accessUnitDelimiter
        case 14: .prefix
        default: .other
        }
    }

    private static func hevc(_ type: UInt8) -> NALKind {
        switch type {
        case 16...23: .slice(isIntra: true)
        case 0...31: .slice(isIntra: false)
        case 32: .vps
        case 33: .sps
        case 34: .pps
        case 35: .accessUnitDelimiter
        case 39: .sei
        case 40: .suffixSEI
        default: .other
        }
    }
}

/// Where decoding can begin.
public enum RandomAccess: Sendable, Equatable {
    case none
    /// A recovery point SEI: the picture is right after this many frames (H.264) or pictures (HEVC).
    case recoveryPoint(Int)
    /// An IDR or IRAP picture: right at once.
    case intra
}

extension NALUnits {
    /// How decoding can begin at this access unit.
    public func randomAccess(_ codec: Codec) -> RandomAccess {
        var found = RandomAccess.none
        for unit in self {
            switch NALKind(data[unit.lowerBound], codec) {
            case .slice(isIntra: true): return .intra
            // The first slice settles it: all slices of a picture are of one kind.
            case .slice(isIntra: false): return found
            case .sei:
                for message in SEIMessage.all(inUnit: data[unit], codec) where message.type == 6 {
                    if let frames = message.recoveryFrames(codec) { found = .recoveryPoint(frames) }
                }
            default: break
            }
        }
        return found
    }

    /// True for IDR (H.264) and IRAP (HEVC) pictures.
    public func isKeyframe(_ codec: Codec) -> Bool {
        for unit in self {
            if case .slice(let isIntra) = NALKind(data[unit.lowerBound], codec) { return isIntra }
        }
        return false
    }

    /// The parameter sets in the access unit, in their order: VPS, SPS and PPS units without framing.
    public func parameterSets(_ codec: Codec) -> (vps: [[UInt8]], sps: [[UInt8]], pps: [[UInt8]]) {
        var sets: (vps: [[UInt8]], sps: [[UInt8]], pps: [[UInt8]]) = ([], [], [])
        for unit in self {
            switch NALKind(data[unit.lowerBound], codec) {
            case .vps: sets.vps.append(Array(data[unit]))
            case .sps: sets.sps.append(Array(data[unit]))
            case .pps: sets.pps.append(Array(data[unit]))
            default: break
            }
        }
        return sets
    }
}
