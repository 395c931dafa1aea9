// What other programs get: raw pictures, sound as WAV, snapshots. A reader that closes its pipe ends the
// play cleanly; a full disk ends it with an error.
import Media
import Model

#if canImport(Glibc)
    import Glibc
#endif

/// Told once when the reader of a pipe has gone.
typealias ClosedHandler = @Sendable () -> Void

/// Pictures to a file or pipe. Belongs to the video thread.
final class RawOutput {
    private let writer: RawVideoWriter
    private let closed: ClosedHandler
    private var isGone = false

    init(_ settings: PlaySettings, address: MediaAddress, closed: @escaping ClosedHandler) throws(SluiceError) {
        writer = try RawVideoWriter(address, pixelFormat: settings.pixelFormat, size: settings.size)
        self.closed = closed
    }

    func write(_ frame: Frame) throws(SluiceError) {
        guard !isGone else { return }
        do throws(SluiceError) {
            try writer.write(frame)
        } catch {
            guard error.code == Int(EPIPE) else { throw error.midStream() }
            isGone = true
            closed()
        }
    }

    func finish() {}
}

/// Sound to a file or pipe, 16 bits. Belongs to the audio thread.
final class WAVOutput {
    private let address: MediaAddress
    private let closed: ClosedHandler
    private var writer: WAVWriter?
    private var resampler: Resampler?
    private var isGone = false

    init(_ address: MediaAddress, closed: @escaping ClosedHandler) throws(SluiceError) {
        self.address = address
        self.closed = closed
        // An unwritable file is said at the start, not when the first sound comes.
        if address.scheme != .standardStream {
            _ = try WAVWriter(path: address.path, sampleRate: 48_000, channels: 2)
        }
    }

    func write(_ frame: Frame) throws(SluiceError) {
        guard !isGone else { return }
        do throws(SluiceError) {
            if writer == nil {
                let channels = min(2, max(1, frame.channels))
                writer =
                    address.scheme == .standardStream
                    ? try WAVWriter(
                        descriptor: 1, name: "standard output", sampleRate: frame.sampleRate, channels: channels)
                    : try WAVWriter(path: address.path, sampleRate: frame.sampleRate, channels: channels)
                resampler = try Resampler(
                    output: AudioFormat(sampleRate: frame.sampleRate, channels: channels, sample: .int16))
            }
            guard let writer, let resampler else { return }
            try writer.write(try resampler.int16s(frame))
        } catch {
            guard error.code == Int(EPIPE) else { throw error.midStream() }
            isGone = true
            closed()
        }
    }

    func finish() { writer?.finish() }
}

/// Pictures as PNG files. Belongs to the video thread; the key `s` goes through `SnapshotOutput.save`.
final class SnapshotOutput {
    private let settings: PlaySettings.Snapshot
    private var count = 0
    private var next: HostTime?

    init(_ settings: PlaySettings.Snapshot) throws(SluiceError) {
        self.settings = settings
        let directory = Self.directory(of: settings.path)
        guard access(directory, W_OK) == 0 else {
            let code = errno
            throw SluiceError(
                .cannotCreate, "cannot create \(settings.path)",
                why: String(cString: strerror(code)).lowercased(), code: Int(code))
        }
    }

    /// Writes the picture when it is time for one. A snapshot that fails is worth a line, not the play.
    func consider(_ frame: Frame, reporter: any Reporter) {
        let now = HostTime.now()
        if count > 0 {
            guard let interval = settings.interval, let due = next, now >= due else { return }
            next = max(due + interval, now)
        } else if let interval = settings.interval {
            next = now + interval
        }
        count += 1
        Self.save(frame, to: Self.expand(settings.path, count: count, wall: .now()), reporter: reporter)
    }

    static func save(_ frame: Frame, to path: String, reporter: any Reporter) {
        do throws(SluiceError) {
            try PNGWriter.write(frame, to: path)
            reporter.report(Event("snapshot", [.init("path", .string(path))]))
            reporter.log(.info, "snapshot \(path)")
        } catch {
            reporter.log(.warning, "no snapshot: \(error.description)")
        }
    }

    /// `%d` is a count from 1, `%t` the UTC time as 2026-01-31T12-30-05.123Z, `%%` a per cent sign.
    static func expand(_ pattern: String, count: Int, wall: WallTime) -> String {
        var out = ""
        var rest = pattern[...]
        while let character = rest.popFirst() {
            guard character == "%", let code = rest.first else {
                out.append(character)
                continue
            }
            rest = rest.dropFirst()
            switch code {
            case "d": out += String(count)
            case "t": out += wall.fileStamp
            case "%": out += "%"
            default: out += "%\(code)"
            }
        }
        return out
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

extension WallTime {
    /// UTC with milliseconds, in characters that every file system takes.
    var fileStamp: String {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let ms = String(nanoseconds / 1_000_000 % 1000)
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
            + "T\(two(parts.tm_hour))-\(two(parts.tm_min))-\(two(parts.tm_sec))."
            + String(repeating: "0", count: 3 - ms.count) + ms + "Z"
    }
}
