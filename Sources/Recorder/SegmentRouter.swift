// Which file each packet belongs to, and when files begin and end. Decides only: no clock, no file, no thread.
// Every packet that can be decoded is written to exactly one file, each track in its order.
import Model
import Timing

/// Fed with tracks and packets in the order of arrival; answers with what is to be done, in order.
struct SegmentRouter {
    enum Action {
        /// A file begins. `origin` is its zero, `first` what made it begin.
        case open(number: Int, tracks: [Track], origin: MediaTime, first: Packet)
        case write(number: Int, Packet)
        /// Nothing more comes for this file.
        case close(number: Int)
    }

    struct Settings {
        var policy: SegmentPolicy
        /// The wall clock's time of a packet.
        var wall: (Packet) -> WallTime
        /// Comes at its own pace: what is held back must not be held long.
        var isLive: Bool
    }

    struct Segment {
        let number: Int
        let generation: Int
        let start: MediaTime
        /// Where the next one begins; nil for the newest. A newer generation has another timeline.
        var end: MediaTime?
        /// When that was, by `watched`.
        var cutAt: Span?
        /// Begun by sound: pictures follow at their next key frame, which may be a GOP away.
        var isEarlyForPictures = false
        var newest: MediaTime
    }

    let settings: Settings
    private var policy: SegmentPolicy
    var lines: [Int: RouterLine] = [:]
    /// Open ones, oldest first.
    var segments: [Segment] = []
    var gathering: Gathering?
    /// Of tracks that do not cut, from where the next cut may be: they wait for the pictures to come there.
    var held: [Packet] = []
    var heldBytes = 0
    /// The next key frame begins a new file, whatever the time.
    var cutIsDue = false
    var generation = 0
    private var generationOfEpoch: [Int: Int] = [:]
    var nextNumber = 1
    var actions: [Action] = []
    /// How long the stream has been watched. A process that was stopped has not waited for anything: what came
    /// meanwhile is yet to be read.
    private(set) var watched = Span.zero
    private var lastLook: HostTime?
    private static let longestLook = Span.seconds(1)
    /// Pictures that no file could show: before the first key frame.
    private(set) var undecodable = 0
    /// Packets without any time.
    private(set) var untimed = 0

    init(_ settings: Settings) {
        self.settings = settings
        policy = settings.policy
    }

    // MARK: What comes in

    /// The tracks as they are now; the whole list.
    mutating func announce(_ tracks: [Track]) {
        for track in tracks where track.kind != .data {
            guard var line = lines[track.id] else {
                lines[track.id] = RouterLine(track)
                continue
            }
            let differs = line.adopt(track)
            lines[track.id] = line
            if differs { changed(line) }
        }
        for id in lines.keys where !tracks.contains(where: { $0.id == id }) { lines[id]?.isGone = true }
    }

    private mutating func changed(_ line: RouterLine) {
        guard line.segment != nil else { return }
        // Sound cannot wait for the pictures: what is coded anew has no place in the old file.
        if line.track.kind == .video || line.track.id != primary {
            if line.track.kind == .video { cutIsDue = true } else { lines[line.track.id]?.mustMove = true }
        } else {
            cutIsDue = true
        }
    }

    mutating func admit(_ packet: Packet, now: HostTime) -> [Action] {
        guard var line = lines[packet.track] else { return [] }
        guard let time = packet.pts ?? packet.dts else {
            untimed += 1
            return []
        }
        line.isGone = false
        if line.noteParameters(in: packet) {
            lines[packet.track] = line
            changed(line)
            line = lines[packet.track] ?? line
        }
        place(&line, packet)
        if packet.kind == .video, line.needsKey {
            guard packet.isKeyframe else {
                undecodable += 1
                lines[packet.track] = line
                return drained(now)
            }
            line.needsKey = false
        }
        lines[packet.track] = line
        if segments.last.map({ line.generation > $0.generation }) ?? true {
            gather(packet, now: now)
        } else {
            route(packet, time, now: now)
        }
        return drained(now)
    }

    /// Called about twice a second, whether packets come or not.
    mutating func tick(now: HostTime) -> [Action] { drained(now) }

    /// The end: everything that is held is written, everything open is closed.
    mutating func finish() -> [Action] {
        openGathered()
        releaseHeld(before: nil)
        for segment in segments { actions.append(.close(number: segment.number)) }
        segments = []
        return take()
    }

    private mutating func drained(_ now: HostTime) -> [Action] {
        if let lastLook, now > lastLook { watched += min(now - lastLook, Self.longestLook) }
        lastLook = max(lastLook ?? now, now)
        if let gathering, gathering.isReady(lines, isLive: settings.isLive, now: now) { openGathered() }
        releaseOverdue(now: now)
        closePassed()
        return take()
    }

    private mutating func take() -> [Action] {
        defer { actions = [] }
        return actions
    }

    // MARK: Timelines

    /// Finds out which timeline the packet is on.
    private mutating func place(_ line: inout RouterLine, _ packet: Packet) {
        if line.epoch != packet.epoch {
            if line.epoch != nil || !generationOfEpoch.isEmpty {
                if generationOfEpoch[packet.epoch] == nil {
                    generation += 1
                    generationOfEpoch = generationOfEpoch.filter { $0.value > generation - 16 }
                }
            }
            let place = generationOfEpoch[packet.epoch] ?? generation
            generationOfEpoch[packet.epoch] = place
            line.begin(epoch: packet.epoch, generation: place)
        } else if line.jumps(to: packet) {
            line.begin(epoch: packet.epoch, generation: line.generation + 1)
            generation = max(generation, line.generation)
        }
        line.note(packet)
    }

    // MARK: A file begins when its tracks are known

    private mutating func gather(_ packet: Packet, now: HostTime) {
        let wanted = lines[packet.track]?.generation ?? generation
        if gathering?.generation != wanted {
            // A timeline that came and went before a file could begin.
            openGathered()
            gathering = Gathering(generation: wanted, since: now)
        }
        gathering?.add(packet)
    }

    private mutating func openGathered() {
        guard let gathered = gathering else { return }
        gathering = nil
        guard let first = gathered.packets.first, let origin = gathered.origin else { return }
        // The timeline before is over for all that has come over to this one.
        releaseHeld(before: nil)
        let cut = gathered.packets.first { $0.kind == .video } ?? first
        cutIsDue = false
        let number = begin(
            at: cut, origin: origin, generation: gathered.generation, first: first,
            members: Set(gathered.packets.map(\.track)))
        for packet in gathered.packets {
            lines[packet.track]?.segment = number
            lines[packet.track]?.generation = gathered.generation
            actions.append(.write(number: number, packet))
            noteNewest(packet)
        }
    }

    /// Opens a file; the one before ends where it begins.
    /// - Parameter members: Tracks that are in it; nil: all that are running.
    mutating func begin(
        at cut: Packet, origin: MediaTime, generation: Int, first: Packet? = nil, members: Set<Int>? = nil
    ) -> Int {
        let start = cut.pts ?? cut.dts ?? origin
        let number = nextNumber
        nextNumber += 1
        if let last = segments.indices.last {
            segments[last].end = start
            segments[last].cutAt = watched
        }
        policy.begin(media: start, wall: settings.wall(cut))
        segments.append(Segment(number: number, generation: generation, start: start, newest: start))
        let inside = lines.values.filter { line in
            if let members { return members.contains(line.track.id) }
            return !line.isGone && (line.segment != nil || line.track.id == cut.track)
        }
        actions.append(
            .open(
                number: number, tracks: inside.map(\.track).sorted { $0.id < $1.id }, origin: origin,
                first: first ?? cut))
        return number
    }

    var newestDuration: Span { segments.last.map { $0.newest - $0.start } ?? .zero }

    /// Whether the next file is due at this packet.
    /// - Parameter margin: So much before the time, too.
    mutating func isDue(_ packet: Packet, _ time: MediaTime, margin: Span = .zero) -> Bool {
        cutIsDue || policy.isDue(media: time, wall: settings.wall(packet) + margin)
    }

    /// The source has gone: what is open is closed, and what comes next is a beginning.
    mutating func interrupt() -> [Action] {
        let closing = finish()
        for id in lines.keys { lines[id]?.leave() }
        return closing
    }

    mutating func noteNewest(_ packet: Packet) {
        guard let time = packet.pts ?? packet.dts, let last = segments.indices.last else { return }
        segments[last].newest = max(segments[last].newest, time)
    }
}
