public import Model
import Synchronization

// One external program: started, listened to, waited for with a deadline, ended with its children.
// Understands nothing of what the program says.
#if canImport(Glibc)
    import Glibc
#endif

/// How a program ended.
public enum ProgramExit: Equatable, Sendable { case exited(Int32), signalled(Int32) }

/// A running or finished program. Safe from any thread. Its process group is killed by `deinit`, and by the
/// kernel when the test process dies. A strong reference must be held for as long as it is to run.
public final class Program: Sendable {
    public enum Input: Sendable { case null, bytes([UInt8]), pipe }
    public enum Output: Sendable {
        /// Kept in memory, up to `outputLimit` bytes; what comes after is read and thrown away.
        case collect
        /// A pipe that nobody reads from any more.
        case closed
        case file(String)
        /// A descriptor of the caller's, who keeps it.
        case descriptor(Int32)
    }

    /// Processor time, known once the program has ended.
    public struct Usage: Sendable, Equatable {
        public var user: Span
        public var system: Span
    }

    public let pid: Int32
    public let name: String
    public let startedAt: HostTime
    /// The writing end of the program's stdin, with `.pipe` only; close it with `closeInput()`.
    public let inputDescriptor: Int32?
    private let record: ProgramRecord

    /// - Parameters:
    ///   - words: Program (looked up in PATH) and arguments.
    ///   - environment: Added to this process's own; nil removes a variable.
    ///   - directory: Working directory; default is this process's own.
    public init(
        _ words: [String], environment: [String: String?] = [:], directory: String? = nil,
        input: Input = .null, output: Output = .collect, errors: Output = .collect, outputLimit: Int = 64 << 20
    ) throws {
        name = words.first ?? ""
        let stdin = try ProgramPipes.input(input)
        let stdout = try ProgramPipes.output(output)
        let stderr = try ProgramPipes.output(errors)
        defer { for end in [stdin.child, stdout.child, stderr.child] where end.isOurs { close(end.descriptor) } }
        let plan = ChildPlan(
            words: words, environment: environment, directory: directory, input: stdin.child.descriptor,
            output: stdout.child.descriptor, errors: stderr.child.descriptor)
        startedAt = HostTime.now()
        do {
            pid = try ChildProcess.start(plan)
        } catch {
            for end in [stdin.parent, stdout.parent, stderr.parent] { if let end { close(end) } }
            throw error
        }
        let record = ProgramRecord(pid: pid, limit: outputLimit)
        self.record = record
        var feed: [UInt8]?
        if case .bytes(let bytes) = input { feed = bytes }
        inputDescriptor = feed == nil ? stdin.parent : nil
        if let feed, let end = stdin.parent {
            _ = NamedThread("test-feed") {
                _ = writeAll(end, feed)
                close(end)
            }
        }
        let ends = (stdout.parent, stderr.parent)
        _ = NamedThread("test-listen") { record.listen(output: ends.0, errors: ends.1) }
    }

    deinit {
        record.killGroup()
        closeInput()
    }

    public var exit: ProgramExit? { record.snapshot.exit }
    public var isRunning: Bool { exit == nil }
    public var usage: Usage? { record.snapshot.usage }
    /// Greatest resident size so far, while it runs. (What the kernel keeps after the end counts this process
    /// before the exec, too.)
    public var peakBytes: Int? {
        let text = String(decoding: contents(ofFile: "/proc/\(pid)/status") ?? [], as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line.flatMap { Int($0.filter(\.isNumber)) }.map { $0 << 10 }
    }
    /// How often its threads have gone to sleep so far, those that have ended left out; nil once it has ended.
    public var sleeps: Int? {
        guard let directory = opendir("/proc/\(pid)/task") else { return nil }
        defer { closedir(directory) }
        var sum = 0
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { name in
                String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard Int(name) != nil, let bytes = contents(ofFile: "/proc/\(pid)/task/\(name)/status") else {
                continue
            }
            let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first {
                $0.hasPrefix("voluntary_ctxt_switches:")
            }
            sum += line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
        }
        return sum
    }
    public var endedAt: HostTime? { record.snapshot.endedAt }
    public var outputBytes: [UInt8] { record.snapshot.output }
    public var errorBytes: [UInt8] { record.snapshot.errors }
    public var output: String { String(decoding: outputBytes, as: UTF8.self) }
    public var errors: String { String(decoding: errorBytes, as: UTF8.self) }

    /// Waits for the end and everything that was said; nil when `limit` passes first.
    public func wait(within limit: Span) async -> ProgramExit? {
        await firstValue(within: limit) { record.snapshot.isComplete ? record.snapshot.exit : nil }
    }

    /// Waits for `text` on stderr or stdout; false when the program ended or `limit` passed without it.
    public func says(_ text: String, within limit: Span) async -> Bool {
        let isKnown: @Sendable () -> Bool = { [record] in
            let now = record.snapshot
            return String(decoding: now.errors, as: UTF8.self).contains(text)
                // Megabytes are media, not words.
                || (now.output.count < 1 << 20 && String(decoding: now.output, as: UTF8.self).contains(text))
        }
        return await eventually(within: limit) { record.snapshot.isComplete || isKnown() } && isKnown()
    }

    /// Sends a signal to the program alone.
    public func signal(_ number: Int32) { record.signal(number) }

    /// Closes the program's stdin (with `.pipe`). At most once has an effect.
    public func closeInput() {
        if let inputDescriptor, record.takeInput() { close(inputDescriptor) }
    }

    /// Asks it to end, and kills its group when it has not within `grace`.
    @discardableResult
    public func stop(grace: Span = .seconds(3)) async -> ProgramExit? {
        record.signal(SIGTERM)
        if let ended = await wait(within: grace) { return ended }
        record.killGroup()
        return await wait(within: .seconds(3))
    }

    /// Kills it and its children at once.
    public func kill() { record.killGroup() }
}
