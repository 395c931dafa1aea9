import Media
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct RawVideoReaderTests {
    private let rate = Rational(25, 1)

    /// Both ends of a pipe, closed when the test lets go.
    private final class Pipe {
        let reading: Int32
        private(set) var writing: Int32
        init() throws {
            var ends: [Int32] = [-1, -1]
            try #require(pipe(&ends) == 0)
            (reading, writing) = (ends[0], ends[1])
        }
        func feed(_ bytes: [UInt8]) { _ = write(writing, bytes, bytes.count) }
        func end() {
            if writing >= 0 { close(writing) }
            writing = -1
        }
        deinit {
            end()
            close(reading)
        }
    }

    private func bytes(_ seed: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + seed) }
    }

    @Test func framesAreReadWholeHoweverTheyCome() throws {
        let pipe = try Pipe()
        let reader = try RawVideoReader(
            descriptor: pipe.reading, pixelFormat: "rgb24", width: 7, height: 5, frameRate: rate)
        #expect(reader.frameByteCount == 105)
        let all = bytes(1, 105) + bytes(2, 105) + bytes(3, 105)
        var frames: [Frame] = []
        for (index, byte) in all.enumerated() {
            pipe.feed([byte])
            switch try reader.read(deadline: .now()) {
            case .frame(let frame, let arrival):
                #expect((index + 1) % 105 == 0)
                #expect(HostTime.now() - arrival < .seconds(5))
                frames.append(frame)
            case .timedOut: #expect((index + 1) % 105 != 0)
            default: Issue.record("neither a frame nor a wait")
            }
        }
        #expect(frames.count == 3)
        #expect(frames.map(\.pts) == [0, 40, 80].map { MediaTime(milliseconds: $0) })
        for (index, frame) in frames.enumerated() {
            #expect(Bench.pixel(frame, 0, 4, bytes: 21) == Array(bytes(index + 1, 105)[84...]))
        }
    }

    @Test func planesAreWhereTheyBelong() throws {
        let frame = try #require(try Bench.pictures(bytes(9, 4 * 4 * 3 / 2), "yuv420p", 4, 4).first)
        let planes = frame.withPlanes { lent in
            lent.planes.enumerated().map { index, plane in
                Array(UnsafeBufferPointer(start: plane.base, count: index == 0 ? 16 : 4))
            }
        }
        #expect(planes.flatMap(\.self) == bytes(9, 24))
    }

    @Test func anEndInsideAPictureIsReported() throws {
        let pipe = try Pipe()
        let reader = try RawVideoReader(
            descriptor: pipe.reading, pixelFormat: "gray", width: 10, height: 10, frameRate: rate)
        pipe.feed(bytes(0, 130))
        pipe.end()
        guard case .frame = try reader.read(deadline: .now() + .seconds(5)) else {
            Issue.record("no frame")
            return
        }
        for leftover in [30, 0] {
            guard case .endOfInput(let count) = try reader.read(deadline: .now() + .seconds(5)) else {
                Issue.record("no end")
                return
            }
            #expect(count == leftover)
        }
    }

    @Test func aDeadlineEndsTheWait() throws {
        let pipe = try Pipe()
        let reader = try RawVideoReader(
            descriptor: pipe.reading, pixelFormat: "gray", width: 10, height: 10, frameRate: rate)
        let start = HostTime.now()
        guard case .timedOut = try reader.read(deadline: start + .milliseconds(60)) else {
            Issue.record("no time-out")
            return
        }
        #expect(HostTime.now() - start >= .milliseconds(60))
    }

    @Test func aCancelWakesTheWait() throws {
        let pipe = try Pipe()
        let cancel = CancelFlag()
        let reader = try RawVideoReader(
            descriptor: pipe.reading, pixelFormat: "gray", width: 10, height: 10, frameRate: rate, cancel: cancel)
        let setter = NamedThread("test-cancel") { cancel.set() }
        defer { setter.join() }
        guard case .cancelled = try reader.read(deadline: .now() + .seconds(10)) else {
            Issue.record("not cancelled")
            return
        }
        guard case .cancelled = try reader.read(deadline: nil) else {
            Issue.record("not cancelled again")
            return
        }
    }

    @Test func aClosedDescriptorIsAnError() throws {
        let directory = try TempDirectory("raw")
        let descriptor = open(directory.path, O_RDONLY)
        defer { close(descriptor) }
        let reader = try RawVideoReader(
            descriptor: descriptor, pixelFormat: "gray", width: 10, height: 10, frameRate: rate)
        let error = #expect(throws: SluiceError.self) { try reader.read(deadline: .now() + .seconds(5)) }
        #expect(error?.reason == .noInput)
    }

    @Test func unknownFormatsAreToldWithKnownOnes() {
        for (format, width, fps) in [
            ("yuv", 10, rate), ("gray", 0, rate), ("gray", 10, Rational(0, 1)), ("vaapi", 10, rate),
        ] {
            let error = #expect(throws: SluiceError.self) {
                try RawVideoReader(descriptor: 0, pixelFormat: format, width: width, height: 10, frameRate: fps)
            }
            #expect(error?.reason == .usage)
            if format == "yuv" { #expect(error?.hint?.contains("yuv420p, nv12") == true) }
        }
    }

    @Test func twoHundredReadersLeaveNoDescriptor() throws {
        let pipe = try Pipe()
        let cancel = CancelFlag()
        let isFlat = try Bench.isFlat {
            _ = try RawVideoReader(
                descriptor: pipe.reading, pixelFormat: "yuv420p", width: 1280, height: 720, frameRate: rate,
                cancel: cancel)
        }
        #expect(isFlat)
        // A leak of two a reader would have used up the first thousand.
        let probe = dup(pipe.reading)
        #expect(probe < 400)
        close(probe)
    }
}
