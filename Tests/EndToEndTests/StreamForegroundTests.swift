// stream-start --foreground: for pipes, service managers and containers.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct StreamForegroundTests {
    private let lab: StreamLab
    init() throws { lab = try StreamLab() }

    private func begin(_ words: String..., input: Program.Input = .null) throws -> RunningSluice {
        try SluiceBinary.start(
            ["stream-start", "demo"] + words + ["--foreground", "--json"] + FlagLab.anyPorts, input: input,
            directory: lab.directory)
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
    func signal_endsItCleanly(_ number: Int32) async throws {
        let running = try begin(StreamLab.clip, "--loop")
        let started = try #require(await running.event("started"))
        let address = try #require(started["watch"]?["rtmp"]?.string)
        #expect(try await StreamLab.codecs(address).contains("h264"))
        #expect(started["pid"]?.int == Int(running.program.pid))
        let run = await running.interrupt(number)
        #expect(run.exit == .signalled(number))
        #expect(run.result?["state"]?.string == "stopped" && run.result?["ended_by"]?.string == "signal")
        #expect((run.result?["video_frames"]?.int ?? 0) > 0 && run.result?["peak_viewers"]?.int == 1)
        #expect(try await lab.listed("demo")?["state"]?.string == "stopped")
        try await lab.end()
    }

    @Test func streamStop_endsIt() async throws {
        for words in [[StreamLab.clip, "--loop"], []] {
            let name = words.isEmpty ? "waiting" : "pushing"
            let running = try SluiceBinary.start(
                ["stream-start", name] + words + ["--foreground", "--json"] + FlagLab.anyPorts,
                directory: lab.directory)
            _ = try #require(await running.event("started"))
            let stopped = try await lab.stop(name)
            #expect(stopped["service_code"] == .null)
            let run = await running.finish(within: .seconds(10))
            #expect(run.exit == .signalled(SIGTERM) && run.result?["state"]?.string == "stopped", "\(run.errors)")
        }
        try await lab.end()
    }

    @Test func standardInput_isPushedToItsEnd() async throws {
        let running = try begin(
            "-", "silence", "--input-format", "rawvideo", "--input-pix-fmt", "gray", "--input-size", "32x16",
            "--input-fps", "25", "--live", "off",
            input: .bytes(FlagLab.pictures(50, bytesEach: 512)))
        let run = await running.finish(within: .seconds(25))
        #expect(run.status == 0 && run.result?["ended_by"]?.string == "end_of_input", "\(run.errors)")
        #expect(run.result?["video_frames"]?.int == 50)
        try await lab.end()
    }

    @Test func killed_leavesItsNameFree() async throws {
        let running = try begin(StreamLab.clip, "--loop")
        _ = try #require(await running.event("started"))
        _ = await running.interrupt(SIGKILL)
        #expect(try await lab.start("demo", StreamLab.clip, "--loop").state == "live")
        try await lab.end()
    }
}
