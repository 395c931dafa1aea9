// The packets that wait for the decoders, one line for each kind.
import Model

/// A file is read only as far ahead as it must be: until each track has a second waiting. Tracks are
/// judged together, because a reader that waits for room in one line can starve the other.
final class TrackQueues: Sendable {
    struct Line {
        var items: [StageItem] = []
        var head = 0
        var bytes = 0
        var first: MediaTime?
        var last: MediaTime?
        var isUsed = false
        /// A live line that is full loses packets until its next key frame.
        var isDropping = false
        var count: Int { items.count - head }
        var span: Span {
            guard let first, let last, count > 0 else { return .zero }
            return max(.zero, last - first)
        }
    }
    struct State {
        var video = Line()
        var audio = Line()
        var isClosed = false
    }

    private static let enough = Span.seconds(1)
    private static let byteLimit = 24 << 20
    private static let liveByteLimit = 48 << 20
    /// Live media that may wait for a slow decoder; beyond it whole GOPs are lost.
    static let liveLimit = Span.seconds(30)
    private let state = Monitor(State())

    enum Pushed { case taken, dropped, ended }

    /// - Parameter waits: True for sources that can wait; live ones never do.
    func push(_ item: StageItem, to kind: TrackKind, waits: Bool) -> Pushed {
        if waits {
            let isOpen = state.wait(until: nil) { state -> Bool? in
                if state.isClosed { return false }
                let full = state.video.bytes + state.audio.bytes > Self.byteLimit
                let lines = [state.video, state.audio].filter(\.isUsed)
                let satisfied = !lines.isEmpty && lines.allSatisfy { $0.span > Self.enough && $0.count > 8 }
                return full || satisfied ? nil : true
            }
            guard isOpen == true else { return .ended }
        }
        return state.withLock { state in
            guard !state.isClosed else { return .ended }
            let taken =
                kind == .video
                ? Self.append(item, to: &state.video, isBounded: !waits)
                : Self.append(item, to: &state.audio, isBounded: !waits)
            return taken ? .taken : .dropped
        }
    }

    /// The next item for a decoding thread; nil when playback has ended or at the deadline.
    func pop(_ kind: TrackKind, until deadline: HostTime? = nil) -> StageItem? {
        state.wait(until: deadline) { state -> StageItem?? in
            let item = kind == .video ? Self.take(from: &state.video) : Self.take(from: &state.audio)
            if let item { return .some(item) }
            return state.isClosed ? .some(nil) : nil
        } ?? nil
    }

    /// Throws away waiting packets; announcements of tracks stay.
    func clear() {
        state.withLock { state in
            for path in [\State.video, \State.audio] {
                let kept = state[keyPath: path].items[state[keyPath: path].head...].filter {
                    if case .track = $0 { true } else { false }
                }
                let isUsed = state[keyPath: path].isUsed
                state[keyPath: path] = Line()
                state[keyPath: path].items = Array(kept)
                state[keyPath: path].isUsed = isUsed
            }
        }
    }

    /// Passes over the pictures in front of the newest key frame that is not after `limit` (nil: of the newest).
    /// What is left begins with a flush, so that nothing older than that key frame is shown.
    /// - Returns: How many packets were passed over; 0 where there is no such key frame, and nothing changed.
    func skipVideo(notAfter limit: MediaTime?, epoch: Int) -> Int {
        state.withLock { state in
            let line = state.video
            let isTarget = { (item: StageItem) -> Bool in
                guard case .packet(let packet) = item, packet.isKeyframe, let time = packet.orderTime else {
                    return false
                }
                return limit.map { time <= $0 } ?? true
            }
            guard let index = line.items[line.head...].lastIndex(where: isTarget),
                case .packet(let key) = line.items[index]
            else { return 0 }
            var passed = 0
            var kept: [StageItem] = []
            for item in line.items[line.head..<index] {
                guard case .packet(let packet) = item else {
                    kept.append(item)
                    continue
                }
                passed += 1
                state.video.bytes -= packet.data.count
            }
            guard passed > 0 else { return 0 }
            kept.append(.flush(epoch: epoch, notBefore: key.pts ?? key.dts))
            state.video.items = kept + line.items[index...]
            state.video.head = 0
            state.video.first = key.orderTime
            return passed
        }
    }

    func close() { state.withLock { $0.isClosed = true } }

    /// Media waiting in front of a decoder.
    func span(_ kind: TrackKind) -> Span { state.read { kind == .video ? $0.video.span : $0.audio.span } }

    /// False when the line is full and the packet is lost.
    private static func append(_ item: StageItem, to line: inout Line, isBounded: Bool) -> Bool {
        line.isUsed = true
        if case .packet(let packet) = item {
            if isBounded {
                let isFull = line.span > liveLimit || line.bytes > liveByteLimit || line.count > 8192
                if line.isDropping, packet.isKeyframe, line.span < liveLimit / 2, !isFull {
                    line.isDropping = false
                }
                if isFull { line.isDropping = true }
                guard !line.isDropping else { return false }
            }
            line.bytes += packet.data.count
            line.last = packet.orderTime ?? line.last
            if line.first == nil { line.first = packet.orderTime }
        }
        line.items.append(item)
        return true
    }

    private static func take(from line: inout Line) -> StageItem? {
        guard line.count > 0 else { return nil }
        let item = line.items[line.head]
        line.head += 1
        if line.head > 64, line.head * 2 > line.items.count {
            line.items.removeFirst(line.head)
            line.head = 0
        }
        if case .packet(let packet) = item {
            line.bytes -= packet.data.count
            line.first = packet.orderTime ?? line.first
        }
        if line.count == 0 { line.first = nil }
        return item
    }
}
