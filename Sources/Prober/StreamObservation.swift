// All that is observed of a stream, fed with the source's events in their order. No clock, no I/O: a made-up
// sequence of events gives the same measurements as a real one.
import Intake
import Model

struct StreamObservation: Sendable {
    /// Something that broke off and came back.
    struct Interruption: Sendable, Equatable {
        var at: MediaTime?
        var gap: Span
    }

    private(set) var description: SourceDescription?
    /// By track id, in the order of announcement.
    private(set) var tracks: [TrackObserver] = []
    private(set) var interleave = InterleaveObserver()
    private(set) var stalls = StallObserver()
    private(set) var facts = ObservedFacts()
    private(set) var interruptions: [Interruption] = []
    /// Why the source ended by itself; nil while it goes on and when it said a plain end.
    private(set) var endError: SluiceError?
    private(set) var hasEnded = false
    private(set) var packets = 0
    private(set) var firstMedia: HostTime?
    private(set) var firstKeyframe: HostTime?
    /// When the observation was over.
    private(set) var finishedAt: HostTime?
    private var isResuming = false

    init() {}

    var isLive: Bool { description?.isLive ?? false }
    var isSegmented: Bool { description?.isSegmented ?? false }
    var video: TrackObserver? { tracks.first { $0.track.kind == .video && $0.packets > 0 } ?? track(.video) }
    var audio: TrackObserver? { tracks.first { $0.track.kind == .audio && $0.packets > 0 } ?? track(.audio) }
    private func track(_ kind: TrackKind) -> TrackObserver? { tracks.first { $0.track.kind == kind } }

    func packets(of kind: TrackKind) -> Int {
        tracks.reduce(0) { $0 + ($1.track.kind == kind ? $1.packets : 0) }
    }

    /// The media time that was seen, of the track of which most was seen.
    var mediaSpan: Span { tracks.map(\.timeline.covered).max() ?? .zero }

    /// How long was observed: by the clock for what is live, by the stamps for files.
    func observed(at now: HostTime) -> Span {
        guard let firstMedia else { return .zero }
        return isLive ? (finishedAt ?? now) - firstMedia : mediaSpan
    }

    /// The usual distance between any two packets is at most this.
    private var usualStep: Span {
        tracks.filter { $0.packets > 0 }.compactMap(\.timeline.typicalStep).min() ?? .milliseconds(100)
    }

    // MARK: Events

    /// - Parameters:
    ///   - now: When the event is handled; packets carry their own arrival.
    ///   - toWall: What turns the host's clock into the wall clock.
    mutating func take(_ event: SourceEvent, now: HostTime, toWall: Span) {
        switch event {
        case .opened(let description): self.description = description
        case .tracks(let list): announce(list)
        case .packet(let packet): take(packet, toWall: toWall)
        case .discontinuity: restart()
        case .fact(let fact):
            facts.add(fact, now: now, position: video?.timeline.last ?? audio?.timeline.last)
            if case .cut = fact { restart() }
        case .interrupted: if packets > 0 { isResuming = true }
        case .resumed(_, let gap):
            restart()
            stalls.restart()
            if isResuming { interruptions.append(Interruption(at: video?.timeline.last, gap: gap)) }
            isResuming = false
        case .note: break
        case .end(let error):
            hasEnded = true
            endError = error
        }
    }

    /// The observation is over; nothing may follow.
    mutating func finish(at now: HostTime) {
        finishedAt = now
        if isLive, !isSegmented, !hasEnded { stalls.finish(at: now, usual: usualStep) }
        for index in tracks.indices { tracks[index].finish() }
    }

    private mutating func restart() {
        for index in tracks.indices { tracks[index].restart() }
        interleave.restart()
    }

    private mutating func announce(_ list: [Track]) {
        for told in list where told.kind != .data && !told.isAttachedPicture {
            if let index = tracks.firstIndex(where: { $0.track.id == told.id }) {
                let before = tracks[index].track
                let track = told.completed(from: before)
                if before.differs(from: track) {
                    facts.noteParameters(track, position: tracks[index].timeline.last)
                }
                tracks[index].update(track)
            } else {
                tracks.append(
                    TrackObserver(
                        told, isLive: isLive && !isSegmented, measuresArrival: isLive, isSegmented: isSegmented))
                // Sound may come first; the report has the same order each time.
                tracks.sort { $0.track.id < $1.track.id }
            }
        }
    }

    private mutating func take(_ packet: Packet, toWall: Span) {
        guard let index = tracks.firstIndex(where: { $0.track.id == packet.track }) else { return }
        packets += 1
        firstMedia = firstMedia ?? packet.arrival
        if packet.kind == .video, packet.isKeyframe { firstKeyframe = firstKeyframe ?? packet.arrival }
        let dates = facts.programDates
        let step = tracks[index].add(packet, toWall: toWall) { dates.wall(at: $0) }
        if isLive, !isSegmented {
            stalls.add(arrival: packet.arrival, media: packet.orderTime, usual: usualStep)
        }
        switch step {
        case .jump, .rollback: interleave.restart()
        default: break
        }
        // The first track of each kind; more of them would mix several offsets into one.
        guard let time = tracks[index].timeline.last,
            packet.track == (packet.kind == .video ? video : audio)?.track.id
        else { return }
        interleave.add(packet.kind, at: time, arrival: isLive && !isSegmented ? packet.arrival : nil)
    }
}

extension Track {
    /// What is not known yet is as it was: a demuxer that begins anew announces its tracks before it has looked.
    fileprivate func completed(from before: Track) -> Track {
        guard codec == before.codec else { return self }
        var track = self
        if (video?.width ?? 0) == 0 { track.video = before.video }
        if (audio?.sampleRate ?? 0) == 0 { track.audio = before.audio }
        return track
    }

    /// Another stream than before, where both are known.
    fileprivate func differs(from new: Track) -> Bool {
        if codec != new.codec { return true }
        if let a = video, let b = new.video, a.width > 0, a.width != b.width || a.height != b.height { return true }
        if let a = audio, let b = new.audio, a.sampleRate > 0,
            a.sampleRate != b.sampleRate || a.channels != b.channels
        {
            return true
        }
        return false
    }
}
