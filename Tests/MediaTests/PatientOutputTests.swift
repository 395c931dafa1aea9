// Raw pictures and sound into pipes whose readers stand still, go away, or never come.
import Media
import Model
import Synchronization
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct PatientOutputTests {
    private func picture() throws -> Frame {
        try TestPattern(width: 1920, height: 1080, frameRate: Rational(25, 1)).frame(at: 0, wall: .now())
    }

    /// Work on a thread of its own, which notes when and how it ended.
    private final class Work: Sendable {
        private let end = Mutex<(result: Result<Void, any Error>, at: HostTime)?>(nil)

        init(_ body: @escaping @Sendable () throws -> Void) {
            _ = NamedThread("writer") { [self] in
                let result = Result { try body() }
                end.withLock { $0 = (result, .now()) }
            }
        }

        /// When it ended. Limits are wide: tests that block share the threads that this one waits on.
        func ended() async throws -> HostTime {
            let found = try #require(await firstValue(within: .seconds(20)) { end.withLock { $0 } })
            try found.result.get()
            return found.at
        }
    }

    @Test func picturesForAReaderWhoStandsStill() async throws {
        let directory = try TempDirectory("still")
        let path = directory.file("out")
        try #require(mkfifo(path, 0o600) == 0)
        let reader = open(path, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        let cancel = CancelFlag()
        let frame = try picture()
        let begun = CancelFlag()
        let work = Work {
            let writer = try RawVideoWriter(
                MediaAddress(path), pixelFormat: "yuv420p", size: nil, cancel: cancel)
            begun.set()
            try writer.write(frame)
            try writer.write(frame)
        }
        #expect(await eventually(within: .seconds(20)) { begun.isSet })
        await watch(for: .milliseconds(100))
        let asked = HostTime.now()
        cancel.set()
        #expect(try await work.ended() - asked < .seconds(1))
    }

    @Test func soundForAReaderWhoStandsStill() async throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let (reader, target) = (ends[0], ends[1])
        let cancel = CancelFlag()
        let begun = CancelFlag()
        let work = Work {
            let writer = try WAVWriter(
                descriptor: target, name: "standard output", sampleRate: 48_000, channels: 2, cancel: cancel)
            begun.set()
            for _ in 0..<100 { try writer.write([Int16](repeating: 1, count: 9600)) }
            writer.finish()
        }
        #expect(await eventually(within: .seconds(20)) { begun.isSet })
        await watch(for: .milliseconds(100))
        let asked = HostTime.now()
        cancel.set()
        #expect(try await work.ended() - asked < .seconds(1))
        // What others may hold, too, is as it was.
        #expect(fcntl(target, F_GETFL) & O_NONBLOCK == 0)
        close(reader)
        close(target)
    }

    @Test func aFIFOThatNobodyReads() async throws {
        let directory = try TempDirectory("fifo")
        let paths = [directory.file("video"), directory.file("audio")]
        let cancel = CancelFlag()
        for path in paths { try #require(mkfifo(path, 0o600) == 0) }
        let frame = try picture()
        let work = Work {
            let raw = try RawVideoWriter(MediaAddress(paths[0]), pixelFormat: nil, size: nil, cancel: cancel)
            try raw.write(frame)
            let wave = try WAVWriter(path: paths[1], sampleRate: 48_000, channels: 2, cancel: cancel)
            try wave.write([1, 2])
            wave.finish()
        }
        await watch(for: .milliseconds(100))
        let asked = HostTime.now()
        cancel.set()
        #expect(try await work.ended() - asked < .seconds(1))
    }

    @Test func aReaderGetsEveryByteAndTheEnd() async throws {
        let directory = try TempDirectory("reader")
        let path = directory.file("out")
        try #require(mkfifo(path, 0o600) == 0)
        let reader = try Program(["sh", "-c", "md5sum < \(path)"])
        let frame = try picture()
        let copy = directory.file("copy")
        for target in [path, copy] {
            let work = Work {
                let writer = try RawVideoWriter(
                    MediaAddress(target), pixelFormat: "yuv420p", size: nil, cancel: CancelFlag())
                for _ in 0..<5 { try writer.write(frame) }
            }
            _ = try await work.ended()
        }
        #expect(await reader.wait(within: .seconds(20)) == .exited(0))
        let expected = try Fixtures.run("md5sum < \(copy)")
        #expect(reader.output == expected)
        let size = 5 * 3_110_400
        #expect(contents(ofFile: copy)?.count == size)
    }

    /// The true sizes of a file that was being written when the end came; nothing waits for a file.
    @Test func aFileIsFinishedAfterACancel() throws {
        let directory = try TempDirectory("wave")
        let cancel = CancelFlag()
        let path = directory.file("a.wav")
        let writer = try WAVWriter(path: path, sampleRate: 48_000, channels: 1, cancel: cancel)
        cancel.set()
        try writer.write([1, 2, 3])
        writer.finish()
        let end: [UInt8] = [6, 0, 0, 0, 1, 0, 2, 0, 3, 0]
        let bytes = try #require(contents(ofFile: path))
        #expect(Array(bytes.suffix(10)) == end)
    }
}
