// Events, log lines, signals and exit statuses, as scripts meet them.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct CommandLineConsoleTests {
    /// A push that runs until it is told to stop and needs neither server nor file.
    static let endless = ["push", "testsrc", "udp://127.0.0.1:9", "--size", "160x90"]

    @Test func missingInput_isAnErrorEventThenAResult() async throws {
        let run = try await SluiceBinary.run(["push", "missing.mp4", "out.flv", "--json"])
        #expect(run.status == 66)
        #expect(run.events.compactMap { $0["event"]?.string }.suffix(2) == ["error", "result"])
        #expect(run.error?["exit"]?.int == 66)
        #expect(run.error?["reason"]?.string == "no_input")
        #expect(run.result?["ended_by"]?.string == "error")
        #expect(run.errorLines.count == 1)
        #expect(run.errorLines.first?.contains("missing.mp4") == true)
    }

    @Test func everyLine_hasEventAndTime() async throws {
        let run = try await SluiceBinary.run(Self.endless + ["-t", "2500ms", "--json"])
        #expect(run.status == 0)
        let lines = run.text.split(separator: "\n")
        #expect(run.events.count == lines.count)
        #expect(lines.allSatisfy { $0.hasPrefix("{\"event\":\"") })
        for event in run.events {
            let time = try #require(event["time"]?.string)
            #expect(time.count == 24 && time.hasSuffix("Z") && time.contains("T"))
        }
        #expect(run.events.contains { $0["event"]?.string == "status" })
        #expect(run.events.last?["event"]?.string == "result")
        #expect(run.result?["ended_by"]?.string == "duration")
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func signal_endsCleanlyAndThenByItself(_ number: Int32) async throws {
        let running = try SluiceBinary.start(Self.endless + ["--json"])
        #expect(await running.event("status") != nil)
        let run = await running.interrupt(number)
        #expect(run.exit == .signalled(number))
        #expect(run.events.last?["event"]?.string == "result")
        #expect(run.result?["ended_by"]?.string == "signal")
        #expect(run.error == nil)
    }

    @Test func secondSignal_endsAtOnce() async throws {
        // The reader of a full pipe keeps the first signal from ending it.
        let running = try SluiceBinary.start(["push", "-", "out.flv"], input: .pipe)
        #expect(await eventually(within: .seconds(30)) { hasSignalThread(running.program.pid) })
        running.program.signal(SIGINT)
        running.program.signal(SIGTERM)
        let run = await running.finish(within: .seconds(10))
        #expect(run.exit == .signalled(SIGINT) || run.exit == .signalled(SIGTERM))
    }

    @Test func hangup_underNohup_isIgnored() async throws {
        let binary = try SluiceBinary.path()
        let directory = try TempDirectory()
        let program = try Program(
            ["sh", "-c", "trap '' HUP; exec \"$0\" \"$@\"", binary] + Self.endless + ["--json"],
            directory: directory.path)
        #expect(await program.says("\"status\"", within: .seconds(10)))
        program.signal(SIGHUP)
        let before = program.output.count
        #expect(await eventually(within: .seconds(5)) { program.output.count > before + 100 })
        program.signal(SIGINT)
        #expect(await program.wait(within: .seconds(10)) == .signalled(SIGINT))
    }

    @Test func stopAndContinue_isSurvived() async throws {
        let running = try SluiceBinary.start(Self.endless + ["--json"])
        #expect(await running.event("status") != nil)
        running.program.signal(SIGSTOP)
        await watch(for: .milliseconds(700))
        running.program.signal(SIGCONT)
        let before = running.program.output.count
        #expect(await eventually(within: .seconds(5)) { running.program.output.count > before + 100 })
        let run = await running.interrupt()
        #expect(run.exit == .signalled(SIGINT))
        #expect(run.error == nil)
    }

    @Test func closedOutput_isACleanEnd() async throws {
        let run = try await SluiceBinary.run(Self.endless + ["--json"], output: .closed, within: .seconds(15))
        #expect(run.status == 0)
        #expect(run.errorLines.allSatisfy { $0.hasPrefix("sluice: sent ") })
    }

    @Test func readerThatLeaves_isACleanEnd() async throws {
        let binary = try SluiceBinary.path()
        let directory = try TempDirectory()
        let words = ([binary] + Self.endless + ["--json"]).joined(separator: " ")
        let program = try Program(
            ["bash", "-c", "set -o pipefail; \(words) | head -n 2"], directory: directory.path)
        #expect(await program.wait(within: .seconds(15)) == .exited(0))
        #expect(JSONReader.lines(program.output).count == 2)
    }

    @Test func slowReader_doesNotHoldUpTheWork() async throws {
        // A pipe that nobody reads, as of `sluice … --json | less`.
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let block = [UInt8](repeating: 0x20, count: 1 << 16)
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        while write(ends[1], block, block.count) > 0 {}
        _ = fcntl(ends[1], F_SETFL, 0)
        let running = try SluiceBinary.start(
            Self.endless + ["-t", "2s", "--json", "--stats", "events"], output: .descriptor(ends[1]))
        // The other reader gets its events all the same, and the end comes.
        #expect(
            await eventually(within: .seconds(15)) {
                contents(ofFile: running.directory.file("events")).map {
                    String(decoding: $0, as: UTF8.self).contains("\"result\"")
                } ?? false
            })
        #expect(await running.finish().status == 0)
    }

    @Test func stats_goToAFile() async throws {
        let directory = try TempDirectory()
        let run = try await SluiceBinary.run(
            Self.endless + ["-t", "2500ms", "--stats", "events"], directory: directory)
        #expect(run.status == 0)
        #expect(run.output.isEmpty)
        let text = String(decoding: contents(ofFile: directory.file("events")) ?? [], as: UTF8.self)
        let events = JSONReader.lines(text)
        #expect(events.contains { $0["event"]?.string == "status" })
        #expect(events.last?["event"]?.string == "result")
    }

    @Test func stats_goToADescriptor_whileMediaGoToOutput() async throws {
        let binary = try SluiceBinary.path()
        let directory = try TempDirectory()
        let words = "push testsrc - --format mpegts --size 160x90 -t 1500ms --stats fd:3 -q"
        let program = try Program(
            ["sh", "-c", "\(binary) \(words) 3> events | wc -c"], directory: directory.path)
        #expect(await program.wait(within: .seconds(20)) == .exited(0))
        #expect(Int(program.output.filter(\.isNumber)) ?? 0 > 1000)
        let text = String(decoding: contents(ofFile: directory.file("events")) ?? [], as: UTF8.self)
        #expect(JSONReader.lines(text).last?["event"]?.string == "result")
    }

    @Test func statsThatCannotBeWritten_is73() async throws {
        let run = try await SluiceBinary.run(["push", "testsrc", "out.flv", "--stats", "no/such/place"])
        #expect(run.status == 73)
        #expect(run.errorLines == ["sluice: cannot write the events to no/such/place: no such file or directory"])
    }

    @Test func fullDisk_underEvents_is74() async throws {
        let run = try await SluiceBinary.run(Self.endless + ["-t", "1500ms", "--stats", "/dev/full"])
        #expect(run.status == 74)
        #expect(run.errorLines.last == "sluice: cannot write the events: no space left on device")
    }

    @Test func quiet_saysNothingButErrors() async throws {
        let loud = try await SluiceBinary.run(Self.endless + ["-t", "500ms"])
        #expect(loud.errors.contains("sluice: sent "))
        let quiet = try await SluiceBinary.run(Self.endless + ["-t", "500ms", "-q"])
        #expect(quiet.errors.isEmpty)
        let failing = try await SluiceBinary.run(["push", "missing.mp4", "out.flv", "-q"])
        #expect(failing.errorLines.count == 1)
    }

    @Test func colour_isForTerminalsOnly() async throws {
        let binary = try SluiceBinary.path()
        let failing = "\(binary) push missing.mp4 out.flv"
        // script(1) gives it a terminal.
        func onTerminal(_ line: String) async throws -> String {
            let program = try Program(
                ["script", "-qec", line, "/dev/null"], environment: ["TERM": "xterm", "NO_COLOR": nil])
            _ = await program.wait(within: .seconds(10))
            return program.output
        }
        #expect(try await onTerminal(failing).contains("\u{1B}[31m"))
        #expect(try await !onTerminal(failing + " --no-color").contains("\u{1B}"))
        #expect(try await !onTerminal("NO_COLOR=1 " + failing).contains("\u{1B}"))
        let run = try await SluiceBinary.run(["push", "missing.mp4", "out.flv"], environment: ["NO_COLOR": nil])
        #expect(!run.errors.contains("\u{1B}"))
    }

    @Test func progress_isDrawnOnATerminal() async throws {
        let binary = try SluiceBinary.path()
        let directory = try TempDirectory()
        let line = ([binary] + Self.endless + ["-t", "2500ms"]).joined(separator: " ")
        let program = try Program(
            ["script", "-qec", line, "/dev/null"], environment: ["TERM": "xterm"], directory: directory.path)
        #expect(await program.wait(within: .seconds(20)) == .exited(0))
        #expect(program.output.contains("\r\u{1B}[K"))
        #expect(program.output.contains(" fps"))
    }

    @Test func secrets_areNotPrinted() async throws {
        let port = try FreePort.tcp()
        let address = "rtmp://me:hush@127.0.0.1:\(port)/live/x?txSecret=abcdef&txTime=1"
        let run = try await SluiceBinary.run(["play", address, "--json", "--log-level", "trace"])
        #expect(run.status == 69)
        #expect(run.error?["reason"]?.string == "refused")
        for secret in ["hush", "abcdef"] {
            #expect(!run.errors.contains(secret))
            #expect(!run.text.contains(secret))
        }
    }

    @Test func probeThatNeverBegins_namesItsAddressWithoutSecrets() async throws {
        let port = try FreePort.tcp()
        let run = try await SluiceBinary.run([
            "probe", "rtmp://me:hush@127.0.0.1:\(port)/live/x?txSecret=abcdef&txTime=1", "--json",
        ])
        let shown = "rtmp://***@127.0.0.1:\(port)/live/x?txSecret=***&txTime=1"
        #expect(run.status == 69 && run.result?["url"]?.string == shown, "\(run.text)")
        #expect(run.errorLines.first?.hasPrefix("sluice: cannot probe \(shown): ") == true, "\(run.errors)")
        #expect(run.result?["verdict"] == .null && !run.text.contains("hush") && !run.text.contains("abcdef"))
    }

    @Test func recordThatNeverBegins_saysSo() async throws {
        let address = "rtmp://127.0.0.1:\(try FreePort.tcp())/live/x"
        let run = try await SluiceBinary.run(["record", address, "--json"])
        #expect(run.status == 69)
        #expect(run.errorLines.first?.hasPrefix("sluice: cannot record \(address): ") == true, "\(run.errors)")
    }

    // MARK: Descriptors that are missing from the beginning

    private func run(
        _ words: [String], _ redirection: String, in directory: TempDirectory
    ) async throws -> (exit: ProgramExit?, errors: String) {
        let program = try Program(
            ["sh", "-c", "exec \"$@\" " + redirection, "sh", try SluiceBinary.path()] + words,
            environment: ["SDL_AUDIODRIVER": "dummy", "DISPLAY": nil], directory: directory.path)
        return (await program.wait(within: .seconds(30)), program.errors)
    }

    @Test(arguments: [
        ["record", "CLIP", "-o", "-"], ["push", "CLIP", "-", "--format", "mpegts"],
        ["play", "CLIP", "--raw", "-", "--vo", "null", "--ao", "null"],
    ])
    func mediaForAnOutputThatIsNotThere_areRefused(words: [String]) async throws {
        let directory = try TempDirectory("closed")
        let words = words.map { $0 == "CLIP" ? SluiceBinary.clip("bbb-360p.mp4") : $0 }
        let run = try await run(words, ">&-", in: directory)
        #expect(run.exit == .exited(73), "\(run.errors)")
        #expect(
            run.errors.hasPrefix("sluice: cannot write to standard output: it is closed\nhint: "), "\(run.errors)")
    }

    /// A descriptor that is missing must not be taken by the next file or socket, which events would then go into.
    @Test(arguments: [">&-", "<&- >&- 2>&-", "2>&-", "<&-"])
    func workThatNeedsNoOutput_isDoneWithoutOne(redirection: String) async throws {
        let directory = try TempDirectory("closed")
        let clip = SluiceBinary.clip("bbb-360p.mp4")
        let whole = try await run(["push", clip, "whole.flv"], "", in: directory)
        let bare = try await run(["push", clip, "bare.flv", "--json"], redirection, in: directory)
        #expect(whole.exit == .exited(0) && bare.exit == .exited(0), "\(bare.errors)")
        let expected = contents(ofFile: directory.file("whole.flv")) ?? []
        #expect(expected.count > 100_000 && contents(ofFile: directory.file("bare.flv")) == expected)
        let probe = try await run(["probe", clip, "--check"], redirection, in: directory)
        #expect(probe.exit == .exited(0) && !probe.errors.contains("sluice:"), "\(probe.errors)")
    }

    /// Once the thread is there, signals are handled.
    private func hasSignalThread(_ pid: Int32) -> Bool {
        fileNames(in: "/proc/\(pid)/task").contains { task in
            contents(ofFile: "/proc/\(pid)/task/\(task)/comm") == Array("signals\n".utf8)
        }
    }
}
