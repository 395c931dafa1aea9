// The framing of encoded H.264 and HEVC: x264 and x265 speak Annex B, tracks of FLV and MP4 want
// length-prefixed units and a configuration record; and the marks that go along.
import CFFmpeg
import Model
import Wire

struct EncodedForm {
    private let codec: Codec
    private let isPrefixed: Bool
    private let profile: Int32

    /// Puts the configuration record into `parameters`.
    init(_ parameters: CodecParameters, codec: Codec, isPrefixed: Bool) throws(SluiceError) {
        self.codec = codec
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

    /// One packet in the track's framing. FFmpeg's own way of carrying a mark (udu_sei) also repeats the former
    /// encoder's texts, and with x265 it puts a foreign UUID before it; so marks are put in here.
    func packet(_ annexB: [UInt8], mark: PrecisionTimeStamp?) throws(SluiceError) -> [UInt8] {
        let framing: NALUnits.Framing = isPrefixed ? .lengthPrefixed(4) : .annexB
        do {
            let data = try NALUnits.convert(annexB, from: .annexB, to: framing)
            return mark?.inserted(into: NALUnits(data, framing), codec) ?? data
        } catch {
            throw SluiceError(
                .internal, "cannot encode video", why: "the encoder's packet is odd: \(error.message)")
        }
    }
}
