// Decodes pictures and hands them to the screen, to programs and to snapshots.
import Media
import Model
import Timing
import Wire

/// The "video" thread. Everything here belongs to it.
final class VideoStage {
    struct Wiring {
        var plan: PlaybackPlan
        var queues: TrackQueues
        var pictures: PictureQueue
        var clock: MediaClock
        var statistics: PlayStatistics
        var reporter: any Reporter
        var cancel: CancelFlag
        var raw: RawOutput?
        var snapshots: SnapshotOutput?
        /// The screen takes only some layouts; nil: it takes none and no conversion is needed.
        var converts: Bool
        /// Told when the track cannot be decoded at all.
        var unplayable: @Sendable (SluiceError) -> Void
        /// Ends the picture after this much media; nil: at the end of the input.
        var duration: Span?
        /// In playback that holds nothing back: more waiting than this is passed over.
        var skipLimit: Span?
        var wake: @Sendable () -> Void
        var hardware: HardwareChoice
    }

    private let wiring: Wiring
    private var hardware: HardwareChoice
    private var decoder: Decoder?
    private var scaler: Scaler?
    private var epoch = 0
    private var notBefore: MediaTime?
    private var hasKeyframe = false
    private var arrivals: [MediaTime: HostTime] = [:]
    private var firstPTS: MediaTime?
    /// By the decoder's own count.
    private var damagedPackets = 0
    private var damagedSince: HostTime?
    private var isPastEnd = false
    private var isLowDelay: Bool { wiring.plan.isLive }
    private var lastDelivery = HostTime.zero
    private var lastSkip = HostTime.zero

    init(_ wiring: Wiring) {
        self.wiring = wiring
        hardware = wiring.hardware
    }

    /// Runs until the end of the track. Throws only what makes going on pointless (a full disk).
    func run() throws(SluiceError) {
        while !wiring.cancel.isSet, let item = wiring.queues.pop(.video) {
            switch item {
            case .track(let track): try open(track)
            case .packet(let packet):
                guard packet.epoch >= epoch else { continue }
                if passesOver(packet) { continue }
                try decode(packet)
            case .flush(let newEpoch, let target):
                epoch = newEpoch
                notBefore = target
                decoder?.flush()
                hasKeyframe = false
                arrivals = [:]
                wiring.pictures.flush(epoch: newEpoch)
            case .end:
                try decode(nil)
                return finish()
            }
            if isPastEnd { break }
        }
        finish()
    }

    /// More waits than is allowed: goes on from the newest key frame.
    private func passesOver(_ packet: Packet) -> Bool {
        guard wiring.plan == .immediate, let limit = wiring.skipLimit, wiring.queues.span(.video) > limit else {
            return false
        }
        let waiting = wiring.queues.span(.video)
        let passed = wiring.queues.skipVideo(notAfter: nil, epoch: epoch)
        guard passed > 0 else { return false }
        wiring.statistics.dropped(passed + 1)
        // Before anything was shown it is a server's cache, and no delay.
        guard lastDelivery != .zero else { return true }
        let now = HostTime.now()
        defer { lastSkip = now }
        // A burst that comes in is one skip.
        guard now - lastSkip > .seconds(1) else { return true }
        let behind = packet.pts.flatMap { pts in wiring.statistics.read { $0.edge.delay(presenting: pts, at: now) }
        }
        let skipped = behind ?? waiting
        wiring.statistics.skipped()
        wiring.reporter.report(
            Event("skip", [.init("skipped_ms", .number(skipped.milliseconds)), .init("reason", .string("behind"))]))
        wiring.reporter.log(.info, "skipped \(Int(skipped.milliseconds.rounded())) ms: behind")
        return true
    }

    private func finish() {
        wiring.clock.pictureEnded()
        wiring.pictures.finish()
        wiring.wake()
    }

    private func open(_ track: Track) throws(SluiceError) {
        // Pictures of the old parameters that the decoder still holds are shown first.
        if decoder != nil { try decode(nil) }
        hasKeyframe = false
        do throws(SluiceError) {
            decoder = try Decoder(
                track: track, threads: nil, lowDelay: isLowDelay, hardware: hardware.deviceForDecoder())
            damagedPackets = 0
            damagedSince = nil
        } catch {
            decoder = nil
            wiring.reporter.log(.warning, "the picture is left out: \(error.why)")
            wiring.unplayable(error)
        }
    }

    private func decode(_ packet: Packet?) throws(SluiceError) {
        guard let decoder else { return }
        if let packet {
            // Nothing broken is shown: decoding begins at a key frame.
            guard hasKeyframe || packet.isKeyframe else { return }
            hasKeyframe = true
            if let pts = packet.pts {
                if arrivals.count > 256 { arrivals = [:] }
                arrivals[pts] = packet.arrival
            }
        }
        do throws(SluiceError) {
            while try decoder.send(packet) == .full { try drain(decoder) }
            try drain(decoder)
        } catch {
            if error.isOfOutput { throw error }
            // The picture goes on from the next key frame.
            wiring.statistics.damaged()
            if decoder.usesHardware, hardware.fails(error) {
                self.decoder = nil
                return try open(decoder.track)
            }
            wiring.reporter.log(.info, "a damaged picture was left out: \(error.why)")
            decoder.flush()
            hasKeyframe = false
        }
    }

    private func drain(_ decoder: Decoder) throws(SluiceError) {
        while case .frame(let frame) = try decoder.receive() {
            hardware.decoded(onDevice: decoder.usesHardware)
            note(decoder, frame)
            try deliver(frame)
        }
        note(decoder, nil)
    }

    /// Takes note of damage, and of the key frame that ends it.
    private func note(_ decoder: Decoder, _ frame: Frame?) {
        let lost = decoder.damagedPackets - damagedPackets
        damagedPackets = decoder.damagedPackets
        guard lost > 0 || frame?.isDamaged == true else {
            if frame?.isKeyframe == true { damagedSince = nil }
            return
        }
        wiring.statistics.damaged(max(lost, 1))
        damagedSince = damagedSince ?? .now()
    }

    /// What refers to a damaged picture is broken, too: live, the last whole one stays until the next key frame. Not
    /// for ever, since a stream may have no other.
    private func isBroken(_ now: HostTime) -> Bool {
        guard wiring.plan == .immediate || wiring.plan == .buffered, let damagedSince else { return false }
        return now - damagedSince < Self.damagePatience
    }
    private static let damagePatience = Span.seconds(3)

    private func deliver(_ frame: Frame) throws(SluiceError) {
        if let notBefore, let pts = frame.pts, pts < notBefore { return }
        if let pts = frame.pts, let duration = wiring.duration {
            firstPTS = firstPTS ?? pts
            if let firstPTS, pts - firstPTS >= duration { isPastEnd = true }
            if isPastEnd { return }
        }
        try wiring.raw?.write(frame)
        let arrival = frame.pts.flatMap { arrivals.removeValue(forKey: $0) }
        let now = HostTime.now()
        var picture = DecodedPicture(
            frame: frame, pts: frame.pts, epoch: epoch, mark: Self.mark(of: frame),
            decodeTime: arrival.map { now - $0 } ?? .zero)
        defer { wiring.snapshots?.consider(frame) }
        if wiring.plan == .unpaced {
            _ = wiring.statistics.shown(picture, at: now, wall: .now())
            return
        }
        if wiring.converts, frame.layout == .other {
            if scaler == nil { scaler = try Scaler(pixelFormat: "bgr0") }
            if let converted = try scaler?.scale(frame) { picture.frame = converted }
        }
        if isPast(picture, now) || isBroken(now) {
            wiring.statistics.dropped(1)
            return
        }
        lastDelivery = now
        guard let passedOver = wiring.pictures.push(picture, waits: wiring.plan != .immediate) else { return }
        wiring.statistics.dropped(passedOver)
        if wiring.plan != .immediate { wiring.clock.pictureReady(picture.pts, epoch: epoch) }
        wiring.wake()
    }

    /// In live playback by a clock: too late to be shown, and more is waiting. Now and then one is shown all the same,
    /// so that a decoder that is too slow does not leave the picture standing.
    private func isPast(_ picture: DecodedPicture, _ now: HostTime) -> Bool {
        if wiring.plan == .immediate {
            // What lies before the live edge after a skip, or in a server's cache, is decoded unseen.
            return wiring.queues.span(.video) > (wiring.skipLimit ?? .seconds(1))
                && now - lastDelivery < .milliseconds(500)
        }
        guard wiring.plan == .buffered, let due = picture.pts.flatMap({ wiring.clock.host(of: $0) }) else {
            return false
        }
        return now - due > .milliseconds(50) && wiring.queues.span(.video) > .milliseconds(50)
            && now - lastDelivery < .milliseconds(500)
    }

    private static func mark(of frame: Frame) -> WallTime? {
        for payload in frame.userDataSEI {
            if let mark = PrecisionTimeStamp(userData: payload) { return mark.time }
        }
        return nil
    }
}
