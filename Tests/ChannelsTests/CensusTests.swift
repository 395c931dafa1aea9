// What runs: the registry's word against the process table's and the origin's.
import Model
import Origin
import TestSupport
import Testing

@testable import Channels

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct CensusTests {
    private let place: TempDirectory
    private let room: ChannelRoom

    init() throws {
        let place = try TempDirectory("state")
        self.place = place
        let directory = try StateDirectory.open { $0 == "SLUICE_STATE_DIR" ? place.path : nil }
        room = try ChannelRoom(directory, cancel: CancelFlag())
    }

    /// An origin in this process, on the directory's control socket.
    private func origin() throws -> OriginServer {
        var settings = OriginSettings()
        settings.rtmpPort = 0
        settings.httpPort = 0
        settings.controlPath = room.origin.control.text
        let server = OriginServer(settings)
        _ = try server.start()
        return server
    }

    /// A channel whose stream is open, if an origin runs, and whose worker is `worker`.
    private func begin(_ text: String, worker: ProcessIdentity?, hasWorker: Bool = true) throws -> ChannelName {
        var record = try RegistryTests.record(text)
        record.state = .live
        record.hasWorker = hasWorker
        record.worker = worker
        record.origin = .current
        record.startedAt = WallTime(nanoseconds: WallTime.now().nanoseconds - 2_000_000_000)
        try room.registry.save(record)
        _ = try room.origin.send(.open(name: record.streamID.text))
        return record.name
    }

    @Test func channelWithItsWorkerAndItsStream_runs() throws {
        let server = try origin()
        defer {
            server.stop()
            server.waitUntilEnded()
        }
        let name = try begin("demo", worker: .current)
        let waiting = try begin("studio", worker: nil, hasWorker: false)
        let census = try room.census()
        #expect(census.runningCount == 2)
        #expect(census[name]?.state == .waiting && census[waiting]?.isRunning == true)
    }

    @Test func deadWorker_endsTheChannelAndItsStream() throws {
        let server = try origin()
        defer {
            server.stop()
            server.waitUntilEnded()
        }
        let own = try #require(ProcessIdentity.current)
        for worker in [nil, ProcessIdentity(pid: own.pid, start: own.start + 1, boot: own.boot)] {
            let name = try begin("demo", worker: worker)
            let channel = try #require(try room.census()[name])
            #expect(!channel.isRunning && channel.record.endedAt != nil)
            #expect(channel.record.totals.duration >= .seconds(2))
            #expect(try room.registry.channel(name)?.state == .stopped)
            #expect(try room.origin.ask()?.streams.isEmpty == true)
        }
    }

    @Test func streamThatTheOriginDoesNotKnow_doesNotRun() throws {
        let server = try origin()
        defer {
            server.stop()
            server.waitUntilEnded()
        }
        let name = try begin("demo", worker: .current)
        let id = try #require(try room.registry.channel(name)?.streamID)
        _ = room.close(id)
        #expect(try room.census()[name]?.isRunning == false)
    }

    @Test func withoutAnOrigin_nothingRuns() throws {
        let name = try begin("demo", worker: .current)
        #expect(try room.origin.ask() == nil)
        #expect(try room.census()[name]?.isRunning == false)
    }

    @Test func originThatSaysNothing_isNotTakenForDead() async throws {
        let name = try begin("demo", worker: .current)
        let mute = try Program([
            "python3", "-c",
            "import os,socket,sys,time; s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]+'.new'); s.listen(1); "
                + "os.rename(sys.argv[1]+'.new', sys.argv[1]); time.sleep(600)",
            room.origin.control.text,
        ])
        #expect(await eventually(within: .seconds(60)) { access(room.origin.control.text, F_OK) == 0 })
        let error = #expect(throws: SluiceError.self) { try room.census() }
        #expect(error?.reason == .timeout)
        #expect(try room.registry.channel(name)?.state == .live)
        mute.kill()
    }

    @Test func totals_areTheLargerOfBoth() {
        var totals = ChannelTotals()
        totals.sentBytes = 10
        totals.videoFrames = 5
        var counters = StreamCounters()
        counters.bytesIn = 7
        counters.videoFrames = 6
        counters.publications = 3
        counters.peakViewers = 4
        totals.add(StreamFacts(name: "x", state: .live, viewers: 1, counters))
        #expect(totals.sentBytes == 10 && totals.videoFrames == 6)
        #expect(totals.reconnects == 2 && totals.peakViewers == 4)
    }

    @Test func listedChannel_tellsWhatSlowViewersLost() throws {
        let name = try begin("demo", worker: .current)
        let record = try #require(try room.registry.channel(name))
        var counters = StreamCounters()
        counters.droppedGOPs = 9
        counters.cutOffViewers = 2
        let facts = StreamFacts(name: record.streamID.text, state: .live, viewers: 3, counters)
        let running = ChannelReport.listed(ChannelNow(record: record, facts: facts), at: .now())
        let values = ["viewers", "dropped_gops", "cut_off_viewers"].map(running.text)
        #expect(values == ["3", "9", "2"])
        let over = ChannelReport.listed(ChannelNow(record: record), at: .now())
        #expect(over.text("cut_off_viewers") == "0" && over.text("viewers") == "0")
    }

    @Test func streamID_isKeptForAnHour() {
        let ended = WallTime(milliseconds: 1_795_000_000_000)
        #expect(ChannelStart.isKept(ended, at: ended + .seconds(3599)))
        #expect(!ChannelStart.isKept(ended, at: ended + .seconds(3600)))
    }
}
