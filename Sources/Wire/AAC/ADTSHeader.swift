// The header before each AAC frame in MPEG-TS and raw .aac streams (ISO/IEC 14496-3 1.A.2.2).

/// One ADTS header.
public struct ADTSHeader: Sendable, Equatable {
    /// 1 = Main, 2 = AAC-LC, 3 = SSR, 4 = LTP.
    public var objectType: Int
    public var sampleRate: Int
    /// 1…7; 0 = described inside the frame.
    public var channelConfiguration: Int
    /// 7 bytes, 9 with a checksum.
    public var headerSize: Int
    /// Bytes of header and payload together.
    public var frameSize: Int
    /// Raw AAC frames inside: 1…4; only 1 can be carried in FLV.
    public var rawFrames: Int

    /// Reads the header at `start`. Nil where there is none: wrong sync word, reserved rate, a size that
    /// does not hold the header itself, or too few bytes.
    public init?(_ bytes: [UInt8], at start: Int = 0) {
        guard start >= 0, start <= bytes.count, bytes.count - start >= 7 else { return nil }
        let head = bytes[start..<start + 7].map { Int($0) }
        // Sync word, and layer 0.
        guard head[0] == 0xFF, head[1] & 0xF6 == 0xF0 else { return nil }
        let rate = head[2] >> 2 & 0xF
        guard rate < AudioSpecificConfig.sampleRates.count else { return nil }
        objectType = head[2] >> 6 + 1
        sampleRate = AudioSpecificConfig.sampleRates[rate]
        channelConfiguration = (head[2] & 1) << 2 | head[3] >> 6
        headerSize = head[1] & 1 != 0 ? 7 : 9
        frameSize = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        rawFrames = head[6] & 3 + 1
        guard frameSize >= headerSize else { return nil }
    }

    /// The configuration that says the same. Fails for channel configuration 0.
    public func configuration() throws(WireError) -> AudioSpecificConfig {
        try AudioSpecificConfig(
            objectType: objectType, sampleRate: sampleRate,
            channels: AudioSpecificConfig.channels(channelConfiguration))
    }
}
