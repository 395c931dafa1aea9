// What a server session does with each kind of message.
import NIOCore

extension RTMPServerSession {
    mutating func handle(_ message: RTMPMessage) throws(WireError) {
        switch message.type {
        case .windowAckSize:
            guard let window = message.payload.getInteger(at: message.payload.readerIndex, as: UInt32.self) else {
                throw WireError("WindowAckSize cut short")
            }
            // 0 would mean an answer to every byte; nobody means that.
            if window > 0 { ackWindow = UInt64(window) }
        case .userControl:
            switch try RTMPUserControl(message.payload) {
            case .pingRequest(let time): send(.userControl(.pingResponse(time)))
            case .pingResponse(let time): emit(.pong(time))
            default: break
            }
        case .command, .commandAMF3:
            commands += 1
            guard commands <= settings.limits.commands else {
                throw WireError("more than \(settings.limits.commands) commands")
            }
            handle(try RTMPCommand(message))
        case .data, .dataAMF3, .audio, .video: handleMedia(message)
        case .aggregate:
            guard mayPublish else { return }
            for part in try message.disaggregated() { handleMedia(part) }
        // SetChunkSize and Abort were obeyed by the reader. Nobody waits for acknowledgements or bandwidths;
        // shared objects and unknown types are not ours.
        default: break
        }
    }

    /// What players do may come in the same packet as the request, too.
    var mayPlay: Bool { stage == .playAsked || stage == .playing }

    /// Media may come in the same packet as the request.
    var mayPublish: Bool { stage == .publishAsked || stage == .publishing }

    private mutating func handleMedia(_ message: RTMPMessage) {
        guard mayPublish, message.payload.readableBytes > 0 else { return }
        switch message.type {
        case .audio: emit(.media(FLVTag(kind: .audio, timestamp: message.timestamp, body: message.payload)))
        case .video: emit(.media(FLVTag(kind: .video, timestamp: message.timestamp, body: message.payload)))
        case .data, .dataAMF3: handleScript(message)
        default: break
        }
    }

    /// Script data are read whole before they are passed on: there are players that follow them to any depth.
    private mutating func handleScript(_ message: RTMPMessage) {
        var body = RTMPCommand.withoutFormatByte(message)
        var name = RTMPClientSession.scriptName(body)
        if name == "@setDataFrame" {
            body.moveReaderIndex(forwardBy: 3 + "@setDataFrame".utf8.count)
            name = RTMPClientSession.scriptName(body)
        }
        var copy = body
        guard let name, body.readableBytes <= settings.limits.script,
            (try? AMF0Value.decodeAll(from: &copy)) != nil
        else {
            droppedScripts += 1
            return
        }
        // Ours to send, or orders to a server: neither is part of the stream.
        if ["|RtmpSampleAccess", "@clearDataFrame", "onStatus", "onPlayStatus"].contains(name) { return }
        // FFmpeg takes a later time for the beginning of a subtitle track.
        let time = name == "onMetaData" ? 0 : message.timestamp
        emit(.media(FLVTag(kind: .script, timestamp: time, body: body.slice())))
    }
}
