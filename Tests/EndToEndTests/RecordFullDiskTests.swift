// A disk that fills up at any moment: an error that says so, and all that was received a second before is kept.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct RecordFullDiskTests {
    /// A namespace of its own in which a small file system can be mounted, also by a user.
    private static let unshare = ["unshare"] + (geteuid() == 0 ? ["-m"] : ["-rm"])

    @Test(.timeLimit(.minutes(30)))
    func fullAtARandomMoment_keepsWhatWasWritten() async throws {
        let tape = try await RecordTapes.shared.tape(.usual)
        let server = try RecordTapeServer(tape, .init(speed: 2))
        let sluice = try SluiceBinary.path()
        let faults = try await inTurns(isNightly ? 200 : 12, atOnce: 12) { number in
            var dice = RecordDice(2000 + number)
            let segment = dice.pick(["1s", "3s", "off"])
            let size = Int(dice.number(64...400))
            let name = "cam\(number)"
            let directory = try TempDirectory("full")
            // What is on the small disk is gone with the namespace, so it is copied at the end.
            let script = """
                mkdir disk && mount -t tmpfs -o size=\(size)k none disk && cd disk && "$@"
                status=$?; cd .. && cp -a disk kept; exit $status
                """
            let program = try Program(
                Self.unshare + ["sh", "-c", script, "sh", sluice, "record", server.url(name)]
                    + ["--segment", segment, "--json"],
                directory: directory.path)
            // What had been received by when.
            var history: [(at: WallTime, received: [Range<Int>])] = []
            let ended = await eventually(within: .seconds(40), every: .milliseconds(40)) {
                history.append((WallTime.now(), server.taken(name)))
                return !program.isRunning
            }
            guard ended, let exit = await program.wait(within: .seconds(5)) else {
                return ["\(size) kB: does not notice: \(program.errors)"]
            }
            var faults: [String] = []
            let label = "\(size) kB, --segment \(segment)"
            let events = JSONReader.lines(program.output)
            let error = events.last { $0["event"]?.string == "error" }
            if exit != .exited(74) || error?["reason"]?.string != "no_space" {
                faults.append("\(label): \(exit) \(program.errors)")
            }
            if events.last?["event"]?.string != "result" { faults.append("\(label): no result") }
            guard let when = error?["time"]?.string.flatMap(wallTime) else {
                return faults + ["no time of the error"]
            }
            let received = history.last { when - $0.at > .seconds(1) }?.received ?? []
            let kept = directory.file("kept")
            faults += try await RecordShelf(kept, tape).faults(required: received).map { "\(label): \($0)" }
            let repair = try await SluiceBinary.run(["record", "--repair", kept], directory: directory)
            if repair.status != 0 { faults.append("repair: \(String(describing: repair.exit)) \(repair.errors)") }
            let after = try await RecordShelf(kept, tape)
            faults += after.faults(required: received).map { "\(label), after repair: \($0)" }
            return faults + after.unfinished()
        }
        #expect(faults.isEmpty, Comment(rawValue: faults.joined(separator: "\n")))
    }
}

/// RFC 3339 with milliseconds, UTC.
func wallTime(_ text: String) -> WallTime? {
    let numbers = text.split { !$0.isNumber }.compactMap { Int($0) }
    guard numbers.count >= 7, text.hasSuffix("Z") else { return nil }
    var parts = tm()
    parts.tm_year = Int32(numbers[0] - 1900)
    parts.tm_mon = Int32(numbers[1] - 1)
    parts.tm_mday = Int32(numbers[2])
    parts.tm_hour = Int32(numbers[3])
    parts.tm_min = Int32(numbers[4])
    parts.tm_sec = Int32(numbers[5])
    return WallTime(milliseconds: Int64(timegm(&parts)) * 1000 + Int64(numbers[6]))
}
