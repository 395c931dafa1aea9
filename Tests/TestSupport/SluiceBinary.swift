public import Model

// The built program as a user runs it: in a fresh directory, from outside. Says what came out; judges nothing.
#if canImport(Glibc)
    import Glibc
#endif

/// A finished run.
public struct SluiceRun: Sendable {
    public let exit: ProgramExit?
    public let output: [UInt8]
    public let errors: String
    /// From start to end.
    public let took: Span

    /// The exit status; nil when it was killed by a signal or did not end in time.
    public var status: Int32? { if case .exited(let status) = exit { status } else { nil } }
    public var text: String { String(decoding: output, as: UTF8.self) }
    /// The lines of `--json`.
    public var events: [JSONReader.Value] { JSONReader.lines(text) }
    public var result: JSONReader.Value? { events.last { $0["event"]?.string == "result" } }
    public var error: JSONReader.Value? { events.last { $0["event"]?.string == "error" } }
    /// Lines of stderr that are error lines.
    public var errorLines: [String] {
        errors.split(separator: "\n").map(String.init).filter { $0.hasPrefix("sluice:") }
    }
}

/// Finds and runs `sluice`.
public enum SluiceBinary {
    /// `$SLUICE_BINARY`, else the release build, else the debug build of the package that holds the tests.
    public static func path() throws -> String {
        var candidates: [String] = []
        if let named = getenv("SLUICE_BINARY") { candidates.append(String(cString: named)) }
        let root = packageRoot
        candidates += [root + "/.build/release/sluice", root + "/.build/debug/sluice"]
        for candidate in candidates where access(candidate, X_OK) == 0 { return candidate }
        throw LabError("no sluice: build it, or name it in SLUICE_BINARY")
    }

    /// The bundled clips.
    public static func clip(_ name: String) -> String {
        if let named = getenv("SLUICE_MEDIA") { return String(cString: named) + "/" + name }
        return packageRoot + "/media/" + name
    }

    /// Two directories above this one, links resolved.
    static var packageRoot: String {
        let here = #filePath
        let parts = here.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/")
    }

    /// Starts it and returns at once. Its directory and state are its own and vanish with the process object.
    public static func start(
        _ arguments: [String], environment: [String: String?] = [:], input: Program.Input = .null,
        output: Program.Output = .collect, directory: TempDirectory? = nil
    ) throws -> RunningSluice {
        let place = try directory ?? TempDirectory("run")
        let program = try Program(
            [path()] + arguments, environment: own(place).merging(environment) { $1 }, directory: place.path,
            input: input, output: output, outputLimit: 400 << 20)
        return RunningSluice(program: program, directory: place)
    }

    /// Runs it to its end; after `limit` it is killed and `exit` is nil.
    public static func run(
        _ arguments: [String], environment: [String: String?] = [:], input: Program.Input = .null,
        output: Program.Output = .collect, directory: TempDirectory? = nil, within limit: Span = .seconds(30)
    ) async throws -> SluiceRun {
        let running = try start(
            arguments, environment: environment, input: input, output: output, directory: directory)
        return await running.finish(within: limit)
    }

    /// The state of channels is the directory's, and goes with it: an origin without its directory ends.
    private static func own(_ place: TempDirectory) -> [String: String?] {
        quiet.merging(["SLUICE_STATE_DIR": place.file("state"), "SLUICE_ORIGIN_LINGER": "500ms"]) { $1 }
    }

    /// No display, no sound card, no colours and no proxy unless the test says so; and nothing of what the tests
    /// of the window set in this very process.
    private static let quiet: [String: String?] = [
        "DISPLAY": nil, "WAYLAND_DISPLAY": nil, "SDL_VIDEODRIVER": nil, "SDL_RENDER_DRIVER": nil,
        "PULSE_LATENCY_MSEC": nil, "SDL_AUDIODRIVER": "dummy", "NO_COLOR": "1", "http_proxy": nil,
        "https_proxy": nil, "HTTP_PROXY": nil, "HTTPS_PROXY": nil, "LC_ALL": "C.UTF-8",
    ]
}

/// A sluice that is (or was) running.
public final class RunningSluice: Sendable {
    public let program: Program
    public let directory: TempDirectory

    init(program: Program, directory: TempDirectory) {
        self.program = program
        self.directory = directory
    }

    /// Waits for the end; after `limit` it is killed and the run's `exit` is nil.
    public func finish(within limit: Span = .seconds(30)) async -> SluiceRun {
        let exit = await program.wait(within: limit)
        if exit == nil {
            program.kill()
            _ = await program.wait(within: .seconds(3))
        }
        let ended = program.endedAt ?? HostTime.now()
        return SluiceRun(
            exit: exit, output: program.outputBytes, errors: program.errors, took: ended - program.startedAt)
    }

    /// Sends a signal (default SIGINT, as Ctrl-C does) and waits for the end.
    public func interrupt(_ signal: Int32? = nil, within limit: Span = .seconds(10)) async -> SluiceRun {
        program.signal(signal ?? SIGINT)
        return await finish(within: limit)
    }

    /// Waits for the first event of this name on stdout.
    public func event(_ name: String, within limit: Span = .seconds(15)) async -> JSONReader.Value? {
        let found = await firstValue(within: limit, every: .milliseconds(20)) { () -> JSONReader.Value?? in
            let hit = JSONReader.lines(program.output).first { $0["event"]?.string == name }
            return hit != nil || !program.isRunning ? .some(hit) : nil
        }
        return found ?? nil
    }
}
