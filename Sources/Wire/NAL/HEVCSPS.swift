// The HEVC sequence parameter set (ITU-T H.265 7.3.2.2) up to the picture order: size, profile, depth.
// The usability information is not read: frame rates come from the container.
public import Model

/// What a sequence parameter set says.
public struct HEVCSPS: Sendable, Equatable {
    /// The twelve bytes of general profile, tier and level, as hvcC holds them.
    public var profileTierLevel: [UInt8]
    public var chromaFormat: Int
    public var bitDepthLuma: Int
    public var bitDepthChroma: Int
    /// Pixels inside the conformance window.
    public var width: Int
    public var height: Int
    public var maxSubLayers: Int
    public var isTemporalIDNested: Bool
    /// Of the highest sub-layer: how many pictures a decoder holds back to put them in order.
    public var maxReorderPictures: Int?

    public var profileIDC: Int { Int(profileTierLevel[0] & 0x1F) }
    /// Thirty times the level: 93 is level 3.1.
    public var levelIDC: Int { Int(profileTierLevel[11]) }

    /// Reads a SPS unit (first two bytes are the unit header, no start code).
    public init(unit: [UInt8]) throws(WireError) {
        guard unit.count > 2, (unit[0] >> 1) & 0x3F == 33 else { throw WireError("this is not a HEVC SPS") }
        guard unit.count <= 4096 else { throw WireError("HEVC SPS of \(unit.count) bytes") }
        var bits = BitReader(EmulationPrevention.removed(from: unit.dropFirst(2)))
        try bits.skip(4)
        maxSubLayers = try bits.bits(3) + 1
        guard maxSubLayers <= 7 else { throw WireError("HEVC SPS with \(maxSubLayers) sub-layers") }
        isTemporalIDNested = try bits.bit()
        profileTierLevel = []
        for _ in 0..<12 { profileTierLevel.append(UInt8(try bits.bits(8))) }
        try Self.skipSubLayers(&bits, maxSubLayers - 1)
        _ = try bits.unsignedGolomb(atMost: 15, "HEVC SPS id")
        chromaFormat = try bits.unsignedGolomb(atMost: 3, "chroma format")
        var isSeparatePlanes = false
        if chromaFormat == 3 { isSeparatePlanes = try bits.bit() }
        width = try bits.unsignedGolomb(atMost: 16888, "picture width")
        height = try bits.unsignedGolomb(atMost: 16888, "picture height")
        if try bits.bit() {
            let chroma = isSeparatePlanes ? 0 : chromaFormat
            let unitX = chroma == 1 || chroma == 2 ? 2 : 1
            let unitY = chroma == 1 ? 2 : 1
            let left = try bits.unsignedGolomb(), right = try bits.unsignedGolomb()
            let top = try bits.unsignedGolomb(), bottom = try bits.unsignedGolomb()
            width -= (left + right) * unitX
            height -= (top + bottom) * unitY
        }
        guard width > 0, height > 0 else { throw WireError("HEVC SPS has no picture size") }
        bitDepthLuma = try bits.unsignedGolomb(atMost: 8, "luma bit depth") + 8
        bitDepthChroma = try bits.unsignedGolomb(atMost: 8, "chroma bit depth") + 8
        maxReorderPictures = try? Self.readOrder(&bits, maxSubLayers)
    }

    private static func skipSubLayers(_ bits: inout BitReader, _ count: Int) throws(WireError) {
        guard count > 0 else { return }
        var present: [(profile: Bool, level: Bool)] = []
        for _ in 0..<count { present.append((try bits.bit(), try bits.bit())) }
        try bits.skip(2 * (8 - count))
        for layer in present { try bits.skip((layer.profile ? 88 : 0) + (layer.level ? 8 : 0)) }
    }

    private static func readOrder(_ bits: inout BitReader, _ subLayers: Int) throws(WireError) -> Int {
        _ = try bits.unsignedGolomb(atMost: 12, "log2_max_pic_order_cnt_lsb")
        let isForEachLayer = try bits.bit()
        var reorder = 0
        for _ in 0..<(isForEachLayer ? subLayers : 1) {
            _ = try bits.unsignedGolomb(atMost: 15, "max_dec_pic_buffering")
            reorder = try bits.unsignedGolomb(atMost: 15, "max_num_reorder_pics")
            _ = try bits.unsignedGolomb()
        }
        return reorder
    }

    /// FFmpeg's name of the profile.
    public var profileName: String? {
        switch profileIDC {
        case 1: "Main"
        case 2: "Main 10"
        case 3: "Main Still Picture"
        case 4: "Rext"
        case 9: "SCC"
        default: nil
        }
    }

    /// All of it as a track states it.
    public var parameters: VideoParameters {
        VideoParameters(
            width: width, height: height,
            pixelFormat: PixelFormatName.of(
                chroma: chromaFormat, luma: bitDepthLuma, chromaDepth: bitDepthChroma, isFullRange: false),
            profile: profileName, reorderDepth: maxReorderPictures)
    }
}
