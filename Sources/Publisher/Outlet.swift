// Where the tracks meet on their way out: marks, order, counts, and the hand-over to the target.
import Media
import Model
import Timing
import Wire

/// Called from every stage's thread. Live targets get each packet at once: a track never waits for
/// another. Files get the packets of all tracks in order.
final class Outlet: Sendable {
    struct Settings {
        /// Ids of the tracks that are expected; nothing leaves before their parameters are known.
        var expected: Set<Int>
        var marks: Bool
        /// Files: packets of all tracks in one order. Live targets: no waiting.
        var isOrdered: Bool
        /// The media time that leaves as zero; nil: that of the first packet.
        var base: MediaTime?
    }

    private struct State {
        var tracks: [Int: Track] = [:]
        var missing: Set<Int>
        var hasBegun = false
        var early: [(Packet, WallTime?, Bool)] = []
        var interleaver: Interleaver
        var backlog = BacklogPolicy()
        var base: MediaTime?
        var last: [Int: MediaTime] = [:]
        var failure: SluiceError?
        /// Order time up to which each input has come; nil once it has ended.
        var progress: [Int: MediaTime] = [:]
        /// Inputs that have no end of their own, and how far the others have come.
        var endless: Set<Int> = []
        var furthest = MediaTime.zero
        var othersHaveEnded = false
    }

    /// How long the announcement waits for a track whose parameters do not come.
    private static let patience = Span.seconds(2)

    private let settings: Settings
    private let target: any PublishTarget
    private let statistics: PublishStatistics
    private let reporter: any Reporter
    private let state: Monitor<State>
    private let opened = HostTime.now()

    init(_ settings: Settings, target: any PublishTarget, statistics: PublishStatistics, reporter: any Reporter) {
        self.settings = settings
        self.target = target
        self.statistics = statistics
        self.reporter = reporter
        state = Monitor(
            State(
                missing: settings.expected, interleaver: Interleaver(tracks: Array(settings.expected)),
                base: settings.base))
    }

    /// The track's parameters are known, or have changed.
    func announce(_ track: Track) throws(SluiceError) {
        try state.withLock { (state) throws(SluiceError) in
            state.tracks[track.id] = track
            state.missing.remove(track.id)
            if state.hasBegun {
                try target.begin(tracks: ordered(state.tracks))
            } else {
                try beginIfReady(&state)
            }
        }
    }

    /// - Parameters:
    ///   - mark: When the picture was captured; nil where it is not to be marked.
    ///   - isEncoded: Made by our encoder, as opposed to copied.
    func send(_ packet: Packet, mark: WallTime?, isEncoded: Bool) throws(SluiceError) {
        try state.withLock { (state) throws(SluiceError) in
            if let failure = state.failure { throw failure }
            guard state.hasBegun else {
                state.early.append((packet, mark, isEncoded))
                return try beginIfReady(&state)
            }
            try place(packet, mark, isEncoded, &state)
        }
    }

    /// No more packets of this track.
    func ended(_ id: Int) throws(SluiceError) {
        try state.withLock { (state) throws(SluiceError) in
            state.missing.remove(id)
            try beginIfReady(&state)
            for packet in state.interleaver.end(track: id) { try write(packet, &state) }
        }
    }

    /// Everything that still waits, then the target's own end.
    func finish() throws(SluiceError) {
        try state.withLock { (state) throws(SluiceError) in
            state.missing = []
            try beginIfReady(&state)
            for packet in state.interleaver.finish() { try write(packet, &state) }
        }
        try target.finish()
    }

    // MARK: Inputs that are read faster than real time keep together

    /// Waits while this input is far ahead of another one; an endless one is never ahead of one that ends, and
    /// ends where the last of those has ended. False when the push is over for this input.
    func keepTogether(input: Int, at time: MediaTime, cancel: CancelFlag) -> Bool {
        state.withLock { state in
            state.progress[input] = time
            if !state.endless.contains(input) { state.furthest = max(state.furthest, time) }
        }
        while !cancel.isSet {
            let goesOn = state.wait(until: .now() + .milliseconds(50)) { state -> Bool? in
                let isEndless = state.endless.contains(input)
                if isEndless, state.othersHaveEnded { return time < state.furthest }
                let isTogether = state.progress.allSatisfy { other, reached in
                    let lead = isEndless && !state.endless.contains(other) ? Span.zero : .seconds(2)
                    return other == input || time - reached <= lead
                }
                return isTogether ? true : nil
            }
            if let goesOn { return goesOn }
        }
        return false
    }

    /// Called once, before the first input starts: none may run away from one that has yet to begin.
    func inputsBegin(_ inputs: [Int], endless: Set<Int>) {
        state.withLock { state in
            for input in inputs { state.progress[input] = .zero }
            state.endless = endless
        }
    }

    func inputEnded(_ input: Int) {
        state.withLock { state in
            state.progress[input] = nil
            if !state.endless.contains(input) {
                state.othersHaveEnded = state.progress.keys.allSatisfy(state.endless.contains)
            }
        }
    }

    // MARK: Inside

    private func ordered(_ tracks: [Int: Track]) -> [Track] { tracks.values.sorted { $0.id < $1.id } }

    private func beginIfReady(_ state: inout State) throws(SluiceError) {
        guard !state.hasBegun, !state.tracks.isEmpty else { return }
        guard state.missing.isEmpty || HostTime.now() - opened > Self.patience else { return }
        state.hasBegun = true
        try target.begin(tracks: ordered(state.tracks))
        statistics.began(at: .now())
        let early = state.early
        state.early = []
        for (packet, mark, isEncoded) in early { try place(packet, mark, isEncoded, &state) }
    }

    private func place(
        _ packet: Packet, _ mark: WallTime?, _ isEncoded: Bool, _ state: inout State
    ) throws(SluiceError) {
        var packet = packet
        guard let order = packet.orderTime else { return }
        // The stream begins at zero, whatever the first packet of the input says.
        let base = state.base ?? order
        state.base = base
        let shift = MediaTime.zero - base
        packet.dts = order + shift
        packet.pts = (packet.pts ?? order) + shift
        if packet.dts ?? .zero < .zero { packet.dts = .zero }
        if settings.marks, let mark, let track = state.tracks[packet.track] { packet = marked(packet, mark, track) }
        if settings.isOrdered {
            for ready in state.interleaver.add(packet) { try write(ready, &state) }
            statistics.sent(packet, isEncoded: isEncoded, at: .now())
            return
        }
        let decision = state.backlog.decide(
            kind: packet.kind, isKeyframe: packet.isKeyframe, waiting: target.waiting)
        guard decision == .send else {
            statistics.dropped()
            return
        }
        try write(packet, &state)
        statistics.sent(packet, isEncoded: isEncoded, at: .now())
    }

    private func write(_ packet: Packet, _ state: inout State) throws(SluiceError) {
        var packet = packet
        if let order = packet.dts, let last = state.last[packet.track], order <= last {
            packet.dts = last + .milliseconds(1)
            if let pts = packet.pts, let dts = packet.dts, pts < dts { packet.pts = dts }
        }
        state.last[packet.track] = packet.dts
        do throws(SluiceError) {
            try target.write(packet)
        } catch {
            state.failure = error
            throw error
        }
    }

    private func marked(_ packet: Packet, _ wall: WallTime, _ track: Track) -> Packet {
        guard packet.kind == .video, track.codec == .h264 || track.codec == .hevc else { return packet }
        let units = NALUnits(packet.data, .init(configuration: track.configuration, codec: track.codec))
        guard let data = PrecisionTimeStamp(time: wall).inserted(into: units, track.codec) else { return packet }
        var copy = packet
        copy.data = data
        return copy
    }
}
