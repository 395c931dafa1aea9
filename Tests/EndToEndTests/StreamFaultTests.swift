// What dies without a word leaves no name behind.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct StreamFaultTests {
    private let lab: StreamLab
    init() throws { lab = try StreamLab() }

    @Test func killedWorker_leavesItsNameFree() async throws {
        let first = try await lab.start("demo", StreamLab.clip, "--loop")
        kill(try #require(first.worker), SIGKILL)
        let second = try await lab.start("demo", StreamLab.clip, "--loop")
        #expect(second.state == "live" && second.streamID == first.streamID && second.worker != first.worker)
        #expect(try await StreamLab.codecs(second.rtmp).contains("h264"))
        try await lab.end()
    }

    @Test func killedWorker_endsTheStreamByItself() async throws {
        let started = try await lab.start("demo", StreamLab.clip, "--loop")
        let origin = try #require(started.origin)
        kill(try #require(started.worker), SIGKILL)
        // Nobody asks; the origin finds out, closes the stream, and ends.
        #expect(await eventually(within: .seconds(20)) { !isRunning(origin) })
        let listed = try #require(try await lab.listed("demo"))
        #expect(listed["state"]?.string == "stopped" && (listed["sent_bytes"]?.int ?? 0) > 0)
        try await lab.end()
    }

    @Test func killedOrigin_leavesTheNameFree() async throws {
        let first = try await lab.start("demo", StreamLab.clip, "--loop")
        let other = try await lab.start("other")
        kill(try #require(first.origin), SIGKILL)
        #expect(await eventually(within: .seconds(5)) { first.origin.map(isRunning) == false })
        #expect(try await lab.listed("other")?["state"]?.string == "stopped")
        let second = try await lab.start("demo", StreamLab.clip, "--loop")
        #expect(second.state == "live" && second.origin != first.origin)
        #expect(second.publish == first.publish && other.publish != first.publish)
        #expect(await eventually(within: .seconds(10)) { first.worker.map(isRunning) == false })
        try await lab.end()
    }

    @Test func bothKilled_stopAndListSaySo() async throws {
        let started = try await lab.start("demo", StreamLab.clip, "--loop")
        kill(try #require(started.origin), SIGKILL)
        kill(try #require(started.worker), SIGKILL)
        #expect(await eventually(within: .seconds(5)) { started.origin.map(isRunning) == false })
        let stopped = try await lab.stop("demo")
        #expect(stopped["service_code"]?.int == 40_000_412)
        try await lab.end()
    }

    @Test func workerThatIsTold_unpublishes() async throws {
        let started = try await lab.start("demo", StreamLab.clip, "--loop")
        kill(try #require(started.worker), SIGTERM)
        #expect(
            try await eventually(within: .seconds(10), every: .milliseconds(50)) {
                try await lab.listed("demo")?["state"]?.string == "stopped"
            })
        #expect(lab.log("origin.log").contains("does not publish any more: as it said"))
        try await lab.end()
    }

    @Test func removedDirectory_endsTheOrigin() async throws {
        let started = try await lab.start("demo")
        let remove = try Program(["rm", "-r", lab.directory.file("state")])
        #expect(await remove.wait(within: .seconds(10)) == .exited(0))
        #expect(await eventually(within: .seconds(20)) { started.origin.map(isRunning) == false })
    }
}
