// Every option of every command is run, and makes a difference that can be seen. An option of `--help`
// without a row here fails; so does a row for an option that is gone.
import Model
import TestSupport
import Testing

/// What one option (with its other spellings) is seen to do.
struct FlagRow: Sendable, CustomTestStringConvertible {
    let command: String
    let flags: [String]
    let observe: @Sendable (FlagLab) async throws -> Void
    var testDescription: String { command + " " + flags.joined(separator: " ") }

    init(_ command: String, _ flags: String..., observe: @escaping @Sendable (FlagLab) async throws -> Void) {
        self.command = command
        self.flags = flags
        self.observe = observe
    }
}

enum FlagTable {
    static let push = pushRows + encodingRows + sourceRows("push") + commonRows("push")
    static let play =
        playRows + delayRows + outputRows + playConnectionRows + sourceRows("play") + commonRows("play")
    static let record = recordRows + connectionRows + sourceRows("record") + commonRows("record")
    static let probe = probeRows + sourceRows("probe") + commonRows("probe")
    static let start = streamStartRows + streamPushRows + streamSourceRows + streamCommonRows("stream-start")
    static let stop = streamStopRows + streamCommonRows("stream-stop")
    static let list = streamCommonRows("stream-list")
    static let all = [
        "push": push, "play": play, "record": record, "probe": probe, "stream-start": start, "stream-stop": stop,
        "stream-list": list,
    ]
}

/// One after the other: some observe how long something takes.
@Suite(.serialized) struct CommandLineFlagTable {
    @Test(arguments: FlagTable.all.keys.sorted())
    func everyOption_hasExactlyOneRow(_ command: String) async throws {
        let rows = FlagTable.all[command, default: []].flatMap(\.flags)
        #expect(rows.count == Set(rows).count)
        #expect(Set(rows) == (try await CommandLineHelpTests.flags(of: command)))
    }

    @Test(arguments: FlagTable.push)
    func push_optionMakesADifference(_ row: FlagRow) async throws { try await row.observe(try await FlagLab()) }

    @Test(arguments: FlagTable.play)
    func play_optionMakesADifference(_ row: FlagRow) async throws { try await row.observe(try await FlagLab()) }

    @Test(arguments: FlagTable.record)
    func record_optionMakesADifference(_ row: FlagRow) async throws { try await row.observe(try await FlagLab()) }

    @Test(arguments: FlagTable.start)
    func streamStart_optionMakesADifference(_ row: FlagRow) async throws {
        try await row.observe(try await FlagLab())
    }

    @Test(arguments: FlagTable.stop + FlagTable.list)
    func streamStopAndList_optionMakesADifference(_ row: FlagRow) async throws {
        try await row.observe(try await FlagLab())
    }

    @Test(arguments: FlagTable.probe)
    func probe_optionMakesADifference(_ row: FlagRow) async throws { try await row.observe(try await FlagLab()) }
}
