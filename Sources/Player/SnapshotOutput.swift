// Pictures as PNG files, written on a thread of their own: an encoder of still pictures takes longer than
// a live picture may wait.
import Glibc
import Media
import Model

/// The "snapshot" thread. Offers may come from any thread.
final class SnapshotOutput: Sendable {
    private struct Job: Sendable {
        var frame: Frame
        var path: String
    }
    private struct State {
        var count = 0
        var next: HostTime?
    }

    private let settings: PlaySettings.Snapshot?
    private let reporter: any Reporter
    private let state = Monitor(State())
    private let queue = BoundedQueue<Job>(limit: 2)
    private let thread: NamedThread

    /// - Parameter settings: nil: only those that are asked for with `save`.
    /// - Throws: `cannot_create` where the directory cannot be written.
    init(_ settings: PlaySettings.Snapshot?, reporter: any Reporter) throws(SluiceError) {
        self.settings = settings
        self.reporter = reporter
        if let settings {
            guard access(Self.directory(of: settings.path), W_OK) == 0 else {
                let code = errno
                throw SluiceError(
                    .cannotCreate, "cannot create \(settings.path)",
                    why: String(cString: strerror(code)).lowercased(), code: Int(code))
            }
        }
        let queue = queue
        thread = NamedThread("snapshot") {
            while case .element(let job) = queue.pop() { Self.write(job, reporter) }
        }
    }

    /// Takes the picture when it is time for one. Where the last one is still being written, it waits for the
    /// next picture.
    func consider(_ frame: Frame) {
        guard let settings else { return }
        let now = HostTime.now()
        state.withLock { state in
            if state.count > 0 {
                guard settings.interval != nil, let due = state.next, now >= due else { return }
            }
            let path = Self.expand(settings.path, count: state.count + 1, wall: .now())
            guard queue.tryPush(Job(frame: frame, path: path)) else { return }
            state.count += 1
            if let interval = settings.interval { state.next = max((state.next ?? now) + interval, now) }
        }
    }

    /// Writes this picture, whatever the settings say.
    func save(_ frame: Frame, to path: String) {
        if !queue.tryPush(Job(frame: frame, path: path)) {
            reporter.log(.notice, "no snapshot: the last one is not done")
        }
    }

    /// Writes what was taken and ends the thread.
    func finish() {
        queue.close()
        thread.join()
    }

    /// A snapshot that fails is worth a line, not the play.
    private static func write(_ job: Job, _ reporter: any Reporter) {
        do throws(SluiceError) {
            try PNGWriter.write(job.frame, to: job.path)
            reporter.report(Event("snapshot", [.init("path", .string(job.path))]))
            reporter.log(.info, "snapshot \(job.path)")
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
