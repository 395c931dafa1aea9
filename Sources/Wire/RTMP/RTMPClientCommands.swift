// The client session's dialogue: what it asks, and what the answers and status messages make it do.
import NIOCore

extension RTMPClientSession {
    // MARK: Asking

    mutating func sendConnect() {
        var fields = [AMF0Field("app", .string(settings.fullApp))]
        if settings.role == .publish { fields.append(AMF0Field("type", .string("nonprivate"))) }
        fields.append(AMF0Field("flashVer", .string(settings.flashVersion)))
        fields.append(AMF0Field("tcUrl", .string(settings.fullTcUrl)))
        if let page = settings.pageUrl { fields.append(AMF0Field("pageUrl", .string(page))) }
        if settings.role == .play {
            fields += [
                AMF0Field("fpad", .boolean(false)), AMF0Field("capabilities", .number(15)),
                AMF0Field("audioCodecs", .number(4071)), AMF0Field("videoCodecs", .number(252)),
                AMF0Field("videoFunction", .number(1)),
            ]
            if !settings.fourCCs.isEmpty {
                fields.append(AMF0Field("fourCcList", .strictArray(settings.fourCCs.map { .string($0) })))
            }
        }
        send(call("connect", .connect, [.object(fields)]))
    }

    /// After `connect`: our chunk size, our window when we receive, then a message stream.
    private mutating func sendCreateStream() {
        stage = .creating
        if settings.chunkSize != writer.chunkSize {
            send(.setChunkSize(settings.chunkSize))
            writer.chunkSize = settings.chunkSize
        }
        if settings.role == .play {
            if announcedWindow == nil { announce(settings.windowAck) }
        } else {
            // Old servers want the name announced; the others ignore it, and so the answers do not count.
            let name = AMF0Value.string(settings.streamName)
            send(call("releaseStream", .unimportant, [.null, name]))
            send(call("FCPublish", .unimportant, [.null, name]))
        }
        send(call("createStream", .createStream, [.null]))
    }

    private mutating func sendStart() {
        stage = .starting
        let name = AMF0Value.string(settings.streamName)
        if settings.role == .publish {
            let arguments: [AMF0Value] = [.null, name, .string("live")]
            send(call("publish", .start, arguments, chunkStream: 8, stream: streamID))
        } else {
            let from = AMF0Value.number(settings.live ? -1000 : -2000)
            send(call("play", .start, [.null, name, from], chunkStream: 8, stream: streamID))
            send(
                .userControl(.setBufferLength(stream: streamID, milliseconds: settings.bufferMilliseconds)))
        }
    }

    // MARK: Answers

    mutating func handle(_ command: RTMPCommand) {
        switch command.name {
        case "_result": handleAnswer(command, isError: false)
        case "_error": handleAnswer(command, isError: true)
        case "onStatus":
            if let information = command.information { handleStatus(information) }
        case "onFCPublish":
            // Tells of success as well, but only the answer to `publish` opens the stream.
            if let information = command.information, information["code"]?.stringValue != "NetStream.Publish.Start"
            {
                handleStatus(information)
            }
        case "onBWDone":
            // Flash servers start a measurement; asking for it once is what they wait for.
            send(call("_checkbw", .unimportant, [.null]))
        case "_onbwcheck":
            send(RTMPCommand("_result", command.transaction, [.null, .number(0)]).message(chunkStream: 3))
        case "close": closeByServer(code: "", description: "the server closed the connection")
        case "onFCUnsubscribe": end(.unpublished)
        default: break
        }
    }

    private mutating func handleAnswer(_ command: RTMPCommand, isError: Bool) {
        let information = command.information
        let code = information?["code"]?.stringValue ?? ""
        var call = calls.removeValue(forKey: command.transaction)
        if call == nil, stage == .connecting, code.hasPrefix("NetConnection.Connect.") {
            // Some servers do not repeat the number.
            calls = [:]
            call = .connect
        }
        let refused = isError || information?["level"]?.stringValue == "error"
        switch call {
        case .connect where stage == .connecting:
            if refused { refuse(information, fallback: .rejectedConnect) } else { accept(command) }
        case .createStream where stage == .creating:
            if refused {
                refuse(information, fallback: .other)
            } else if let number = command.arguments.last?.numberValue, number >= 0, number <= Double(UInt32.max) {
                streamID = UInt32(number)
                sendStart()
            } else {
                fail(RTMPFailure(.protocolViolation, description: "createStream was answered without a number"))
            }
        case .start where refused && (stage == .starting || stage == .established):
            refuse(information, fallback: settings.role == .play ? .notFound : .denied)
        // Answers that nobody needs: to releaseStream, FCPublish, _checkbw, or to nothing we asked.
        default: break
        }
    }

    private mutating func accept(_ command: RTMPCommand) {
        let properties = command.arguments.first { $0.fields != nil }
        let data = command.information?["data"]
        let server = data?["srs_server"]?.stringValue ?? properties?["fmsVer"]?.stringValue
        emit(.connected(serverName: server))
        sendCreateStream()
    }

    private mutating func refuse(_ information: AMF0Value?, fallback: RTMPFailure.Kind) {
        let code = information?["code"]?.stringValue ?? ""
        let description = information?["description"]?.stringValue ?? ""
        emit(.status(level: "error", code: code, description: description))
        guard stage == .connecting else {
            fail(.refusal(code: code, description: description, fallback: fallback))
            return
        }
        let asked = RTMPAuthentication.read(
            description: description, app: settings.app, user: settings.user, password: settings.password,
            nonce: String(MD5.hex(settings.handshakeRandom.description).prefix(8)),
            wasAnswered: settings.authenticationQuery.contains("response="))
        switch asked {
        case .notAsked: fail(.refusal(code: code, description: description, fallback: fallback))
        case .impossible(let why): fail(RTMPFailure(.badAuth, code: code, description: why))
        // Two steps are the whole dialogue: the name, then the answer to the challenge.
        case .answer where settings.authenticationSteps >= 3:
            fail(RTMPFailure(.badAuth, code: code, description: "the server keeps asking for a log-in"))
        case .answer(let query):
            var next = settings
            next.authenticationQuery = query
            next.authenticationSteps += 1
            nextSettings = next
            stage = .over
            emit(.authenticate(query: query))
        }
    }

    // MARK: Status

    mutating func handleStatus(_ information: AMF0Value) {
        let code = information["code"]?.stringValue ?? ""
        let level = information["level"]?.stringValue ?? "status"
        let description = information["description"]?.stringValue ?? information["details"]?.stringValue ?? ""
        emit(.status(level: level, code: code, description: description))
        switch code {
        case "NetStream.Publish.Start":
            if settings.role == .publish { establish() }
        case "NetStream.Play.Start", "NetStream.Play.PublishNotify":
            if settings.role == .play {
                isEnded = false
                establish()
            }
        case "NetStream.Play.Stop", "NetStream.Play.Complete": end(.playStopped)
        case "NetStream.Play.UnpublishNotify": end(.unpublished)
        case "NetConnection.Connect.Closed", "NetConnection.Connect.AppShutdown":
            closeByServer(code: code, description: description)
        case "NetConnection.Connect.Rejected", "NetConnection.Connect.InvalidApp", "NetConnection.Connect.Failed",
            "NetStream.Publish.BadName", "NetStream.Publish.Denied", "NetStream.Publish.Rejected",
            "NetStream.Play.StreamNotFound", "NetStream.Play.Failed", "NetStream.Failed":
            // Whatever level the server gave: other clients end here as well.
            let isConnect = code.hasPrefix("NetConnection.")
            fail(.refusal(code: code, description: description, fallback: isConnect ? .rejectedConnect : .other))
        default:
            if level == "error" { fail(.refusal(code: code, description: description, fallback: .other)) }
        }
    }

    private mutating func closeByServer(code: String, description: String) {
        if stage == .established, settings.role == .play {
            end(.closedByServer)
        } else {
            let kind: RTMPFailure.Kind = stage == .established ? .other : .rejectedConnect
            fail(.refusal(code: code, description: description, fallback: kind))
        }
    }
}
