// Connections that are cut at any moment: the recording goes on in a new file, the index knows the gap, and what was
// received is kept once.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct RecordCutTests {
    @Test(.timeLimit(.minutes(30)))
    func cutAtARandomMoment_goesOnInANewFileAndLosesNothing() async throws {
        let tape = try await RecordTapes.shared.tape(.usual)
        let server = try RecordTapeServer(tape, .init(speed: 2))
        let faults = try await inTurns(isNightly ? 70 : 6, atOnce: 12) { number in
            var dice = RecordDice(1000 + number)
            let segment = dice.pick(["2s", "5s", "off"])
            let name = "cam\(number)"
            let directory = try TempDirectory("cut")
            let recorder = try RunningSluice.recording(
                [server.url(name), "--segment", segment, "--json"], in: directory)
            var faults: [String] = []
            // Three cuts each: two hundred moments in seventy runs.
            for round in 1...3 {
                let begins = await eventually(within: .seconds(20)) {
                    let links = server.taken(name)
                    return links.count >= round && links.last?.isEmpty == false
                }
                guard begins else {
                    return ["did not come back after cut \(round - 1): \(recorder.program.errors)"]
                }
                await watch(for: .seconds(dice.number(0.05...2)))
                let isOff = dice.number(0...1) < 0.3
                if isOff { server.turnOff(name) }
                server.cut(name, byReset: dice.number(0...1) < 0.5)
                if isOff {
                    await watch(for: .seconds(dice.number(0.1...1.5)))
                    server.turnOff(name, false)
                }
            }
            guard await eventually(within: .seconds(20), { server.taken(name).filter { !$0.isEmpty }.count > 3 })
            else {
                return ["did not come back: \(recorder.program.errors)"]
            }
            await watch(for: .milliseconds(500))
            let received = server.taken(name)
            await watch(for: .milliseconds(300))
            let run = await recorder.interrupt()

            if run.exit != .signalled(SIGINT) {
                faults.append("ended \(String(describing: run.exit)): \(run.errors)")
            }
            let shelf = try await RecordShelf(directory.path, tape)
            faults += shelf.faults(required: received).map { "--segment \(segment): \($0)" }
            faults += shelf.unfinished()
            // A cut before the first packet may make a gap or none.
            let gaps = run.result?["gaps"]?.array ?? []
            let least = received.filter { !$0.isEmpty }.count - 1
            if gaps.count < least { faults.append("\(gaps.count) gaps, \(least) cuts") }
            for gap in gaps where !((gap["seconds"]?.number ?? -1) >= 0 && gap["reason"]?.string?.isEmpty == false)
            {
                faults.append("a gap without length or reason: \(gap)")
            }
            // No file holds packets from both sides of a cut.
            for file in shelf.files {
                let places = Set(file.packets.map(\.identity))
                let sides = received.filter { $0.contains { places.contains(tape.tags[$0].packet.identity) } }
                if sides.count > 1 { faults.append("\(file.name) goes across a cut") }
            }
            return faults
        }
        #expect(faults.isEmpty, Comment(rawValue: faults.joined(separator: "\n")))
    }

    @Test func end_ofTheBroadcast_endsTheRecording() async throws {
        let tape = try await RecordTapes.shared.tape(.pictureOnly)
        let server = try RecordTapeServer(tape, .init(speed: 8))
        let directory = try TempDirectory("end")
        let recorder = try RunningSluice.recording(
            [server.url("cam"), "--reconnect", "off", "--json"], in: directory)
        let run = await recorder.finish(within: .seconds(20))
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.result?["ended_by"]?.string == "end_of_input")
        let shelf = try await RecordShelf(directory.path, tape)
        #expect(shelf.faults(required: [0..<tape.tags.count]) == [])
        #expect(shelf.unfinished() == [])
    }
}
