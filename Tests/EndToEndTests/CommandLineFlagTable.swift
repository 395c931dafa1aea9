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
    static let play = playRows + outputRows + sourceRows("play") + commonRows("play")
}

/// One after the other: some observe how long something takes.
@Suite(.serialized) struct CommandLineFlagTable {
    @Test(arguments: ["push", "play"])
    func everyOption_hasExactlyOneRow(_ command: String) async throws {
        let rows = (command == "push" ? FlagTable.push : FlagTable.play).flatMap(\.flags)
        #expect(rows.count == Set(rows).count)
        #expect(Set(rows) == (try await CommandLineHelpTests.flags(of: command)))
    }

    @Test(arguments: FlagTable.push)
    func push_optionMakesADifference(_ row: FlagRow) async throws { try await row.observe(try await FlagLab()) }

    @Test(arguments: FlagTable.play)
    func play_optionMakesADifference(_ row: FlagRow) async throws { try await row.observe(try await FlagLab()) }
}
