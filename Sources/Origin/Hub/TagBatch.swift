// Messages that leave together, and their bytes, made once for all viewers. What goes to whom is not decided here.
import Model
import NIOCore
import Wire

// Safe because everything but the bytes is constant, and those are made and read on the hub's loop only. Another
// thread (the packager's) may read `tags` and the constants.
/// Touched on the hub's event loop; `tags` may be read anywhere.
final class TagBatch: @unchecked Sendable {
    let tags: [StreamTag]
    /// A viewer may begin here: headers, then a key frame; or a stream without pictures.
    let isEntry: Bool
    /// The headers that hold before the first message of this batch, and behind its last.
    let headersBefore: HeaderSet
    let headersAfter: HeaderSet
    /// When the first of the messages came in.
    let arrival: HostTime
    let hasPicture: Bool

    /// For RTMP: message stream 1, chunk size `rtmpChunkSize`.
    private(set) lazy var rtmp = serialised(RTMPForm.write)
    /// For HTTP-FLV: tags with their PreviousTagSize, without a file header.
    private(set) lazy var flv = serialised { tag, out in try? FLVStreamWriter.write(tag, into: &out) }
    /// The same without pictures, for viewers that came while there was no key frame to begin at.
    private(set) lazy var withoutPictures = TagBatch(
        tags.filter { !$0.isPicture }, isEntry: isEntry, before: headersBefore, after: headersAfter,
        arrival: arrival)

    init(_ tags: [StreamTag], isEntry: Bool, before: HeaderSet, after: HeaderSet, arrival: HostTime) {
        self.tags = tags
        self.isEntry = isEntry
        headersBefore = before
        headersAfter = after
        self.arrival = arrival
        hasPicture = tags.contains { $0.isPicture }
    }

    /// The time of the first message that is media; of headers alone, theirs.
    var timestamp: UInt32 { (tags.first { $0.role != .metadata } ?? tags.first)?.tag.timestamp ?? 0 }

    /// Sum of the bodies, in bytes.
    private(set) lazy var mediaBytes = tags.reduce(0) { $0 + $1.tag.body.readableBytes }

    private func serialised(_ write: (FLVTag, inout ByteBuffer) -> Void) -> ByteBuffer {
        var out = ByteBuffer()
        out.reserveCapacity(mediaBytes + tags.count * 20)
        for tag in tags { write(tag.tag, &out) }
        return out
    }
}

extension HeaderSet {
    /// The headers as a batch of their own.
    func batch(at timestamp: UInt32, arrival: HostTime) -> TagBatch {
        TagBatch(tags(at: timestamp), isEntry: false, before: .none, after: self, arrival: arrival)
    }
}

/// How messages look to every RTMP viewer alike.
enum RTMPForm {
    /// SetChunkSize is sent to each viewer before its first message.
    static let chunkSize = 60000

    /// A new writer knows no message before this one, so its header is whole: absolute time, length, stream.
    static func write(_ tag: FLVTag, into out: inout ByteBuffer) {
        var writer = RTMPChunkWriter()
        writer.chunkSize = chunkSize
        let chunkStream =
            switch tag.kind {
            case .audio: 4
            case .video: 6
            case .script: 5
            }
        let message = RTMPMessage(
            chunkStream: chunkStream, type: RTMPMessageType(rawValue: tag.kind.rawValue), stream: 1,
            timestamp: tag.timestamp, payload: tag.body)
        // Fails only on what no reader could have taken in: 16 MiB and more.
        try? writer.write(message, into: &out)
    }
}
