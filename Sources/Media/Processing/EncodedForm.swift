// The framing of encoded H.264 and HEVC: x264 and x265 speak Annex B, tracks of FLV and MP4 want
// length-prefixed units and a configuration record.
import CFFmpeg
import Model
import Wire

struct EncodedForm {
    private let isPrefixed: Bool
    private let profile: Int32

    /// Puts the configuration record into `parameters`.
    init(_ parameters: CodecParameters, codec: Codec, isPrefixed: Bool) throws(SluiceError) {
        self.isPrefixed = isPrefixed
        var profile = parameters.raw.pointee.profile
        if isPrefixed {
            let annexB = parameters.configuration
            do {
                if codec == .hevc {
                    let record = try HEVCConfiguration(annexB: annexB)
                    profile = Int32(record.profileIDC)
                    try parameters.setConfiguration(record.serialised())
                } else {
                    let record = try AVCConfiguration(annexB: annexB)
                    // FFmpeg keeps "constrained" as a bit above the profile number.
                    let isConstrained = record.profile == 66 && record.compatibility & 0x40 != 0
                    profile = Int32(record.profile) | (isConstrained ? 1 << 9 : 0)
                    try parameters.setConfiguration(record.serialised())
                }
            } catch {
                throw SluiceError(.internal, "cannot encode video", why: "the encoder's header is odd: \(error)")
            }
        }
        self.profile = profile
    }

    func describe(_ parameters: CodecParameters, id: Int, frameRate: Rational?) -> Track {
        parameters.raw.pointee.profile = profile
        return parameters.track(id: id, frameRate: frameRate)
    }

    func packet(_ annexB: [UInt8]) throws(SluiceError) -> [UInt8] {
        guard isPrefixed else { return annexB }
        do {
            return try NALUnits.convert(annexB, from: .annexB, to: .lengthPrefixed(4))
        } catch {
            throw SluiceError(
                .internal, "cannot encode video", why: "the encoder's packet is odd: \(error.message)")
        }
    }
}
