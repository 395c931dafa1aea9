// AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1): what an AAC decoder has to know, as MP4, FLV and RTMP
// carry it. Read and made here; the samples themselves are never touched.
public import Model

/// The configuration of an AAC track.
public struct AudioSpecificConfig: Sendable, Equatable {
    /// Of the core coder: 2 = AAC-LC, 1 = Main, 23 = LD, 39 = ELD, 42 = xHE-AAC.
    public var objectType: Int
    /// Of the core coder, Hz.
    public var sampleRate: Int
    /// As coded: 1…7 and 11, 12, 14; 0 = described in the program config element.
    public var channelConfiguration: Int
    /// Loudspeaker channels of the core coder; 0 = unknown.
    public var channels: Int
    /// Hz after spectral band replication (HE-AAC), where that is announced.
    public var extensionSampleRate: Int?
    /// Parametric stereo (HE-AAC v2): mono becomes stereo in the decoder.
    public var hasParametricStereo: Bool
    /// Samples of a core frame: 1024 or 960; 512 or 480 for low delay.
    public var frameLength: Int

    public static let sampleRates = [
        96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
    ]
    private static let sbr = 5
    private static let ps = 29
    private static let erBSAC = 22

    /// A plain configuration without extensions. `channels`: 1…6 or 8.
    public init(objectType: Int = 2, sampleRate: Int, channels: Int) throws(WireError) {
        guard (1...6).contains(channels) || channels == 8 else {
            throw WireError("AAC cannot state \(channels) channels plainly")
        }
        guard (1..<1 << 24).contains(sampleRate) else { throw WireError("AAC sample rate \(sampleRate)") }
        self.objectType = objectType
        self.sampleRate = sampleRate
        self.channels = channels
        channelConfiguration = channels == 8 ? 7 : channels
        extensionSampleRate = nil
        hasParametricStereo = false
        frameLength = 1024
    }
}

// MARK: - Parsing

extension AudioSpecificConfig {
    /// Reads a configuration; bytes beyond it are ignored. Fails where it is cut short or states no rate.
    public init(parsing bytes: [UInt8]) throws(WireError) {
        var bits = BitReader(Array(bytes.prefix(512)))
        objectType = try Self.readObjectType(&bits)
        sampleRate = try Self.readSampleRate(&bits)
        channelConfiguration = try bits.bits(4)
        extensionSampleRate = nil
        hasParametricStereo = objectType == Self.ps
        frameLength = 1024
        channels = Self.channels(channelConfiguration)
        let isExplicit = objectType == Self.sbr || objectType == Self.ps
        if isExplicit {
            extensionSampleRate = try Self.readSampleRate(&bits)
            objectType = try Self.readObjectType(&bits)
            if objectType == Self.erBSAC { try bits.skip(4) }
        }
        // Rate and channels are known: damage in what follows costs only what follows.
        try? readDetails(&bits, isExplicit: isExplicit)
    }

    private mutating func readDetails(_ bits: inout BitReader, isExplicit: Bool) throws(WireError) {
        guard [1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23, 39].contains(objectType) else { return }
        let isShort = try bits.bit()
        switch objectType {
        case 23, 39: frameLength = isShort ? 480 : 512
        default: frameLength = isShort ? 960 : 1024
        }
        // ELD goes on in its own way, and nothing of it is needed.
        guard objectType != 39 else { return }
        if try bits.bit() { try bits.skip(14) }
        let hasExtension = try bits.bit()
        if channelConfiguration == 0 { channels = try Self.readProgramChannels(&bits) }
        guard objectType <= 4, !hasExtension, !isExplicit else { return }
        try readSyncExtension(&bits)
    }

    /// The backward compatible way to announce SBR and PS: behind the plain configuration.
    private mutating func readSyncExtension(_ bits: inout BitReader) throws(WireError) {
        guard bits.bitsLeft >= 16, try bits.bits(11) == 0x2B7, try Self.readObjectType(&bits) == Self.sbr,
            try bits.bit()
        else { return }
        extensionSampleRate = try Self.readSampleRate(&bits)
        guard bits.bitsLeft >= 12, try bits.bits(11) == 0x548 else { return }
        hasParametricStereo = try bits.bit()
    }

    private static func readObjectType(_ bits: inout BitReader) throws(WireError) -> Int {
        let type = try bits.bits(5)
        let escaped = type == 31 ? try bits.bits(6) + 32 : type
        guard escaped != 0 else { throw WireError("AAC object type 0") }
        return escaped
    }

    private static func readSampleRate(_ bits: inout BitReader) throws(WireError) -> Int {
        let index = try bits.bits(4)
        if index == 15 {
            let rate = try bits.bits(24)
            guard rate > 0 else { throw WireError("AAC sample rate 0") }
            return rate
        }
        guard index < sampleRates.count else { throw WireError("AAC sample rate index \(index)") }
        return sampleRates[index]
    }

    static func channels(_ configuration: Int) -> Int {
        switch configuration {
        case 1...6: configuration
        case 7, 12, 14: 8
        case 11: 7
        default: 0
        }
    }

    /// program_config_element (4.4.1.1): its elements added up.
    private static func readProgramChannels(_ bits: inout BitReader) throws(WireError) -> Int {
        try bits.skip(4 + 2 + 4)
        let front = try bits.bits(4)
        let side = try bits.bits(4)
        let back = try bits.bits(4)
        let lowFrequency = try bits.bits(2)
        try bits.skip(3 + 4)
        if try bits.bit() { try bits.skip(4) }
        if try bits.bit() { try bits.skip(4) }
        if try bits.bit() { try bits.skip(3) }
        var count = lowFrequency
        for _ in 0..<front + side + back {
            count += try bits.bit() ? 2 : 1
            try bits.skip(4)
        }
        return count
    }
}

// MARK: - Serialising

extension AudioSpecificConfig {
    /// The configuration's bytes, extensions in the explicit form. Fails for layouts that need a program
    /// config element: keep the original bytes of those.
    public func serialised() throws(WireError) -> [UInt8] {
        guard channelConfiguration != 0 else { throw WireError("AAC layout needs a program config element") }
        var bits = BitWriter()
        if let extensionSampleRate {
            Self.write(objectType: hasParametricStereo ? Self.ps : Self.sbr, &bits)
            Self.write(sampleRate: sampleRate, &bits)
            bits.write(channelConfiguration, 4)
            Self.write(sampleRate: extensionSampleRate, &bits)
            Self.write(objectType: objectType, &bits)
        } else {
            Self.write(objectType: objectType, &bits)
            Self.write(sampleRate: sampleRate, &bits)
            bits.write(channelConfiguration, 4)
        }
        bits.write(frameLength == 960 || frameLength == 480 ? 1 : 0, 1)
        bits.write(0, 2)
        return bits.bytes
    }

    private static func write(objectType: Int, _ bits: inout BitWriter) {
        if objectType < 31 {
            bits.write(objectType, 5)
        } else {
            bits.write(31, 5)
            bits.write(objectType - 32, 6)
        }
    }

    private static func write(sampleRate: Int, _ bits: inout BitWriter) {
        if let index = sampleRates.firstIndex(of: sampleRate) {
            bits.write(index, 4)
        } else {
            bits.write(15, 4)
            bits.write(sampleRate, 24)
        }
    }

    /// FFmpeg's name of the profile.
    public var profileName: String? {
        if extensionSampleRate != nil { return hasParametricStereo ? "HE-AACv2" : "HE-AAC" }
        return switch objectType {
        case 1: "Main"
        case 2: "LC"
        case 3: "SSR"
        case 4: "LTP"
        case 23: "LD"
        case 39: "ELD"
        default: nil
        }
    }

    /// What comes out of the decoder, as a track states it.
    public var parameters: AudioParameters {
        AudioParameters(
            sampleRate: extensionSampleRate ?? sampleRate,
            channels: hasParametricStereo && channels == 1 ? 2 : channels, profile: profileName)
    }
}
