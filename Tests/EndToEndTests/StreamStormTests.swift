// Many commands at once, of several users: each gets an answer that is true of some order of them, none waits for ever,
// and what is left at the end is what the list says.
import Model
import TestSupport
import Testing

@Suite(.takesTurns) struct StreamStormTests {
    private let lab: StreamLab
    init() throws { lab = try StreamLab() }

    /// Statuses that a command may end with, by its name: 69 for a channel that runs, or that was stopped before its
    /// first media; 75 for one that was stopped less than 3 s ago.
    private static let answers: [String: Set<Int32>] = [
        "stream-start": [0, 69, 75], "stream-stop": [0], "stream-list": [0],
    ]

    private func commands(_ seed: Int) -> [[String]] {
        let names = ["one", "two", "three"]
        return (0..<8).map { round in
            let name = names[(seed + round * (seed + 1)) % 3]
            switch (seed + round) % 4 {
            case 0, 1:
                return ["stream-start", name, StreamLab.clip, "--loop"] + FlagLab.anyPorts
                    + (round % 3 == 0 ? ["--reuse"] : ["--no-wait"])
            case 2: return ["stream-stop", round % 5 == 0 ? "--all" : name]
            default: return ["stream-list"]
            }
        }
    }

    @Test func manyCommandsAtOnce_haveAnswersThatAreTrue() async throws {
        let faults = try await withThrowingTaskGroup(of: [String].self) { group in
            for seed in 0..<4 {
                group.addTask { [lab] in
                    var faults: [String] = []
                    for words in commands(seed) {
                        let run = try await SluiceBinary.run(
                            words + ["--json"], directory: lab.directory, within: .seconds(40))
                        guard let status = run.status, Self.answers[words[0]]?.contains(status) == true,
                            run.result != nil
                        else {
                            faults.append("\(words): \(String(describing: run.exit)) \(run.errors)")
                            continue
                        }
                    }
                    return faults
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(faults == [])
        // What the list calls running has a worker that runs; whatever else there was has gone.
        let channels = try #require(try await lab.run("stream-list", "--json").result?["channels"]?.array)
        for channel in channels where channel["state"]?.string != "stopped" {
            #expect(channel["pid"]?.int.map { isRunning(Int32($0)) } == true)
        }
        try await lab.end()
        let rest = try #require(try await lab.run("stream-list", "--json").result?["channels"]?.array)
        #expect(rest.count == channels.count && rest.allSatisfy { $0["state"]?.string == "stopped" })
    }
}
