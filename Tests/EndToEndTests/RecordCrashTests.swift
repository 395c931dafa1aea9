// A recorder that is killed at any moment has on the disk what it had received a second before, once, in files that
// play; a repair makes them ordinary.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct RecordCrashTests {
    @Test(.timeLimit(.minutes(30)))
    func killedAtARandomMoment_losesNothingOlderThanASecond() async throws {
        let tape = try await RecordTapes.shared.tape(.usual)
        // Twice as fast, so that files are often cut and closed.
        let server = try RecordTapeServer(tape, .init(speed: 2))
        let faults = try await inTurns(isNightly ? 200 : 12, atOnce: 12) { number in
            var dice = RecordDice(number)
            let segment = dice.pick(["1s", "2s", "3s", "off"])
            let name = "cam\(number)"
            let directory = try TempDirectory("crash")
            let recorder = try RunningSluice.recording(
                [server.url(name), "--segment", segment, "-q"], in: directory)
            guard await eventually(within: .seconds(20), { server.taken(name).last?.isEmpty == false }) else {
                return ["never began: \(recorder.program.errors)"]
            }
            await watch(for: .seconds(dice.number(0.2...5)))
            let received = server.taken(name)
            await watch(for: .seconds(1))
            recorder.program.kill()
            _ = await recorder.program.wait(within: .seconds(5))

            var faults: [String] = []
            let before = try await RecordShelf(directory.path, tape)
            faults += before.faults(required: received).map { "--segment \(segment), before repair: \($0)" }
            let repair = try await SluiceBinary.run(["record", "--repair", directory.path], directory: directory)
            if repair.status != 0 { faults.append("repair: \(String(describing: repair.exit)) \(repair.errors)") }
            let after = try await RecordShelf(directory.path, tape)
            faults += after.faults(required: received).map { "--segment \(segment), after repair: \($0)" }
            faults += after.unfinished()
            return faults
        }
        #expect(faults.isEmpty, Comment(rawValue: faults.joined(separator: "\n")))
    }
}
