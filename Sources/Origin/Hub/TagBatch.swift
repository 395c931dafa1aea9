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

    /// For RTMP, as every session of `RTMPConnection` announces its chunk size.
    private(set) lazy var rtmp = serialised { tag, out in Self.rtmpWriter.write(tag, into: &out) }
    /// For HTTP-FLV: tags with their PreviousTagSize, without a file header.
    private(set) lazy var flv = serialised(Self.writeFLV)
    /// The same as one chunk of HTTP/1.1's transfer coding.
    private(set) lazy var flvChunk = HTTPChunk.framed(serialised(Self.writeFLV))
    /// The batch without pictures, for viewers that came while there was no key frame to begin at.
    private(set) lazy var withoutPictures = TagBatch(
        tags.filter { !$0.isPicture }, isEntry: isEntry, before: headersBefore, after: headersAfter,
        arrival: arrival)

    /// The same without the headers it begins with; the same object where it begins with none.
    var withoutHeaders: TagBatch {
        guard tags.first?.isHeader == true else { return self }
        return TagBatch(
            tags.filter { !$0.isHeader }, isEntry: isEntry, before: headersAfter, after: headersAfter,
            arrival: arrival)
    }

    init(_ tags: [StreamTag], isEntry: Bool, before: HeaderSet, after: HeaderSet, arrival: HostTime) {
        self.tags = tags
        self.isEntry = isEntry
        headersBefore = before
        headersAfter = after
        self.arrival = arrival
        hasPicture = tags.contains { $0.isPicture }
    }

    private static let rtmpWriter = RTMPFanoutWriter()

    /// The time of the first message that has one: `onMetaData` is always at 0.
    var timestamp: UInt32 { tags.first { !$0.facts.isMetadata }?.tag.timestamp ?? 0 }

    /// Sum of the bodies, in bytes.
    private(set) lazy var mediaBytes = tags.reduce(0) { $0 + $1.tag.body.readableBytes }

    private static func writeFLV(_ tag: FLVTag, into out: inout ByteBuffer) {
        try? FLVStreamWriter.write(tag, into: &out)
    }

    private func serialised(_ write: (FLVTag, inout ByteBuffer) -> Void) -> ByteBuffer {
        var out = ByteBuffer()
        out.reserveCapacity(mediaBytes + tags.count * 20)
        for tag in tags { write(tag.tag, &out) }
        return out
    }
}
