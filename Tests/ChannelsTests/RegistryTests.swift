// The registry: what is written is read again, by several at once, and a file that is not ours is not touched.
import GRDB
import Model
import TestSupport
import Testing

@testable import Channels

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct RegistryTests {
    private let place: TempDirectory
    private let directory: StateDirectory

    init() throws {
        let place = try TempDirectory("state")
        self.place = place
        directory = try StateDirectory.open { $0 == "SLUICE_STATE_DIR" ? place.file("state") : nil }
    }

    static func record(_ text: String) throws -> ChannelRecord {
        let name = try #require(ChannelName(text))
        return ChannelRecord(name: name, id: .make(), streamID: .make(for: name))
    }

    @Test func channel_survivesTheWayThere() throws {
        var record = try Self.record("demo")
        record.state = .live
        record.hasWorker = true
        record.worker = ProcessIdentity(pid: 7, start: 1 << 40, boot: "b")
        record.origin = ProcessIdentity(pid: 8, start: 9, boot: "b")
        record.addresses = ChannelAddresses(
            publish: "rtmp://h/p", rtmp: "rtmp://h/w", flv: "http://h/f", hls: "http://h/m", rtmpPort: 1,
            httpPort: 2)
        record.startedAt = WallTime(milliseconds: 1_795_000_000_123)
        record.totals.duration = .milliseconds(1234)
        record.totals.sentBytes = 1 << 40
        record.totals.peakViewers = 3
        try Registry(directory).save(record)
        let again = try Registry(directory)
        #expect(try again.channel(record.name) == record)
        #expect(try again.owner(of: record.streamID) == record.name)
        record.worker = nil
        record.state = .stopped
        try again.save(record)
        #expect(try again.channels() == [record])
    }

    @Test func origin_isOne() throws {
        let registry = try Registry(directory)
        #expect(try registry.origin() == nil)
        var origin = OriginRecord(
            process: ProcessIdentity(pid: 1, start: 2, boot: "b"), host: "127.0.0.1", rtmpPort: 3, httpPort: 4,
            startedAt: WallTime(milliseconds: 5))
        try registry.save(origin)
        origin.rtmpPort = 6
        try registry.save(origin)
        #expect(try registry.origin() == origin)
    }

    /// Each opens files of its own, as processes do. Without the lock most rounds fail.
    @Test(arguments: 0..<20) func aNewFile_isMadeOnce(round: Int) throws {
        let failures = Monitor([] as [SluiceError])
        let directory = directory
        let threads = (0..<6).map { _ in
            NamedThread("test-registry") {
                do throws(SluiceError) { _ = try Registry(directory).channels() } catch {
                    failures.withLock { $0.append(error) }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(failures.read { $0 }.isEmpty)
    }

    @Test func updates_ofManyProcesses_areAllKept() throws {
        let record = try Self.record("demo")
        try Registry(directory).save(record)
        let directory = directory
        let failures = Monitor(0)
        let threads = (0..<4).map { _ in
            NamedThread("test-registry") {
                do throws(SluiceError) {
                    let registry = try Registry(directory)
                    for _ in 0..<25 {
                        try registry.update(record.name) { current in
                            current.totals.videoFrames += 1
                            return true
                        }
                    }
                } catch {
                    failures.withLock { $0 += 1 }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(failures.read { $0 } == 0)
        #expect(try Registry(directory).channel(record.name)?.totals.videoFrames == 100)
    }

    @Test func onlyItsOwner_canReadIt() throws {
        try Registry(directory).save(try Self.record("demo"))
        for name in fileNames(in: directory.path) + ["."] {
            var info = stat()
            #expect(stat(directory.path + "/" + name, &info) == 0)
            #expect(info.st_mode & 0o077 == 0, "\(name)")
        }
    }

    @Test func fileOfANewerVersion_isLeftAlone() throws {
        _ = try Registry(directory)
        let queue = try DatabaseQueue(path: directory.path + "/channels.sqlite")
        try queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('999: later')") }
        let error = #expect(throws: SluiceError.self) { try Registry(directory) }
        #expect(error?.reason == .config)
        #expect(error?.why == "a newer sluice has written it")
    }

    @Test func damagedFile_isSaid() throws {
        try place.write("this is no database, but long enough to be looked at as one", to: "state/channels.sqlite")
        let error = #expect(throws: SluiceError.self) { try Registry(directory) }
        #expect(error?.reason == .config)
        #expect(error?.hint != nil)
    }
}
