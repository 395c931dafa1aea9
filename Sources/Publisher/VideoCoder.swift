// Pictures: decoded where they come as packets, filtered to the wanted rate and size, encoded, marked.
import Media
import Model

final class VideoCoder: TrackCoder {
    struct Wiring {
        var id: Int
        var codec: Codec
        var settings: PublishSettings
        var outlet: Outlet
        var statistics: PublishStatistics
        var reporter: any Reporter
    }

    private let wiring: Wiring
    private var source: Track?
    private var decoder: Decoder?
    private var filter: FilterGraph?
    private var encoder: VideoEncoder?
    private var marks = MarkBook()
    private var damaged = 0

    /// - Parameter track: nil where frames come, not packets.
    init(_ wiring: Wiring, track: Track?) throws(SluiceError) {
        self.wiring = wiring
        source = track
        if let track { decoder = try Decoder(track: track, threads: nil, lowDelay: true) }
        if let rate = wiring.settings.frameRate {
            filter = try FilterGraph(.video, "fps=\(rate.numerator)/\(rate.denominator)")
        }
    }

    /// Opens the encoder before the first picture, where size and rate are known, so that the stream can be
    /// announced while the first picture is still being made.
    func prepare(size: PictureSize, frameRate: Rational) throws(SluiceError) {
        try open(width: size.width, height: size.height, frameRate: frameRate, like: nil)
    }

    func code(_ input: StageInput) throws(SluiceError) {
        switch input {
        case .track(let track):
            try decode(nil)
            source = track
            decoder = try Decoder(track: track, threads: nil, lowDelay: true)
        case .packet(let packet, let captured):
            if let captured, let pts = packet.pts { marks.note(pts, captured) }
            try decode(packet)
        case .frame(let frame, let captured):
            if let captured, let pts = frame.pts { marks.note(pts, captured) }
            try filtered(frame)
        case .end:
            try decode(nil)
            if let filter {
                try filter.push(nil)
                while let frame = try filter.pull() { try encode(frame) }
            }
            try encode(nil)
            try wiring.outlet.ended(wiring.id)
        }
    }

    private func decode(_ packet: Packet?) throws(SluiceError) {
        guard let decoder else { return }
        do throws(SluiceError) {
            while try decoder.send(packet) == .full { try drain(decoder) }
            try drain(decoder)
        } catch {
            guard error.reason == .corrupt else { throw error }
            damaged += 1
            wiring.reporter.log(.info, "a damaged picture was left out: \(error.why)")
        }
    }

    private func drain(_ decoder: Decoder) throws(SluiceError) {
        while case .frame(let frame) = try decoder.receive() { try filtered(frame) }
    }

    private func filtered(_ frame: Frame) throws(SluiceError) {
        guard let filter else { return try encode(frame) }
        try filter.push(frame)
        while let made = try filter.pull() { try encode(made) }
    }

    private func encode(_ frame: Frame?) throws(SluiceError) {
        if encoder == nil, let frame {
            let rate = wiring.settings.frameRate ?? source?.video?.frameRate ?? Rational(30, 1)
            let size = wanted(frame.width, frame.height)
            try open(width: size.width, height: size.height, frameRate: rate, like: frame)
        }
        guard let encoder else { return }
        try encoder.send(frame)
        while let packet = try encoder.receive() {
            try wiring.outlet.send(packet, mark: packet.pts.flatMap { marks.wall(for: $0) }, isEncoded: true)
        }
    }

    private func wanted(_ width: Int, _ height: Int) -> PictureSize {
        guard let size = wiring.settings.size else { return PictureSize(width: width, height: height) }
        return size
    }

    private func open(width: Int, height: Int, frameRate: Rational, like frame: Frame?) throws(SluiceError) {
        let asked = wiring.settings
        var settings = VideoEncoder.Settings(width: width, height: height, frameRate: frameRate)
        settings.codec = wiring.codec
        settings.bitRate = asked.bitRate
        if let preset = asked.preset { settings.preset = preset }
        if let tune = asked.tune { settings.tune = tune == "none" ? nil : tune }
        settings.profile = asked.profile
        // A picture that comes marked keeps its mark: it was captured then, not now.
        settings.keepsMarks = asked.marks
        if let gop = asked.gop {
            settings.gopFrames = max(1, Int((gop.seconds * (frameRate.positiveValue ?? 30)).rounded()))
        }
        let made = try VideoEncoder(settings, like: frame, trackID: wiring.id)
        encoder = made
        wiring.statistics.read { $0.targetBitRate = made.settings.bitRate }
        try wiring.outlet.announce(made.track)
    }
}
