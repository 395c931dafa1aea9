// Sound: decoded where it comes as packets, mixed down to stereo, encoded.
import Media
import Model

final class AudioCoder: TrackCoder {
    private let id: Int
    private let codec: Codec
    private let bitRate: Int
    private let outlet: Outlet
    private let reporter: any Reporter
    private var decoder: Decoder?
    private var encoder: AudioEncoder?

    /// - Parameter track: nil where frames come, not packets.
    init(
        id: Int, codec: Codec, settings: PublishSettings, track: Track?, inputRate: Int?, outlet: Outlet,
        reporter: any Reporter
    ) throws(SluiceError) {
        self.id = id
        self.codec = codec
        self.outlet = outlet
        self.reporter = reporter
        bitRate = settings.audioBitRate ?? 128_000
        if let track { decoder = try Decoder(track: track, threads: 1, lowDelay: true) }
        // Known before the first sound: the stream need not wait for it to be announced.
        if let rate = inputRate, rate > 0 { try open(inputRate: rate) }
    }

    func code(_ input: StageInput) throws(SluiceError) {
        switch input {
        case .track(let track):
            try decode(nil)
            decoder = try Decoder(track: track, threads: 1, lowDelay: true)
        case .packet(let packet, _): try decode(packet)
        case .frame(let frame, _): try encode(frame)
        case .end:
            try decode(nil)
            try encode(nil)
            try outlet.ended(id)
        }
    }

    private func decode(_ packet: Packet?) throws(SluiceError) {
        guard let decoder else { return }
        do throws(SluiceError) {
            while try decoder.send(packet) == .full { try drain(decoder) }
            try drain(decoder)
        } catch {
            guard error.reason == .corrupt else { throw error }
            reporter.log(.info, "damaged sound was left out: \(error.why)")
        }
    }

    private func drain(_ decoder: Decoder) throws(SluiceError) {
        while case .frame(let frame) = try decoder.receive() { try encode(frame) }
    }

    private func encode(_ frame: Frame?) throws(SluiceError) {
        if encoder == nil, let frame { try open(inputRate: frame.sampleRate) }
        guard let encoder else { return }
        try encoder.send(frame)
        while let packet = try encoder.receive() { try outlet.send(packet, mark: nil, isEncoded: true) }
    }

    private func open(inputRate: Int) throws(SluiceError) {
        var settings = AudioEncoder.Settings(codec: codec)
        settings.bitRate = bitRate
        let made = try AudioEncoder(settings, inputRate: inputRate, trackID: id)
        encoder = made
        try outlet.announce(made.track)
    }
}
