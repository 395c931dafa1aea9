// Decoded pictures on their way to the screen. Three at most: more would only be memory and delay.
import Media
import Model

/// A decoded picture with what is known about it.
struct DecodedPicture: Sendable {
    var frame: Frame
    var pts: MediaTime?
    var epoch: Int
    /// When it was captured, where the stream says so.
    var mark: WallTime?
    /// Time from its arrival to its leaving the decoder.
    var decodeTime: Span
}

final class PictureQueue: Sendable {
    struct State {
        var pictures: [DecodedPicture] = []
        var epoch = 0
        var isFinished = false
        var isClosed = false
    }

    private static let capacity = 3
    private let state = Monitor(State())

    /// - Parameter waits: True where pictures are shown at their time; else the oldest gives way.
    /// - Returns: Pictures that gave way, nil when playback has ended.
    func push(_ picture: DecodedPicture, waits: Bool) -> Int? {
        state.wait(until: nil) { state -> Int?? in
            if state.isClosed { return .some(nil) }
            if picture.epoch < state.epoch { return .some(0) }
            if state.pictures.count < Self.capacity {
                state.pictures.append(picture)
                return .some(0)
            }
            if waits { return nil }
            state.pictures.removeFirst()
            state.pictures.append(picture)
            return .some(1)
        } ?? nil
    }

    /// The two oldest, without taking them.
    func peek() -> (DecodedPicture, DecodedPicture?)? {
        state.read { state in
            guard let first = state.pictures.first else { return nil }
            return (first, state.pictures.count > 1 ? state.pictures[1] : nil)
        }
    }

    func takeFirst() -> DecodedPicture? {
        state.withLock { $0.pictures.isEmpty ? nil : $0.pictures.removeFirst() }
    }

    /// The newest; older ones are thrown away and counted.
    func takeNewest() -> (picture: DecodedPicture, passedOver: Int)? {
        state.withLock { state in
            guard let newest = state.pictures.last else { return nil }
            let passedOver = state.pictures.count - 1
            state.pictures = []
            return (newest, passedOver)
        }
    }

    /// From now on only pictures of this epoch or later are taken.
    func flush(epoch: Int) {
        state.withLock { state in
            state.epoch = max(state.epoch, epoch)
            state.pictures.removeAll { $0.epoch < epoch }
            state.isFinished = false
        }
    }

    /// No more pictures will come (of this epoch).
    func finish() { state.withLock { $0.isFinished = true } }
    func close() { state.withLock { $0.isClosed = true } }
    var isFinished: Bool { state.read { $0.isFinished && $0.pictures.isEmpty } }
    var isEmpty: Bool { state.read(\.pictures.isEmpty) }

    /// Waits for a picture, the end, or the deadline; for playback without a window.
    func wait(until deadline: HostTime?) {
        _ = state.wait(until: deadline) { state -> Bool? in
            state.pictures.isEmpty && !state.isFinished && !state.isClosed ? nil : true
        }
    }

    /// Waits for a picture that was not there before; for playback without a window.
    func waitForChange(count: Int, until deadline: HostTime?) {
        _ = state.wait(until: deadline) { state -> Bool? in
            state.pictures.count == count && !state.isClosed ? nil : true
        }
    }
    var count: Int { state.read(\.pictures.count) }
}
