// What a running origin answers: one line of JSON. The text is pure; sockets are elsewhere.
public import Model

/// The answer to one `ControlRequest`.
public struct ControlReply: Sendable, Equatable {
    /// Why the request was not carried out; nil where it was.
    public var error: String?
    public var pid: Int
    public var rtmpPort: Int
    public var httpPort: Int
    /// `open`, `close`: that stream, as it is afterwards (none where a closed one was not open). `list`: all.
    public var streams: [StreamFacts]

    public init(error: String? = nil, pid: Int, rtmpPort: Int, httpPort: Int, streams: [StreamFacts] = []) {
        self.error = error
        self.pid = pid
        self.rtmpPort = rtmpPort
        self.httpPort = httpPort
        self.streams = streams
    }

    /// Without the line feed.
    public var line: String {
        JSONValue.object([
            .init("error", .optional(error)), .init("pid", .int(pid)), .init("rtmp_port", .int(rtmpPort)),
            .init("http_port", .int(httpPort)), .init("streams", .array(streams.map(\.json))),
        ]).text
    }

    /// nil where the line is no reply.
    public init?(line: some Sequence<UInt8>) {
        guard let value = JSONValue.parse(line), let pid = value["pid"]?.int,
            let rtmpPort = value["rtmp_port"]?.int, let httpPort = value["http_port"]?.int,
            let streams = value["streams"]?.array
        else { return nil }
        let facts = streams.compactMap { StreamFacts(json: $0) }
        guard facts.count == streams.count else { return nil }
        self.init(
            error: value["error"]?.string, pid: pid, rtmpPort: rtmpPort, httpPort: httpPort, streams: facts)
    }
}

extension StreamFacts {
    /// As an object of the control socket's lines.
    public var json: JSONValue {
        .object([
            .init("name", .string(name)), .init("state", .string(state.rawValue)),
            .init("viewers", .int(viewers)), .init("peak_viewers", .int(counters.peakViewers)),
            .init("bytes_in", .int(counters.bytesIn)), .init("bytes_out", .int(counters.bytesOut)),
            .init("video_frames", .int(counters.videoFrames)),
            .init("audio_messages", .int(counters.audioMessages)),
            .init("dropped_gops", .int(counters.droppedGOPs)),
            .init("cut_off_viewers", .int(counters.cutOffViewers)),
            .init("publications", .int(counters.publications)),
            // Milliseconds since 1970.
            .init("since_ms", .optional(counters.since.map { Int($0.wholeMilliseconds) })),
        ])
    }

    /// nil where a field is missing or of another kind.
    public init?(json: JSONValue) {
        guard let name = json["name"]?.string, let state = json["state"]?.string.flatMap(StreamState.init),
            let viewers = json["viewers"]?.int, let peak = json["peak_viewers"]?.int,
            let bytesIn = json["bytes_in"]?.int, let bytesOut = json["bytes_out"]?.int,
            let frames = json["video_frames"]?.int, let sounds = json["audio_messages"]?.int,
            let dropped = json["dropped_gops"]?.int, let cutOff = json["cut_off_viewers"]?.int,
            let publications = json["publications"]?.int
        else { return nil }
        var counters = StreamCounters()
        counters.peakViewers = peak
        counters.bytesIn = bytesIn
        counters.bytesOut = bytesOut
        counters.videoFrames = frames
        counters.audioMessages = sounds
        counters.droppedGOPs = dropped
        counters.cutOffViewers = cutOff
        counters.publications = publications
        counters.since = json["since_ms"]?.int.map { WallTime(milliseconds: Int64($0)) }
        self.init(name: name, state: state, viewers: viewers, counters)
    }
}
