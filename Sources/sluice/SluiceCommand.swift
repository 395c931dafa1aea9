// The root of the command line, and what its subcommands have in common.
import ArgumentParser
import Model

struct SluiceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "Push, play, record, probe and serve live streams.",
        usage: "sluice <command> [options] <operands>",
        discussion: """
            Standard output carries data only: media, or events with --json. Everything for people goes \
            to standard error.
            """,
        version: "sluice \(Version.number)",
        subcommands: [
            PushCommand.self, PlayCommand.self, RecordCommand.self, ProbeCommand.self, StreamStartCommand.self,
            StreamStopCommand.self, StreamListCommand.self,
        ])

    static var names: String {
        configuration.subcommands.map { $0.configuration.commandName ?? "" }.joined(separator: ", ")
    }
}

/// A subcommand: turns its options into settings and has a capability do the work.
protocol Capability: ParsableCommand {
    associatedtype Settings
    var common: CommonOptions { get }
    /// Checks what the parser cannot, and says all of it in plain values.
    func settings(processStart: HostTime) throws(SluiceError) -> Settings
    /// Media go to standard output, so events cannot.
    func writesMediaToOutput(_ settings: Settings) -> Bool
    /// Things worth telling before the work begins.
    func notes(_ settings: Settings) -> [String]
    /// What is particular about this command's console.
    func prepare(_ console: inout Console.Settings)
    func work(_ settings: Settings, console: Console, cancel: CancelFlag) throws(SluiceError) -> Outcome
    /// The result line of work that never began.
    static var emptyResult: Event { get }
    /// The same where it is known what the work would have been.
    func emptyResult(_ settings: Settings) -> Event
}

extension Capability {
    func notes(_ settings: Settings) -> [String] { [] }
    func prepare(_ console: inout Console.Settings) {}
    func emptyResult(_ settings: Settings) -> Event { Self.emptyResult }
}

/// How the work ended.
struct Outcome {
    /// The result line.
    var event: Event
    /// The same for people, on standard error.
    var summary: String?
    /// What the work was for, where that is text: it goes to standard output, unless events go there.
    var lines: [String] = []
    var error: SluiceError?
    /// `error` has been told when it happened.
    var errorIsTold = false
}
