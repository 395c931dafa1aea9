// A file, a URL or a pipe with a container: read by Intake, looped, paced, handed to the stages.
import Intake
import Model
import Timing

final class AddressInput: PublishInput, @unchecked Sendable {
    // Safe because `open` runs before the thread that calls `run` is started, and nothing else writes.
    private let address: MediaAddress
    private let settings: PublishSettings
    private let stop: CancelFlag
    private var source: Source
    private var early: [SourceEvent] = []
    private var description: SourceDescription?
    private var tracks: [Track] = []

    init(_ address: MediaAddress, settings: PublishSettings, stop: CancelFlag) {
        self.address = address
        self.settings = settings
        self.stop = stop
        source = Self.makeSource(address, settings, stop)
    }

    private static func makeSource(
        _ address: MediaAddress, _ settings: PublishSettings, _ stop: CancelFlag, isReopened: Bool = false
    ) -> Source {
        var wanted = SourceSettings(
            address: address, options: settings.source, format: settings.inputFormat?.name,
            startAt: settings.startAt)
        wanted.verb = "read"
        wanted.isReopened = isReopened
        return Source(wanted, cancel: stop)
    }

    let isFinite = true
    let deliversFrames = false
    var isLive: Bool { settings.isLive ?? description?.isLive ?? false }
    func close() { source.close() }

    /// A live stream tells of its tracks one after the other: this long the second kind is waited for.
    private static let trackPatience = Span.seconds(1)

    func open() throws(SluiceError) -> [Track] {
        var deadline: HostTime?
        while !stop.isSet {
            guard let event = source.next(until: deadline) else { break }
            switch event {
            case .opened(let value):
                description = value
                if value.isLive, let start = settings.startAt, start > .zero {
                    throw SluiceError(
                        .usage, "cannot push \(address) from \(start.seconds) s",
                        why: "a live stream has no beginning", hint: "leave out --start-at")
                }
            case .tracks(let list):
                tracks = list
                let kinds = Set(list.map(\.kind))
                if kinds.contains(.video), kinds.contains(.audio) { return tracks }
                if description?.isLive == false, !list.isEmpty { return tracks }
                deadline = deadline ?? .now() + Self.trackPatience
            case .end(let error):
                if tracks.isEmpty {
                    throw error
                        ?? SluiceError(.noMedia, "cannot push \(address)", why: "there is nothing in it to send")
                }
                early.append(event)
                return tracks
            case .packet, .discontinuity, .note, .fact, .interrupted, .resumed: early.append(event)
            }
        }
        return tracks
    }

    func run(_ stages: [Int: any TrackStage], _ context: InputContext) throws(SluiceError) {
        var run = AddressRun(
            stages: stages, context: context, isPaced: context.isPaced && !isLive,
            foresees: description?.isSeekable == true)
        var pass = 1
        var pending = early
        early = []
        while !stop.isSet {
            let event: SourceEvent
            if !pending.isEmpty {
                event = pending.removeFirst()
            } else if let next = source.next(until: run.hasLine ? .now() : nil) {
                event = next
            } else if run.hasLine {
                guard try run.leaveLine() else { return try run.finish() }
                continue
            } else {
                break
            }
            switch event {
            // At the end the next pass is opened while these wait for their moments.
            case .packet, .end: break
            default: guard try run.leaveLine() else { return try run.finish() }
            }
            switch event {
            case .opened, .discontinuity, .fact, .interrupted, .resumed: break
            case .note(let text): context.reporter.log(.info, text)
            case .tracks(let list):
                for track in list { try run.changed(track) }
            case .packet(let packet):
                guard try run.take(packet) else { return try run.finish() }
            case .end(let error):
                if let error {
                    // What could be read is sent all the same.
                    try run.finish()
                    throw error
                }
                guard repeats(after: pass) else { return try run.finish() }
                pass += 1
                // Opens in the background while the rest of this pass is still being paced.
                source.close()
                source = Self.makeSource(address, settings, stop, isReopened: true)
                guard try run.nextPass() else { return try run.finish() }
            }
        }
        try run.finish()
    }

    private func repeats(after pass: Int) -> Bool {
        switch settings.repetition {
        case .once: false
        case .times(let count): pass < count
        case .forever: true
        }
    }
}

/// The packets of one input on their way: one timeline over all passes, in order, at their moment.
private struct AddressRun {
    private let stages: [Int: any TrackStage]
    private let context: InputContext
    private let isPaced: Bool
    private var configurations: [Int: [UInt8]] = [:]
    private var timeline = LoopTimeline()
    private var order: Interleaver
    private var pacer = Pacer()
    private var shift: Span?
    private var hasKeyframe = false
    /// Packets held back until enough are known to say how far pictures are reordered; nil afterwards, and
    /// for input that does not give them at once.
    private var foreseen: [Packet]?
    /// Paced packets that wait for their moment, in order. What can be read at once is put in order in one go:
    /// a processor that has slept does four things once faster than each of them every time that it wakes.
    private var line: [Packet] = []
    private static let longestLine = 32
    /// Pictures; more than any reordering spans.
    private static let foresight = 20

    init(stages: [Int: any TrackStage], context: InputContext, isPaced: Bool, foresees: Bool) {
        foreseen = foresees ? [] : nil
        self.stages = stages
        self.context = context
        self.isPaced = isPaced
        order = Interleaver(tracks: Array(stages.keys), patience: .seconds(1))
    }

    mutating func changed(_ track: Track) throws(SluiceError) {
        guard let stage = stages[track.id] else { return }
        if let known = configurations[track.id], known != track.configuration {
            _ = try stage.accept(.track(track))
        }
        configurations[track.id] = track.configuration
    }

    /// False when the push is over or long enough.
    mutating func take(_ packet: Packet) throws(SluiceError) -> Bool {
        guard stages[packet.track] != nil, packet.orderTime != nil else { return true }
        // A live stream that is joined in the middle of a GOP begins with its next key frame: nothing
        // before it can be decoded.
        if packet.kind == .video, !hasKeyframe {
            guard packet.isKeyframe else { return true }
            hasKeyframe = true
        }
        let placed = timeline.place(packet)
        guard isPaced else { return try leave(placed) }
        if foreseen != nil {
            foreseen?.append(placed)
            if let pts = placed.pts, let dts = placed.dts { pacer.foresee(pts: pts, dts: dts) }
            let isEnough = foreseen.map { held in
                held.count >= 8 * Self.foresight || held.count(where: { $0.kind == .video }) >= Self.foresight
            }
            return isEnough == true ? try releaseForeseen() : true
        }
        line += order.add(placed)
        return line.count < Self.longestLine ? true : try leaveLine()
    }

    var hasLine: Bool { !line.isEmpty }

    /// Sends the packets that wait, each at its moment. False when the push is over or long enough.
    mutating func leaveLine() throws(SluiceError) -> Bool {
        let ready = line
        line = []
        for packet in ready where !(try leave(packet)) { return false }
        return true
    }

    private mutating func releaseForeseen() throws(SluiceError) -> Bool {
        for packet in foreseen ?? [] { line += order.add(packet) }
        foreseen = nil
        return try leaveLine()
    }

    mutating func nextPass() throws(SluiceError) -> Bool {
        guard try releaseForeseen() else { return false }
        line = order.finish()
        guard try leaveLine() else { return false }
        order = Interleaver(tracks: Array(stages.keys), patience: .seconds(1))
        timeline.nextPass()
        return true
    }

    mutating func finish() throws(SluiceError) {
        if !context.stop.isSet, try releaseForeseen() {
            line = order.finish()
            _ = try leaveLine()
        }
        if context.keepsTogether { context.outlet.inputEnded(context.index) }
        for stage in stages.values { _ = try stage.accept(.end) }
    }

    private mutating func leave(_ original: Packet) throws(SluiceError) -> Bool {
        var packet = original
        guard let first = packet.orderTime else { return true }
        let now = HostTime.now()
        if shift == nil {
            // Files begin at zero; live input begins where the session is by now.
            let zero = packet.pts ?? first
            let begin = isPaced || !context.isPaced ? MediaTime.zero : MediaTime.zero + (now - context.start)
            shift = begin - zero
        }
        guard let shift else { return true }
        packet.pts = packet.pts.map { $0 + shift }
        packet.dts = packet.dts.map { $0 + shift }
        guard let time = packet.orderTime else { return true }
        if context.isOver(time) { return false }
        var captured: WallTime?
        if isPaced {
            let moment = pacer.departure(time, isSound: packet.kind == .audio, now: now)
            guard context.wait(for: moment) else { return false }
            pacer.released(time, now: .now())
            captured = pacer.captureTime(pts: packet.pts ?? time, dts: time).map { InputContext.wall(of: $0) }
        } else {
            if context.keepsTogether,
                !context.outlet.keepTogether(input: context.index, at: time, cancel: context.stop)
            {
                return false
            }
            captured = InputContext.wall(of: packet.arrival)
        }
        guard let stage = stages[packet.track] else { return true }
        return try stage.accept(.packet(packet, captured: packet.kind == .video ? captured : nil))
    }
}
