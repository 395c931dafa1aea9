// Which process is which, who holds the lock, how a log is put aside, and how an error travels.
import Model
import TestSupport
import Testing

@testable import Channels

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct ProcessTests {
    @Test func thisProcess_isAlive_andNoOtherOfItsNumber() throws {
        let own = try #require(ProcessIdentity.current)
        #expect(own.pid == getpid() && own.isAlive)
        #expect(!ProcessIdentity(pid: own.pid, start: own.start + 1, boot: own.boot).isAlive)
        #expect(!ProcessIdentity(pid: own.pid, start: own.start, boot: "another boot").isAlive)
        #expect(ProcessIdentity(pid: 0) == nil && ProcessIdentity(pid: -1) == nil)
    }

    @Test func processThatWasKilled_isDead() async throws {
        let program = try Program(["sleep", "60"])
        let process = try #require(ProcessIdentity(pid: program.pid))
        #expect(process.isAlive)
        process.send(9)
        #expect(await eventually(within: .seconds(5)) { !process.isAlive })
    }

    @Test func lock_isHeldByOne_andFreeAfterwards() throws {
        let place = try TempDirectory("lock")
        let cancel = CancelFlag()
        do {
            let held = try FileLock(place.file("lock"), patience: .zero, cancel: cancel)
            var refused: SluiceError?
            do throws(SluiceError) {
                _ = try FileLock(place.file("lock"), patience: .milliseconds(50), cancel: cancel)
            } catch { refused = error }
            #expect(refused?.reason == .timeout)
            _ = consume held
        }
        _ = try FileLock(place.file("lock"), patience: .zero, cancel: cancel)
    }

    @Test func lock_waitsForItsHolder() throws {
        let place = try TempDirectory("lock")
        let path = place.file("lock")
        let isHeld = Monitor(false)
        let mayLeave = Monitor(false)
        let thread = NamedThread("test-holder") {
            guard let lock = try? FileLock(path, patience: .zero, cancel: CancelFlag()) else { return }
            isHeld.withLock { $0 = true }
            _ = mayLeave.wait(until: .now() + .milliseconds(100)) { $0 ? true : nil }
            _ = consume lock
        }
        _ = isHeld.wait(until: .now() + .seconds(10)) { $0 ? true : nil }
        _ = try FileLock(path, patience: .seconds(10), cancel: CancelFlag())
        thread.join()
    }

    @Test func longLog_isPutAside() throws {
        let place = try TempDirectory("log")
        let path = place.file("channel-demo.log")
        close(try LogFile.open(path))
        try place.write([UInt8](repeating: 0x2E, count: LogFile.limit), to: "channel-demo.log")
        let next = try LogFile.open(path)
        #expect(write(next, "new", 3) == 3)
        close(next)
        #expect(contents(ofFile: path) == Array("new".utf8))
        #expect(contents(ofFile: path + ".1")?.count == LogFile.limit)
    }

    @Test func error_isTheSameOnTheOtherSide() {
        for error in [
            SluiceError(.portInUse, "a", why: "b"),
            SluiceError(
                .connectionLost, "wh\"at", why: "w\nhy", hint: "h", isMidStream: true, code: -5, serviceCode: 6012),
        ] {
            #expect(JSONValue.parse(error.asJSON.text).flatMap(SluiceError.init(json:)) == error)
        }
    }
}

@Suite struct StateDirectoryTests {
    @Test func place_followsTheEnvironment() throws {
        let place = try TempDirectory("home")
        let all = [
            "SLUICE_STATE_DIR": place.file("one"), "XDG_STATE_HOME": place.file("two"), "HOME": place.file("home"),
        ]
        #expect(try StateDirectory.open { all[$0] }.path == place.file("one"))
        #expect(
            try StateDirectory.open { $0 == "SLUICE_STATE_DIR" ? "" : all[$0] }.path == place.file("two/sluice"))
        #expect(
            try StateDirectory.open { $0 == "HOME" ? all[$0] : nil }.path == place.file("home/.local/state/sluice"))
        // Relative ones are to be ignored.
        let odd = try StateDirectory.open { $0 == "XDG_STATE_HOME" ? "x" : $0 == "HOME" ? all[$0] : nil }
        #expect(odd.path == place.file("home/.local/state/sluice"))
        let error = #expect(throws: SluiceError.self) { try StateDirectory.open { _ in nil } }
        #expect(error?.reason == .config)
    }

    @Test func directory_isItsOwnersAlone() throws {
        let place = try TempDirectory("home")
        #expect(mkdir(place.file("open"), 0o755) == 0)
        _ = try StateDirectory.open { $0 == "SLUICE_STATE_DIR" ? place.file("open") : nil }
        var info = stat()
        #expect(stat(place.file("open"), &info) == 0 && info.st_mode & 0o777 == 0o700)
    }

    @Test func fileInItsPlace_isSaid() throws {
        let place = try TempDirectory("home")
        try place.write("x", to: "file")
        for name in ["file", "file/below"] {
            let error = #expect(throws: SluiceError.self) {
                try StateDirectory.open { $0 == "SLUICE_STATE_DIR" ? place.file(name) : nil }
            }
            #expect(error?.reason == .cannotCreate, "\(name)")
        }
    }

    @Test func socketOfADeepDirectory_hasAShortWayToIt() throws {
        let place = try TempDirectory("home")
        let deep = place.file(String(repeating: "d", count: 120))
        let directory = try StateDirectory.open { $0 == "SLUICE_STATE_DIR" ? deep : nil }
        let control = try ControlPath(directory)
        #expect(control.text.utf8.count <= 107)
        try place.write("x", to: String(repeating: "d", count: 120) + "/origin.sock")
        #expect(access(control.text, R_OK) == 0)
    }
}
