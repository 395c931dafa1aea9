// The H.264 sequence parameter set (ITU-T H.264 7.3.2.1.1 and annex E), as far as players need it.
// Written for hostile input: every number is bounded, nothing is allocated by a number read.
public import Model

/// What a sequence parameter set says.
public struct H264SPS: Sendable, Equatable {
    public var profileIDC: Int
    /// constraint_set0…5, the byte between profile and level.
    public var constraints: UInt8
    /// Ten times the level: 31 is level 3.1.
    public var levelIDC: Int
    public var chromaFormat: Int
    public var bitDepthLuma: Int
    public var bitDepthChroma: Int
    /// Pixels after cropping.
    public var width: Int
    public var height: Int
    public var isInterlaced: Bool
    public var maxReferenceFrames: Int
    public var pictureOrderCountType: Int
    /// Shape of one pixel, where it is given.
    public var sampleAspect: Rational?
    /// Frames per second, where timing is given. Some encoders count fields wrongly: it is a claim.
    public var frameRate: Rational?
    public var isFixedFrameRate: Bool
    public var isFullRange: Bool?
    /// max_num_reorder_frames, where it is given.
    public var maxReorderFrames: Int?
    /// max_dec_frame_buffering, where it is given.
    public var maxDecodedFrames: Int?

    /// Reads a SPS unit (first byte is the unit header, no start code).
    public init(unit: [UInt8]) throws(WireError) {
        guard let first = unit.first, first & 0x1F == 7 else { throw WireError("this is not an H.264 SPS") }
        // No real one comes near; a picture in its place must not be unescaped whole.
        guard unit.count <= 4096 else { throw WireError("H.264 SPS of \(unit.count) bytes") }
        var bits = BitReader(EmulationPrevention.removed(from: unit.dropFirst()))
        profileIDC = try bits.bits(8)
        constraints = UInt8(try bits.bits(8))
        levelIDC = try bits.bits(8)
        _ = try bits.unsignedGolomb(atMost: 31, "H.264 SPS id")
        chromaFormat = 1
        bitDepthLuma = 8
        bitDepthChroma = 8
        var isSeparatePlanes = false
        if Self.highProfiles.contains(profileIDC) {
            chromaFormat = try bits.unsignedGolomb(atMost: 3, "chroma format")
            if chromaFormat == 3 { isSeparatePlanes = try bits.bit() }
            bitDepthLuma = try bits.unsignedGolomb(atMost: 6, "luma bit depth") + 8
            bitDepthChroma = try bits.unsignedGolomb(atMost: 6, "chroma bit depth") + 8
            _ = try bits.bit()
            if try bits.bit() { try Self.skipScalingLists(&bits, count: chromaFormat == 3 ? 12 : 8) }
        }
        _ = try bits.unsignedGolomb(atMost: 12, "log2_max_frame_num")
        pictureOrderCountType = try bits.unsignedGolomb(atMost: 2, "picture order count type")
        if pictureOrderCountType == 0 {
            _ = try bits.unsignedGolomb(atMost: 12, "log2_max_pic_order_cnt_lsb")
        } else if pictureOrderCountType == 1 {
            try bits.skip(1)
            _ = try bits.signedGolomb()
            _ = try bits.signedGolomb()
            for _ in 0..<(try bits.unsignedGolomb(atMost: 255, "picture order count cycle")) {
                _ = try bits.signedGolomb()
            }
        }
        maxReferenceFrames = try bits.unsignedGolomb(atMost: 16, "number of reference frames")
        try bits.skip(1)
        // 16384 pixels a side are beyond every level.
        let macroblocksWide = try bits.unsignedGolomb(atMost: 1023, "picture width") + 1
        let mapUnitsHigh = try bits.unsignedGolomb(atMost: 1023, "picture height") + 1
        isInterlaced = try !bits.bit()
        if isInterlaced { try bits.skip(1) }
        try bits.skip(1)
        width = macroblocksWide * 16
        height = mapUnitsHigh * 16 * (isInterlaced ? 2 : 1)
        if try bits.bit() {
            let chroma = isSeparatePlanes ? 0 : chromaFormat
            let unitX = chroma == 1 || chroma == 2 ? 2 : 1
            let unitY = (chroma == 1 ? 2 : 1) * (isInterlaced ? 2 : 1)
            let left = try bits.unsignedGolomb(), right = try bits.unsignedGolomb()
            let top = try bits.unsignedGolomb(), bottom = try bits.unsignedGolomb()
            guard (left + right) * unitX < width, (top + bottom) * unitY < height else {
                throw WireError("H.264 SPS crops the whole picture away")
            }
            width -= (left + right) * unitX
            height -= (top + bottom) * unitY
        }
        isFixedFrameRate = false
        // The picture size is known by now: damage in what follows costs only what follows.
        if (try? bits.bit()) == true { try? readUsability(&bits) }
    }

    private static let highProfiles: Set<Int> = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]

    private static func skipScalingLists(_ bits: inout BitReader, count: Int) throws(WireError) {
        for list in 0..<count where try bits.bit() {
            var last = 8
            var next = 8
            for _ in 0..<(list < 6 ? 16 : 64) where next != 0 {
                next = (last + (try bits.signedGolomb())) & 0xFF
                if next != 0 { last = next }
            }
        }
    }
}

// MARK: - Video usability information

extension H264SPS {
    private mutating func readUsability(_ bits: inout BitReader) throws(WireError) {
        if try bits.bit() { sampleAspect = try SampleAspect.read(&bits) }
        if try bits.bit() { try bits.skip(1) }
        if try bits.bit() {
            try bits.skip(3)
            isFullRange = try bits.bit()
            if try bits.bit() { try bits.skip(24) }
        }
        if try bits.bit() {
            _ = try bits.unsignedGolomb()
            _ = try bits.unsignedGolomb()
        }
        if try bits.bit() {
            let unitsInTick = try bits.bits(32)
            let timeScale = try bits.bits(32)
            isFixedFrameRate = try bits.bit()
            // A tick is a field: two of them make a frame.
            if unitsInTick > 0, timeScale > 0 { frameRate = reduced(timeScale, 2 * unitsInTick) }
        }
        let hasNALTiming = try bits.bit()
        if hasNALTiming { try Self.skipHRD(&bits) }
        let hasVCLTiming = try bits.bit()
        if hasVCLTiming { try Self.skipHRD(&bits) }
        if hasNALTiming || hasVCLTiming { try bits.skip(1) }
        try bits.skip(1)
        guard try bits.bit() else { return }
        try bits.skip(1)
        for _ in 0..<4 { _ = try bits.unsignedGolomb() }
        let reorder = try bits.unsignedGolomb(atMost: 16, "max_num_reorder_frames")
        maxDecodedFrames = try bits.unsignedGolomb(atMost: 16, "max_dec_frame_buffering")
        maxReorderFrames = reorder
    }

    private static func skipHRD(_ bits: inout BitReader) throws(WireError) {
        let count = try bits.unsignedGolomb(atMost: 31, "cpb_cnt")
        try bits.skip(8)
        for _ in 0...count {
            _ = try bits.unsignedGolomb()
            _ = try bits.unsignedGolomb()
            try bits.skip(1)
        }
        try bits.skip(20)
    }
}

// MARK: - What follows from it

extension H264SPS {
    /// How many pictures a decoder holds back to put them in order: 0 = none, nil = the SPS leaves it open.
    public var reorderDepth: Int? {
        if let maxReorderFrames { return maxReorderFrames }
        // These cannot hold B-frames: baseline has none, order type 2 forbids reordering, intra needs none.
        if profileIDC == 66 || pictureOrderCountType == 2 || isIntraProfile { return 0 }
        return nil
    }

    private var isIntraProfile: Bool {
        profileIDC == 44 || ([86, 100, 110, 122, 244].contains(profileIDC) && constraints & 0x10 != 0)
    }

    /// FFmpeg's name of the profile.
    public var profileName: String? {
        switch profileIDC {
        case 66: constraints & 0x40 != 0 ? "Constrained Baseline" : "Baseline"
        case 77: "Main"
        case 88: "Extended"
        case 100: "High"
        case 110: constraints & 0x10 != 0 ? "High 10 Intra" : "High 10"
        case 122: constraints & 0x10 != 0 ? "High 4:2:2 Intra" : "High 4:2:2"
        case 244: constraints & 0x10 != 0 ? "High 4:4:4 Intra" : "High 4:4:4 Predictive"
        case 44: "CAVLC 4:4:4"
        default: nil
        }
    }

    /// FFmpeg's name of the pixel format.
    public var pixelFormat: String? {
        PixelFormatName.of(
            chroma: chromaFormat, luma: bitDepthLuma, chromaDepth: bitDepthChroma, isFullRange: isFullRange == true)
    }

    /// All of it as a track states it.
    public var parameters: VideoParameters {
        VideoParameters(
            width: width, height: height, frameRate: frameRate, sampleAspect: sampleAspect,
            pixelFormat: pixelFormat, profile: profileName, reorderDepth: reorderDepth)
    }
}
