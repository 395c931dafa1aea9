// Values of the stream commands' options.
import Channels
import Model

enum ChannelNameArgument {
    static func parse(_ text: String) throws(SluiceError) -> ChannelName {
        guard let name = ChannelName(text) else {
            throw UsageErrors.error(
                "<name>", "\"\(MediaAddress.redact(text))\" is not a name for a channel",
                hint: "1 to 64 letters, digits, points, dashes and underscores; the first is a letter or a digit")
        }
        return name
    }
}

enum StreamIDArgument {
    static func parse(_ text: String) throws(ArgumentProblem) -> StreamID {
        guard let id = StreamID(text) else {
            throw ArgumentProblem("is not a stream id (1 to 128 letters, digits, dashes and underscores)")
        }
        return id
    }
}

enum PortArgument {
    /// 0 is any free one.
    static func parse(_ text: String) throws(ArgumentProblem) -> Int {
        guard (1...5).contains(text.utf8.count), text.allSatisfy({ $0.isASCII && $0.isNumber }),
            let port = Int(text), port <= 65535
        else { throw ArgumentProblem("is not a port (0 to 65535; 0 is any free one)") }
        return port
    }
}

enum QuotaArgument {
    static func parse(_ text: String) throws(ArgumentProblem) -> Int {
        guard (1...6).contains(text.utf8.count), text.allSatisfy({ $0.isASCII && $0.isNumber }),
            let count = Int(text), count >= 1
        else { throw ArgumentProblem("is not a number of channels (1 or more)") }
        return count
    }
}

/// `--print`: one field of the report.
enum ReportField: String, CaseIterable {
    case channel
    case channelID = "channel_id"
    case streamID = "stream_id"
    case publishURL = "publish_url"
    case watchRTMP = "watch.rtmp"
    case watchFLV = "watch.flv"
    case watchHLS = "watch.hls"
    case state, pid
    case originPID = "origin_pid"
}
