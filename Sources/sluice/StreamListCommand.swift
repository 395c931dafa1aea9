// `sluice stream-list`: what is running, waiting or kept.
import ArgumentParser
import Channels
import Model

struct StreamListCommand: Capability {
    static let configuration = CommandConfiguration(
        commandName: "stream-list",
        abstract: "List the streams that are running, waiting or kept.",
        usage: "sluice stream-list [options] [<name>]",
        discussion: "A stream that has ended is kept for an hour: started again, it has the same addresses.")

    @Argument(help: ArgumentHelp("Only this channel.", valueName: "name"))
    var operands: [String] = []

    @OptionGroup(title: "Common options") var common: CommonOptions

    struct Settings {
        var directory: StateDirectory
        var name: ChannelName?
    }

    static let emptyResult = Event("result", [.init("channels", .array([]))])

    func settings(processStart: HostTime) throws(SluiceError) -> Settings {
        guard operands.count <= 1 else {
            throw UsageErrors.error(operands[1], "one argument too many", hint: "stream-list takes one name")
        }
        var name: ChannelName?
        if let operand = operands.first { name = try ChannelNameArgument.parse(operand) }
        return Settings(directory: try StateEnvironment.directory(), name: name)
    }

    func writesMediaToOutput(_ settings: Settings) -> Bool { false }

    func work(_ settings: Settings, console: Console, cancel: CancelFlag) throws(SluiceError) -> Outcome {
        let channels = try ChannelList(directory: settings.directory, cancel: cancel).run(settings.name)
        return Outcome(
            event: Event("result", [.init("channels", .array(channels.map { .object($0.fields) }))]),
            lines: settings.name == nil ? Self.table(channels) : channels.flatMap(\.lines))
    }

    /// A line a channel: name, state, viewers, seconds, address.
    private static func table(_ channels: [ChannelReport]) -> [String] {
        let rows = channels.map { channel in
            ["channel", "state", "viewers", "duration_s", "watch.rtmp"].map { channel.text($0) ?? "-" }
        }
        guard let first = rows.first else { return [] }
        let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).map { text, width in
                text + String(repeating: " ", count: width - text.count)
            }.joined(separator: "  ").trimmedEnd
        }
    }
}

extension String {
    fileprivate var trimmedEnd: String {
        var text = self[...]
        while text.last == " " { text = text.dropLast() }
        return String(text)
    }
}
