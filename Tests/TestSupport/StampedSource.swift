public import Model
import Synchronization

// Raw yuv420p pictures in real time, each with the wall clock of its making as a barcode: the camera of the
// tests. Writes to a descriptor; encodes nothing.
#if canImport(Glibc)
    import Glibc
#endif

/// Runs on a thread of its own until `stop`, its length, or the reader's end.
public final class StampedSource: Sendable {
    /// What the barcode says.
    public enum Stamp: Sendable {
        /// Milliseconds of Unix time.
        case wallClock
        /// The frame's number, counting from this one.
        case number(from: UInt64)
    }

    public static let numberBase: UInt64 = 1 << 40
    private let stopped = CancelFlag()
    private let made = Mutex(0)

    /// - Parameters:
    ///   - descriptor: Where frames go; a duplicate is kept and closed at the end.
    ///   - isPaced: False writes as fast as the reader takes.
    public init(
        to descriptor: Int32, width: Int = 640, height: Int = 360, framesPerSecond: Double = 30,
        length: Span? = nil, stamp: Stamp = .wallClock, isPaced: Bool = true
    ) {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        let stopped = stopped
        _ = NamedThread("test-camera") { [weak self] in
            var painter = StampedPainter(width: width, height: height)
            let start = HostTime.now()
            var index = 0
            while !stopped.isSet {
                let due = Span.seconds(Double(index) / framesPerSecond)
                if let length, due >= length { break }
                if isPaced { rest(until: start + due) }
                let value: UInt64 =
                    switch stamp {
                    case .wallClock: UInt64(WallTime.now().wholeMilliseconds)
                    case .number(let first): first + UInt64(index)
                    }
                guard writeAll(copy, painter.frame(index, value)) else { break }
                index += 1
                self?.made.withLock { $0 = index }
            }
            close(copy)
        }
    }

    deinit { stop() }

    public func stop() { stopped.set() }
    /// Frames written so far.
    public var frames: Int { made.withLock { $0 } }
}

/// Makes the pictures: coarse noise that moves four pixels a frame under the barcode.
public struct StampedPainter {
    public let width: Int
    public let height: Int
    private var texture: [UInt8] = []
    private var picture: [UInt8]

    public init(width: Int = 640, height: Int = 360) {
        self.width = width
        self.height = height
        picture = [UInt8](repeating: 128, count: width * height * 3 / 2)
        var numbers = SeededNumbers(state: 7)
        let cells = (width + 7) / 8
        for _ in 0..<(height + 7) / 8 {
            let row = (0..<cells).flatMap { _ in
                [UInt8](repeating: .random(in: 60..<200, using: &numbers), count: 8)
            }
            texture += row.prefix(width)
        }
    }

    public mutating func frame(_ index: Int, _ value: UInt64) -> [UInt8] {
        let shift = index * 4 % width
        for row in Barcode.height..<height {
            let cells = row / 8 * width
            let start = row * width
            for column in 0..<width {
                let from = column + shift
                picture[start + column] = texture[cells + (from < width ? from : from - width)]
            }
        }
        Barcode.draw(value, into: &picture, width: width, stride: width)
        return picture
    }
}

/// Blocks this thread until then.
public func rest(until deadline: HostTime) {
    var when = timespec(
        tv_sec: Int(deadline.nanoseconds / 1_000_000_000), tv_nsec: Int(deadline.nanoseconds % 1_000_000_000))
    while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, nil) == EINTR {}
}
