// What stream-start refuses, waits for or shares.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct StreamStartTests {
    private let lab: StreamLab
    init() throws { lab = try StreamLab() }

    @Test func twoAtOnce_shareOneOrigin() async throws {
        async let one = lab.start("one", StreamLab.clip, "--loop")
        async let two = lab.start("two", StreamLab.clip, "--loop")
        let both = try await [one, two]
        #expect(both[0].origin != nil && both[0].origin == both[1].origin)
        #expect(both[0].streamID != both[1].streamID)
        #expect(both.allSatisfy { $0.state == "live" })
        try await lab.end()
    }

    @Test func sameNameTwiceAtOnce_startsOnce() async throws {
        let runs = try await withThrowingTaskGroup(of: SluiceRun.self) { group in
            for _ in 0..<3 {
                group.addTask { [lab] in
                    try await SluiceBinary.run(
                        ["stream-start", "demo", StreamLab.clip, "--loop", "--json"] + FlagLab.anyPorts,
                        directory: lab.directory)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(runs.compactMap(\.status).sorted() == [0, 69, 69])
        #expect(Set(runs.map { $0.result?["publish_url"]?.string }).count == 1)
        for run in runs where run.status == 69 {
            #expect(run.error?["reason"]?.string == "already_streaming")
            #expect(run.error?["service_code"]?.int == 40_000_415)
        }
        try await lab.end()
    }

    @Test func stoppedBeforeItsFirstMedia_itSaysSo() async throws {
        // A pipe that nobody writes to: the worker waits for its first packet.
        let pipe = lab.directory.file("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        async let start = lab.start("demo", pipe, status: 69)
        #expect(
            try await eventually(within: .seconds(10), every: .milliseconds(50)) {
                try await lab.listed("demo")?["pid"]?.int != nil
            })
        #expect(try await lab.stop("demo")["service_code"]?.int == nil)
        let run = try await start.run
        #expect(run.error?["reason"]?.string == "not_live")
        #expect(run.error?["message"]?.string?.hasSuffix("somebody stopped it before its first media") == true)
        try await lab.end()
    }

    @Test func portThatIsTaken_isSaid() async throws {
        let server = try await ScriptedServer.start(.silence)
        for option in ["--rtmp-port", "--http-port"] {
            let other = option == "--rtmp-port" ? "--http-port" : "--rtmp-port"
            let run = try await lab.run(
                "stream-start", "demo", option, "\(server.port)", other, "0", "--json", status: 78)
            #expect(run.error?["reason"]?.string == "port_in_use")
            #expect(run.error?["hint"]?.string == "--rtmp-port and --http-port choose others; 0 is any free one")
        }
        #expect(try await lab.run("stream-list", "--json").result?["channels"]?.array?.isEmpty == true)
        try await lab.start("demo")
        try await lab.end()
    }

    @Test func portsThatAreNotTheRunningOnes_areRefused() async throws {
        let first = try await lab.start("one")
        let port = try #require(first.publish.split(separator: ":").last?.prefix { $0 != "/" }).description
        let run = try await lab.run(
            "stream-start", "two", "--rtmp-port", "\(try FreePort.tcp())", "--json", status: 78)
        #expect(run.error?["reason"]?.string == "config")
        #expect(
            run.error?["message"]?.string?.hasSuffix("the origin that is running listens on port \(port)") == true)
        try await lab.run("stream-start", "two", "--rtmp-port", port)
        try await lab.run("stream-start", "three")
        try await lab.end()
    }

    @Test func badInput_isToldWithItsOwnStatus_andTheNameIsFree() async throws {
        try lab.directory.write("this is no film", to: "text.mp4")
        // A network's answer is waited for half a second, in the foreground as long as it takes.
        let nobody = "rtmp://127.0.0.1:\(try FreePort.tcp())/live/x"
        for (words, status, reason) in [
            (["missing.mp4"], Int32(66), "no_input"), (["text.mp4"], 65, "corrupt"),
            ([nobody, "--foreground"], 69, "refused"),
        ] {
            let input = words[0]
            let failed = try await lab.start(["demo"] + words, status: status)
            #expect(failed.run.error?["reason"]?.string == reason, "\(input): \(failed.run.text)")
            #expect(failed.run.errorLines.count == 1)
        }
        #expect(try await lab.listed("demo")?["state"]?.string == "stopped")
        try await lab.start("demo", StreamLab.clip, "--loop", "--no-wait")
        try await lab.end()
    }

    @Test func streamIDOfAnotherChannel_isRefusedWhileItRuns() async throws {
        try await lab.start("one", "--stream-id", "shared")
        let refused = try await lab.start("two", "--stream-id", "shared", status: 69)
        #expect(refused.run.error?["reason"]?.string == "name_in_use")
        let odd = try await lab.start("one", "--stream-id", "other", "--reuse", status: 78)
        #expect(odd.run.error?["reason"]?.string == "config")
        try await lab.run("stream-stop", "one")
        #expect(try await lab.start("two", "--stream-id", "shared").streamID == "shared")
        #expect(try await lab.start("one").streamID != "shared")
        try await lab.end()
    }

    @Test func stateDirectoryThatCannotBe_isSaid() async throws {
        try lab.directory.write("x", to: "file")
        let run = try await lab.run(
            "stream-start", "demo", "--json", status: 73,
            environment: ["SLUICE_STATE_DIR": lab.directory.file("file")])
        #expect(run.error?["reason"]?.string == "cannot_create")
        let linger = try await lab.run(
            "stream-start", "demo", status: 78, environment: ["SLUICE_ORIGIN_LINGER": "soon"])
        #expect(
            linger.errorLines.first?.hasPrefix("sluice: SLUICE_ORIGIN_LINGER: \"soon\" is not a duration") == true)
    }

    @Test func stateDirectoryOfAnyDepth_works() async throws {
        let deep = lab.directory.file("state/" + String(repeating: "deep", count: 30))
        let environment = ["SLUICE_STATE_DIR": deep]
        for words in [
            ["stream-start", "demo"] + FlagLab.anyPorts, ["stream-list", "demo"], ["stream-stop", "demo"],
        ] {
            let run = try await SluiceBinary.run(words, environment: environment, directory: lab.directory)
            #expect(run.status == 0, "\(words): \(run.errors)")
        }
        try await lab.end()
    }
}
