// The server session's dialogue: what clients call, and what each call is answered. A call that nobody knows is
// answered like one that did nothing: an error would make FFmpeg give up.
import NIOCore

extension RTMPServerSession {
    mutating func handle(_ command: RTMPCommand) {
        guard stage != .connecting else {
            if command.name == "connect" { connect(command) } else { answer(command) }
            return
        }
        switch command.name {
        case "createStream": answer(command, [.number(Double(RTMPFanoutWriter.stream))])
        case "publish": publish(command)
        case "play": play(command)
        case "releaseStream": answer(command)
        case "FCPublish", "FCUnpublish", "FCSubscribe", "FCUnsubscribe": handleFlashCall(command)
        // 0 is what a live stream has.
        case "getStreamLength": answer(command, [.number(0)])
        // No answer: the client may be gone already.
        case "closeStream", "deleteStream": leave()
        case "pause": pause(command)
        case "seek":
            // Live is where the player already is; FFmpeg drops everything until it hears that.
            if mayPlay { sendStatus("NetStream.Seek.Notify", "live") }
        default: answer(command)
        }
    }

    /// Answers a call that expects an answer.
    private mutating func answer(_ command: RTMPCommand, _ values: [AMF0Value] = []) {
        guard command.transaction != 0 else { return }
        send(RTMPCommand("_result", command.transaction, [.null] + values).message(chunkStream: 3))
    }

    // MARK: connect

    private mutating func connect(_ command: RTMPCommand) {
        let object = command.arguments.first
        app = object?["app"]?.stringValue ?? ""
        tcUrl = object?["tcUrl"]?.stringValue ?? ""
        let words = (object?["flashVer"]?.stringValue ?? "").unicodeScalars.prefix(128)
        clientName = String(String.UnicodeScalarView(words.filter { (0x20...0x7E).contains($0.value) }))
        let limit = settings.limits.nameLength
        guard app.utf8.count <= limit, tcUrl.utf8.count <= limit else {
            rejectConnect(command, "NetConnection.Connect.Rejected", "the address is too long", .rejectedConnect)
            return
        }
        let name = RTMPStreamName(app: app, tcUrl: tcUrl).app
        if let wanted = settings.app, wanted != name {
            rejectConnect(
                command, "NetConnection.Connect.InvalidApp", "there is no application of this name", .noApp)
            return
        }
        send(.windowAckSize(settings.windowAck))
        send(.setPeerBandwidth(settings.peerBandwidth, limit: 2))
        send(.setChunkSize(settings.chunkSize))
        writer = RTMPChunkWriter(statelessWithChunkSize: settings.chunkSize)
        send(
            RTMPCommand("_result", command.transaction, [Self.properties, information(for: object)])
                .message(chunkStream: 3))
        stage = .connected
        emit(.connected(app: name))
    }

    private mutating func rejectConnect(
        _ command: RTMPCommand, _ code: String, _ description: String, _ kind: RTMPFailure.Kind
    ) {
        let information = Self.information("error", code, description)
        send(RTMPCommand("_error", command.transaction, [.null, information]).message(chunkStream: 3))
        fail(RTMPFailure(kind, code: code, description: description))
    }

    /// Clients look at the version's first part, if at all.
    private static let properties = AMF0Value.object([
        AMF0Field("fmsVer", .string("FMS/3,5,7,7009")), AMF0Field("capabilities", .number(31)),
        AMF0Field("mode", .number(1)),
    ])

    private func information(for object: AMF0Value?) -> AMF0Value {
        // AMF3 clients read AMF0 commands as well, as long as their own choice is confirmed.
        let encoding: Double = object?["objectEncoding"]?.numberValue == 3 ? 3 : 0
        var fields = [
            AMF0Field("level", .string("status")), AMF0Field("code", .string("NetConnection.Connect.Success")),
            AMF0Field("description", .string("Connection succeeded.")),
            AMF0Field("objectEncoding", .number(encoding)),
        ]
        let asked = ["fourCcList", "videoFourCcInfoMap", "audioFourCcInfoMap", "capsEx"].contains {
            object?[$0] != nil
        }
        if asked { fields += Self.enhanced }
        return .object(fields)
    }

    /// Enhanced RTMP: whatever the codec, it is passed on (CanForward), as are multitrack (2), modifiers (4) and
    /// nanoseconds (8).
    private static let enhanced = [
        AMF0Field("fourCcList", .strictArray([.string("*")])),
        AMF0Field("videoFourCcInfoMap", .object([AMF0Field("*", .number(4))])),
        AMF0Field("audioFourCcInfoMap", .object([AMF0Field("*", .number(4))])),
        AMF0Field("capsEx", .number(14)),
    ]

    // MARK: publish and play

    private mutating func publish(_ command: RTMPCommand) {
        guard let name = streamName(command) else {
            sendStatus("NetStream.Publish.BadName", "this is no name for a stream", level: "error")
            return
        }
        guard stage == .connected else {
            sendStatus("NetStream.Publish.BadName", "this connection has a stream already", level: "error")
            return
        }
        stage = .publishAsked
        emit(.publish(name))
    }

    private mutating func play(_ command: RTMPCommand) {
        // play(false) is how Flash says stop.
        if command.arguments.count > 1, command.arguments[1].booleanValue == false {
            leave()
            return
        }
        guard let name = streamName(command) else {
            sendStatus("NetStream.Play.StreamNotFound", "this is no name for a stream", level: "error")
            return
        }
        // A playlist, or a player that changes its mind.
        if mayPlay { leave() }
        guard stage == .connected else {
            sendStatus("NetStream.Play.Failed", "this connection has a stream already", level: "error")
            return
        }
        stage = .playAsked
        emit(.play(name))
    }

    /// nil where there is none, or one that could not be written to a log.
    private func streamName(_ command: RTMPCommand) -> RTMPStreamName? {
        guard command.arguments.count > 1, let text = command.arguments[1].stringValue,
            text.utf8.count <= settings.limits.nameLength
        else { return nil }
        let name = RTMPStreamName(app: app, tcUrl: tcUrl, playpath: text)
        let isPlain = name.name.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) }
        return name.name.isEmpty || !isPlain ? nil : name
    }

    /// Flash Media Encoder's calls beside the real ones. Some clients wait for the status message.
    private mutating func handleFlashCall(_ command: RTMPCommand) {
        answer(command)
        let code =
            switch command.name {
            case "FCPublish": "NetStream.Publish.Start"
            case "FCUnpublish": "NetStream.Unpublish.Success"
            case "FCSubscribe": "NetStream.Play.Start"
            default: "NetStream.Play.Stop"
            }
        let information = Self.information("status", code, "")
        send(RTMPCommand("on" + command.name, 0, [.null, information]).message(chunkStream: 3))
        if command.name == "FCUnpublish" || command.name == "FCUnsubscribe" { leave() }
    }

    private mutating func pause(_ command: RTMPCommand) {
        guard mayPlay else { return }
        let isPaused = command.arguments.count > 1 && command.arguments[1].booleanValue == true
        sendStatus(isPaused ? "NetStream.Pause.Notify" : "NetStream.Unpause.Notify", "")
        emit(.paused(isPaused))
    }

    /// Back to where a stream can be asked for.
    private mutating func leave() {
        switch stage {
        case .publishAsked, .publishing:
            stage = .connected
            emit(.unpublished)
        case .playAsked, .playing:
            stage = .connected
            emit(.stoppedPlaying)
        default: break
        }
    }

    private mutating func sendStatus(_ code: String, _ description: String, level: String = "status") {
        send(Self.statusMessage(level, code, description))
    }

    // MARK: Status messages

    static func information(_ level: String, _ code: String, _ description: String) -> AMF0Value {
        .object([
            AMF0Field("level", .string(level)), AMF0Field("code", .string(code)),
            AMF0Field("description", .string(description)),
        ])
    }

    /// On the message stream that every client has from `createStream`.
    static func statusMessage(_ level: String, _ code: String, _ description: String) -> RTMPMessage {
        RTMPCommand("onStatus", 0, [.null, information(level, code, description)])
            .message(chunkStream: 5, stream: RTMPFanoutWriter.stream)
    }
}
