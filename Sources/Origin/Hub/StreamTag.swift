// One message of a stream with what the hub must know about it. Looks at the first bytes only: media that this
// program cannot decode is passed on as well.
import NIOCore
import Wire

/// A tag on its way to the viewers.
struct StreamTag: Sendable {
    let tag: FLVTag
    let facts: TagFacts

    /// nil for a tag without a body, which says nothing.
    init?(_ tag: FLVTag) {
        guard tag.body.readableBytes > 0 else { return nil }
        facts = TagFacts(tag)
        var tag = tag
        // FFmpeg makes a subtitle track of one that comes later.
        if facts.isMetadata { tag.timestamp = 0 }
        self.tag = tag
    }

    /// Belongs to the headers that a new viewer gets first.
    var isHeader: Bool { facts.isKept }
    /// A viewer may begin here.
    var startsGOP: Bool { facts.startsGOP }
    var isPicture: Bool { tag.kind == .video && !isHeader }
    var isSound: Bool { tag.kind == .audio && !isHeader }
}
