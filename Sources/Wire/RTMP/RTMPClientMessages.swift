// What a client session does with each kind of message.
import NIOCore

extension RTMPClientSession {
    mutating func handle(_ message: RTMPMessage) throws(WireError) {
        switch message.type {
        case .windowAckSize:
            guard let window = message.payload.getInteger(at: message.payload.readerIndex, as: UInt32.self) else {
                throw WireError("WindowAckSize cut short")
            }
            // 0 would mean an answer to every byte; nobody means that.
            if window > 0 { ackWindow = UInt64(window) }
        case .setPeerBandwidth:
            guard let window = message.payload.getInteger(at: message.payload.readerIndex, as: UInt32.self) else {
                throw WireError("SetPeerBandwidth cut short")
            }
            announce(window)
        case .userControl: handle(try RTMPUserControl(message.payload))
        case .command, .commandAMF3: handle(try RTMPCommand(message))
        case .data, .dataAMF3:
            var plain = message
            plain.payload = RTMPCommand.withoutFormatByte(message)
            handleData(plain)
        case .audio, .video: handleMedia(message)
        case .aggregate:
            for part in try message.disaggregated() where stage != .over {
                switch part.type {
                case .audio, .video: handleMedia(part)
                case .data: handleData(part)
                default: break
                }
            }
        // SetChunkSize and Abort were obeyed by the reader; acknowledgements need no answer; shared objects
        // and unknown types are not ours.
        default: break
        }
    }

    /// Tells the server after how many bytes we expect an acknowledgement, if that is news.
    mutating func announce(_ window: UInt32) {
        guard window != announcedWindow else { return }
        announcedWindow = window
        send(.windowAckSize(window))
    }

    private mutating func handle(_ event: RTMPUserControl) {
        switch event {
        case .pingRequest(let time): send(.userControl(.pingResponse(time)))
        case .streamEOF(let id) where stage == .established && (id == streamID || id == 0): end(.streamEOF)
        default: break
        }
    }

    // MARK: Media

    private mutating func handleMedia(_ message: RTMPMessage) {
        guard let kind = FLVTag.Kind(rawValue: message.type.rawValue) else { return }
        deliver(FLVTag(kind: kind, timestamp: message.timestamp, body: message.payload))
    }

    /// Media count from whatever message stream: some servers number it 0.
    private mutating func deliver(_ tag: FLVTag) {
        guard settings.role == .play, stage == .starting || stage == .established else { return }
        guard tag.body.readableBytes > 0 else { return }
        establish()
        isEnded = false
        emit(.media(tag))
    }

    private mutating func handleData(_ message: RTMPMessage) {
        var body = message.payload
        switch Self.scriptName(body) {
        case "|RtmpSampleAccess": return
        case "onStatus", "onPlayStatus":
            // Servers that serve files tell the end of one this way.
            if let values = try? AMF0Value.decodeAll(from: &body, stopAtAMF3: true),
                let information = values.last(where: { $0.fields != nil })
            {
                handleStatus(information)
            }
            return
        case "@setDataFrame":
            // A relay that passes the publisher's message on as it came.
            body.moveReaderIndex(forwardBy: 3 + "@setDataFrame".utf8.count)
        default: break
        }
        deliver(FLVTag(kind: .script, timestamp: message.timestamp, body: body))
    }

    // MARK: States

    mutating func establish() {
        guard stage == .starting else { return }
        stage = .established
        if settings.role == .publish { tags = RTMPTagWriter(stream: streamID, chunkSize: writer.chunkSize) }
        emit(.established)
    }

    mutating func end(_ reason: RTMPEnd) {
        guard !isEnded, settings.role == .play else { return }
        isEnded = true
        emit(.ended(reason))
    }
}
