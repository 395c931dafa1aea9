// Formats without a dialogue: what can be read can be written, and is read alike again.
import NIOCore
import Wire

enum FuzzFormats {
    static func chunks(_ input: [UInt8]) {
        let runs = FuzzTarget.cuts(input).map { messages($0) }
        precondition(runs[0] == runs[1], "what is read depends on how the bytes were cut")
        let payload = runs[0].reduce(0) { $0 + $1.payload.readableBytes }
        precondition(payload + runs[0].count <= input.count, "more messages than bytes")
        var writer = RTMPChunkWriter()
        var bytes = ByteBuffer()
        // The reader obeys a new size, so the writer has to.
        let media = runs[0].filter { $0.type.rawValue > 2 }
        for message in media { try? writer.write(message, into: &bytes) }
        precondition(messages([bytes]) == media, "what was written is read as something else")
    }

    private static func messages(_ pieces: [ByteBuffer]) -> [RTMPMessage] {
        var reader = RTMPChunkReader()
        var all: [RTMPMessage] = []
        for piece in pieces {
            reader.append(piece)
            do { while let message = try reader.next() { all.append(message) } } catch { return all }
        }
        return all
    }

    static func amf0(_ input: [UInt8]) {
        var data = ByteBuffer(bytes: input)
        guard let values = try? AMF0Value.decodeAll(from: &data) else { return }
        let once = AMF0Value.encode(values)
        var again = once
        let second = (try? AMF0Value.decodeAll(from: &again)).map { AMF0Value.encode($0) }
        precondition(second == once, "what was written is read as something else")
    }

    static func flv(_ input: [UInt8]) {
        let runs = FuzzTarget.cuts(input).map { items($0) }
        precondition(runs[0] == runs[1], "what is read depends on how the bytes were cut")
        for case .tag(let tag) in runs[0] {
            let facts = TagFacts(tag)
            switch tag.kind {
            case .video:
                if let body = try? VideoTagBody(parsing: tag.body) {
                    _ = try? body.serialised()
                    precondition(facts.isKeyFrame == (body.packet == .coded && body.isKeyframe))
                }
            case .audio: if let body = try? AudioTagBody(parsing: tag.body) { _ = try? body.serialised() }
            case .script: amf0(Array(tag.body.readableBytesView))
            }
            guard let bytes = try? FLVStreamWriter.bytes(of: tag) else { continue }
            precondition(bytes.readableBytes == tag.body.readableBytes + 15)
        }
    }

    private static func items(_ pieces: [ByteBuffer]) -> [FLVStreamItem] {
        var reader = FLVStreamReader()
        var all: [FLVStreamItem] = []
        for piece in pieces {
            reader.append(piece)
            do { while let item = try reader.next() { all.append(item) } } catch { return all }
        }
        return all
    }

    static func playlist(_ input: [UInt8]) {
        let text = String(decoding: input, as: UTF8.self)
        guard let list = try? HLSPlaylist.parse(text, baseURL: "http://h/live/demo.m3u8") else { return }
        guard case .media(let media) = list else { return }
        let written = HLSPlaylistWriter.text(of: media)
        guard case .media(let again)? = try? HLSPlaylist.parse(written, baseURL: "") else {
            preconditionFailure("what was written is not a playlist")
        }
        precondition(again.segments.count <= media.segments.count)
        precondition(again.isEnded == media.isEnded)
    }
}
