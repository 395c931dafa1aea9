// FFmpeg's log lines, handed to the project's log. Lines arrive on any thread, formatted in C; nothing here
// calls back into FFmpeg, so no lock of FFmpeg's can be waited for. The C side keeps its target in a static
// of this object file: no other file may install one, and the functions that touch it are never inlined into
// another, where they would find a static of their own.
import CFFmpeg
public import Model
import Synchronization

public enum FFmpegLog {
    /// A function of its own in generic storage would be wrapped once more each time that it is looked at
    /// under the lock, and calls of it would go through all the wrappers.
    private struct Target {
        var handler: (@Sendable (LogLevel, String) -> Void)?
    }
    private static let target = Mutex(Target())

    /// Sends FFmpeg's lines of at least `level` to `handler`, secrets redacted. May be called again.
    /// - Parameter handler: Called on any thread; must not block and must not call FFmpeg.
    @inline(never)
    public static func install(level: LogLevel, handler: @escaping @Sendable (LogLevel, String) -> Void) {
        target.withLock { $0.handler = handler }
        sluice_log_install(threshold(level), receiveLine)
    }

    /// FFmpeg writes nothing to standard error from now on.
    @inline(never)
    public static func silence() {
        target.withLock { $0.handler = nil }
        sluice_log_install(AV_LOG_QUIET, receiveLine)
    }

    /// FFmpeg's "error" is often only a damaged packet, and its "info" chatter: each is one level lower here.
    private static func threshold(_ level: LogLevel) -> Int32 {
        switch level {
        case .trace: AV_LOG_TRACE
        case .debug: AV_LOG_VERBOSE
        case .info, .notice: AV_LOG_WARNING
        case .warning: AV_LOG_ERROR
        case .error: AV_LOG_FATAL
        }
    }

    /// Forgets what TLS told on this thread, and has it noted from now on.
    @inline(never)
    static func watchTLS() { sluice_tls_watch() }

    /// What TLS last told on this thread since `watchTLS`.
    @inline(never)
    static func tlsNote() -> String? {
        let note = text(sluice_tls_note())?.split(whereSeparator: \.isNewline).first
        return note.map { String($0) }
    }

    fileprivate static func forward(_ level: Int32, _ line: String) {
        guard let handler = target.withLock({ $0.handler }) else { return }
        let mapped: LogLevel =
            switch level {
            case ...AV_LOG_FATAL: .error
            case ...AV_LOG_ERROR: .warning
            case ...AV_LOG_WARNING: .info
            case ...AV_LOG_VERBOSE: .debug
            default: .trace
            }
        for part in line.split(whereSeparator: \.isNewline) {
            let visible = part.drop(while: { $0 == " " })
            if !visible.isEmpty { handler(mapped, MediaAddress.redact(String(visible))) }
        }
    }

    /// Makes FFmpeg log `line`; for tests of the bridge.
    static func emit(_ level: Int32, _ line: String) { sluice_log_emit(level, line) }
}

private func receiveLine(_ level: Int32, _ line: UnsafePointer<CChar>?) {
    guard let line else { return }
    FFmpegLog.forward(level, String(cString: line))
}
