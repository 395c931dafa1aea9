// How a channel is started, besides what is pushed into it.
import ArgumentParser
import Channels
import Model

struct ChannelStartArguments: ParsableArguments {
    @Option(help: ArgumentHelp("Print this field alone.", valueName: "field"))
    var print: ReportField?

    @Flag(help: "Stay in the foreground until the stream is stopped.")
    var foreground = false

    @Flag(help: "Take a channel that is running already as it is.")
    var reuse = false

    @Flag(help: "Fail where a channel that was stopped less than 3 s ago would be waited for.")
    var noWait = false

    @Option(
        help: ArgumentHelp(
            "The last part of the addresses (default: made anew, kept for an hour).", valueName: "id"),
        transform: StreamIDArgument.parse)
    var streamID: StreamID?

    @Option(
        help: ArgumentHelp("Start no more than this many channels (default: 50).", valueName: "n"),
        transform: QuotaArgument.parse)
    var quota: Int?

    @Option(
        help: ArgumentHelp("The origin's port for RTMP (default: 1935); 0 is any free one.", valueName: "port"),
        transform: PortArgument.parse)
    var rtmpPort: Int?

    @Option(
        help: ArgumentHelp("The origin's port for HTTP (default: 8080); 0 is any free one.", valueName: "port"),
        transform: PortArgument.parse)
    var httpPort: Int?

    func apply(to settings: inout ChannelStartSettings) {
        settings.streamID = streamID
        settings.ports = PortRequest(rtmp: rtmpPort, http: httpPort)
        settings.reuse = reuse
        settings.noWait = noWait
        if let quota { settings.quota = quota }
    }
}
