// Bits per second of media, over all and in windows. Windows of pictures begin at key frames: in any other
// window the share of key frames would look like a change of rate.
import Model

struct RateObserver: Sendable {
    struct Window: Sendable, Equatable {
        var start: MediaTime
        var length: Span
        var bits: Int
        var bitsPerSecond: Double { Double(bits) / max(length.seconds, 0.001) }
    }

    static let shortest = Span.seconds(1)
    private static let capacity = 900

    private(set) var windows: [Window] = []
    private(set) var bits = 0
    private var current: Window?
    private let isVideo: Bool

    init(isVideo: Bool) { self.isVideo = isVideo }

    mutating func add(bytes: Int, at time: MediaTime, isKeyframe: Bool) {
        bits += bytes * 8
        if let window = current, time > window.start {
            current?.length = time - window.start
            if window.bits > 0, time - window.start >= Self.shortest, isKeyframe || !isVideo { close() }
        }
        if current == nil, isKeyframe || !isVideo { current = Window(start: time, length: .zero, bits: 0) }
        current?.bits += bytes * 8
    }

    /// The window across a break of the timeline is thrown away.
    mutating func restart() { current = nil }

    /// The window that is not over yet, once it is long enough to say something. It holds a whole key frame, so
    /// its rate is rather too high.
    var open: Window? { current.flatMap { $0.length >= Self.shortest ? $0 : nil } }

    private mutating func close() {
        if let current { windows.append(current) }
        if windows.count > Self.capacity { windows.removeFirst(Self.capacity / 3) }
        current = nil
    }
}
