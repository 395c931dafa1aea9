// Files on the disk: nobody's is written over, what is being written can be told from what was left.
import Glibc
import Model
import Recorder
import Synchronization
import TestSupport
import Testing

@Suite struct OpenFileTests {
    private let directory: TempDirectory
    private let end = CivilTime(WallTime(seconds: 1_774_746_000), utcOffset: 3600)
    init() throws { directory = try TempDirectory("open-file") }

    private func names() -> [String] { fileNames(in: directory.path) }

    @Test func namesThatAreTakenGetANumber() throws {
        try directory.write("precious", to: "cam.mp4")
        for number in 2...12 {
            let file = try OpenFile.create(in: directory.path, pattern: "cam.mp4")
            #expect(file.file == "cam.part.mp4")
            #expect(try file.publish(pattern: "cam.mp4", end: end) == "cam-\(number).mp4")
        }
        #expect(contents(ofFile: directory.file("cam.mp4")) == Array("precious".utf8))
        // A hole is as good as a new number.
        unlink(directory.file("cam-3.mp4"))
        #expect(
            try OpenFile.create(in: directory.path, pattern: "cam.mp4").publish(pattern: "cam.mp4", end: end)
                == "cam-3.mp4")
    }

    @Test func theDirectoryIsMade() throws {
        let deep = directory.file("a/b/c")
        let file = try OpenFile.create(in: deep, pattern: "x_{end}.mp4")
        #expect(file.path == deep + "/x.part.mp4")
        try directory.write("", to: "plain")
        let error = #expect(throws: SluiceError.self) {
            try OpenFile.create(in: directory.file("plain/x"), pattern: "x")
        }
        #expect(error?.reason == .cannotCreate)
        #expect(error?.description.contains("nput/output") == false)
    }

    /// Eight recorders begin and end files of one name at once: each file is one recorder's, and none is lost.
    @Test func manyAtOnce() throws {
        let made = Mutex<[String]>([])
        let failures = Mutex<[String]>([])
        let path = directory.path
        let end = end
        let threads = (0..<8).map { worker in
            NamedThread("recorder-\(worker)") {
                for round in 0..<25 {
                    do {
                        let file = try OpenFile.create(in: path, pattern: "cam_{end}.mp4")
                        let text = "\(worker)-\(round)"
                        let descriptor = open(file.path, O_WRONLY)
                        _ = text.withCString { write(descriptor, $0, text.utf8.count) }
                        close(descriptor)
                        let name = try file.publish(pattern: "cam_{end}.mp4", end: end)
                        made.withLock { $0.append(text + " " + name) }
                    } catch {
                        failures.withLock { $0.append("\(error)") }
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(failures.withLock { $0 } == [])
        let all = made.withLock { $0 }
        #expect(all.count == 200)
        for line in all {
            let parts = line.split(separator: " ").map(String.init)
            #expect(contents(ofFile: path + "/" + parts[1]) == Array(parts[0].utf8))
        }
        #expect(names().count == 200)
    }

    @Test func whatIsWrittenIsHeldAndWhatWasLeftIsNot() throws {
        let file = try OpenFile.create(in: directory.path, pattern: "cam.mp4")
        #expect(OpenFile.isHeld("cam.part.mp4", in: directory.path))
        #expect(OpenFile.claim("cam.part.mp4", in: directory.path) == nil)
        // A second recorder takes another name.
        let second = try OpenFile.create(in: directory.path, pattern: "cam.mp4")
        #expect(second.file == "cam-2.part.mp4")
        file.release()
        #expect(!OpenFile.isHeld("cam.part.mp4", in: directory.path))
        let claimed = try #require(OpenFile.claim("cam.part.mp4", in: directory.path))
        #expect(OpenFile.claim("cam.part.mp4", in: directory.path) == nil)
        claimed.discard()
        #expect(OpenFile.claim("cam.part.mp4", in: directory.path) == nil)
        #expect(names() == ["cam-2.part.mp4"])
    }

    @Test func anotherContentKeepsNameAndClaim() throws {
        let file = try OpenFile.create(in: directory.path, pattern: "cam.mp4")
        try directory.write("whole", to: "cam.work")
        try file.replace(with: "cam.work")
        #expect(names() == ["cam.part.mp4"])
        #expect(OpenFile.isHeld("cam.part.mp4", in: directory.path))
        #expect(try file.publish(pattern: "cam.mp4", end: end) == "cam.mp4")
        #expect(contents(ofFile: directory.file("cam.mp4")) == Array("whole".utf8))
        #expect(!OpenFile.isHeld("cam.mp4", in: directory.path))
    }

    @Test func aCrashBetweenTheTwoNamesIsSeen() throws {
        let file = try OpenFile.create(in: directory.path, pattern: "cam.mp4")
        #expect(file.otherName() == nil)
        file.release()
        #expect(link(directory.file("cam.part.mp4"), directory.file("cam.mp4")) == 0)
        let claimed = try #require(OpenFile.claim("cam.part.mp4", in: directory.path))
        #expect(claimed.otherName() == "cam.mp4")
    }

    /// The kernel gives up the claim of a process that is killed.
    @Test func aKilledProcessHoldsNothing() async throws {
        try directory.write("x", to: "cam.part.mp4")
        let program = try Program(
            [
                "python3",
                "-c",
                "import fcntl,sys,time;f=open(sys.argv[1],'r+');fcntl.flock(f,fcntl.LOCK_EX);print('held',flush=True);time.sleep(600)",
                directory.file("cam.part.mp4"),
            ])
        #expect(await eventually(within: .seconds(60)) { OpenFile.isHeld("cam.part.mp4", in: directory.path) })
        #expect(OpenFile.claim("cam.part.mp4", in: directory.path) == nil)
        program.kill()
        #expect(await eventually(within: .seconds(10)) { !OpenFile.isHeld("cam.part.mp4", in: directory.path) })
    }
}
