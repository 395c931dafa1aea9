// The one place that prints: log lines, the progress line and errors on standard error, events on standard
// output and to `--stats`. Everything is redacted on its way out.
import Model
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Safe from any thread.
final class Console: Reporter {
    struct Settings {
        var level = LogLevel.notice
        var colour = false
        /// Draw the progress line: standard error is a terminal and nobody asked for quiet.
        var drawsProgress = false
        /// Events on standard output.
        var json = false
        /// Each status as a line on standard output: it is what the user asked for.
        var printsStatus = false
        /// A descriptor for the events, besides.
        var stats: Int32?
        /// Each line begins with the time: standard error is a log.
        var stampsLines = false

        /// For a process in the background.
        static func log(_ level: LogLevel) -> Settings {
            var settings = Settings()
            settings.level = level
            settings.stampsLines = true
            return settings
        }
    }

    private struct State {
        var output: EventWriter?
        var stats: EventWriter?
        /// Lines for people on standard output.
        var text: EventWriter?
        var textFailure: Int32?
        var progressIsDrawn = false
        var nextPlainStatus: HostTime?
    }

    private let level: LogLevel
    private let colour: Bool
    private let drawsProgress: Bool
    private let stampsLines: Bool
    private let cancel: CancelFlag
    private let state: Mutex<State>

    /// - Parameter cancel: Set when the reader of standard output leaves.
    init(_ settings: Settings, cancel: CancelFlag) {
        level = settings.level
        colour = settings.colour
        drawsProgress = settings.drawsProgress
        stampsLines = settings.stampsLines
        self.cancel = cancel
        // Who closes standard output before the start wants nothing told there, and the work done all the same.
        let hasOutput = StandardStreams.hasOutput
        let (json, stats, text) = (
            settings.json && hasOutput, settings.stats, settings.printsStatus && hasOutput
        )
        state = Mutex(
            State(
                output: json ? EventWriter(descriptor: STDOUT_FILENO) : nil,
                stats: stats.map { EventWriter(descriptor: $0) },
                text: text ? EventWriter(descriptor: STDOUT_FILENO) : nil))
    }

    // MARK: Reporter

    func report(_ event: Event) {
        let isStatus = event.name == "status"
        let now = HostTime.now()
        let hasLost = state.withLock { state in
            if state.output != nil || state.stats != nil {
                let line = EventLine.text(of: event, at: .now())
                state.output?.write(line, isStatus: isStatus)
                state.stats?.write(line, isStatus: isStatus)
            }
            if isStatus, let text = state.text {
                text.write(MediaAddress.redact(StatusText.line(event)).oneLine, isStatus: true)
            } else if isStatus {
                showStatus(event, now: now, &state)
            }
            return (state.output ?? state.text)?.isClosed ?? false
        }
        if hasLost { cancel.set() }
    }

    func log(_ level: LogLevel, _ message: @autoclosure () -> String) {
        guard level >= self.level else { return }
        let text = MediaAddress.redact(message())
        state.withLock { print(level: level, text, &$0) }
    }

    // MARK: The end

    /// The error line, its hint, and the error event.
    func fail(_ error: SluiceError, asEvent: Bool = true) {
        if asEvent {
            report(
                Event(
                    "error",
                    [
                        .init("exit", .int(Int(ExitStatus.of(error)))),
                        .init("reason", .string(error.reason.rawValue)),
                        .init("message", .string(error.description)),
                        .init("hint", .optional(error.hint)),
                        .init("service_code", .optional(error.serviceCode)),
                    ]))
        }
        let line = MediaAddress.redact(error.description)
        let hint = error.hint.map { MediaAddress.redact($0) }
        state.withLock { state in
            print(level: .error, line, &state)
            if let hint { write("hint: " + hint.oneLine, &state) }
        }
    }

    /// What the work was for, as lines on standard output; nothing where events go there. Waits for the
    /// reader as long as it takes.
    func deliver(_ lines: [String]) {
        let (isWanted, head) = state.withLock { state in
            clearProgress(&state)
            state.text?.finish(within: .seconds(2))
            return (state.output == nil && state.text?.isClosed != true, state.text?.failure)
        }
        guard isWanted, head == nil, !lines.isEmpty, StandardStreams.hasOutput else { return }
        let text = lines.map { MediaAddress.redact($0).oneLine + "\n" }.joined()
        if !StandardOutput.write(text) {
            let code = errno
            state.withLock { $0.textFailure = code }
        }
    }

    /// Writes what still waits. A reader that stands still is given two seconds.
    /// - Returns: What could not be written, for another reason than a reader that left.
    func finish() -> SluiceError? {
        let (events, text) = state.withLock { state in
            clearProgress(&state)
            for writer in [state.output, state.stats, state.text] { writer?.finish(within: .seconds(2)) }
            return (state.output?.failure ?? state.stats?.failure, state.text?.failure ?? state.textFailure)
        }
        guard let code = events ?? text else { return nil }
        return SluiceError(
            .noSpace, events != nil ? "cannot write the events" : "cannot write to standard output",
            why: SystemText.of(code), isMidStream: true)
    }

    // MARK: Standard error, under the lock

    private func showStatus(_ event: Event, now: HostTime, _ state: inout State) {
        if drawsProgress {
            let text = String(StatusText.line(event).prefix(max(1, Terminal.width - 1)))
            StandardOutput.write("\r\u{1B}[K" + text, to: STDERR_FILENO)
            state.progressIsDrawn = true
            return
        }
        guard level <= .info else { return }
        if let next = state.nextPlainStatus, now < next { return }
        let isFirst = state.nextPlainStatus == nil
        state.nextPlainStatus = now + .seconds(10)
        if !isFirst { print(level: .info, StatusText.line(event), &state) }
    }

    private func print(level: LogLevel, _ text: String, _ state: inout State) {
        let (mark, ink) =
            switch level {
            case .trace, .debug: ("\(level): ", "\u{1B}[2m")
            case .info, .notice: ("", "")
            case .warning: ("warning: ", "\u{1B}[33m")
            case .error: ("", "\u{1B}[31m")
            }
        let head = colour && !ink.isEmpty ? "\(ink)sluice: \(mark)\u{1B}[0m" : "sluice: \(mark)"
        write(head + text.oneLine, &state)
    }

    private func write(_ line: String, _ state: inout State) {
        clearProgress(&state)
        let head = stampsLines ? EventLine.stamp(.now()) + " " : ""
        StandardOutput.write(head + line + "\n", to: STDERR_FILENO)
    }

    private func clearProgress(_ state: inout State) {
        guard state.progressIsDrawn else { return }
        state.progressIsDrawn = false
        StandardOutput.write("\r\u{1B}[K", to: STDERR_FILENO)
    }
}

extension String {
    /// Line ends and control characters from outside must not draw on the terminal.
    fileprivate var oneLine: String {
        guard unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else { return self }
        var out = ""
        for scalar in unicodeScalars {
            out.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        return out
    }
}
