// The headers of a stream as they were at one moment: what a viewer needs before anything else.
import Model
import Wire

/// Never changed: new headers make a new set, so that sets are compared by identity.
final class HeaderSet: Sendable {
    /// In the order in which players want them: metadata, picture, sound; the newest of each role and track.
    private let headers: [StreamTag]

    static let none = HeaderSet([])
    /// Tracks and roles of enhanced RTMP multiply; nobody has so many.
    private static let limit = 32

    private init(_ headers: [StreamTag]) { self.headers = headers }

    var isEmpty: Bool { headers.isEmpty }
    var hasAudio: Bool { headers.contains { $0.tag.kind == .audio } }
    var hasVideo: Bool { headers.contains { $0.tag.kind == .video } }

    /// This set, with `tag` instead of the one of its kind; the same object where nothing changes.
    func replacing(with tag: StreamTag) -> HeaderSet {
        var changed = headers
        if let at = headers.firstIndex(where: {
            $0.facts.role == tag.facts.role && $0.facts.track == tag.facts.track
        }) {
            guard headers[at].tag.body != tag.tag.body else { return self }
            changed[at] = tag
        } else {
            guard headers.count < Self.limit else { return self }
            let place = headers.firstIndex { Self.rank($0) > Self.rank(tag) } ?? headers.count
            changed.insert(tag, at: place)
        }
        return HeaderSet(changed)
    }

    private static func rank(_ tag: StreamTag) -> Int {
        switch tag.facts.role {
        case .metadata: 0
        case .videoHeader: 1
        case .videoInfo: 2
        case .audioHeader: 3
        default: 4
        }
    }

    /// The headers as messages of the moment `timestamp`; `onMetaData` always at 0.
    func tags(at timestamp: UInt32) -> [StreamTag] {
        headers.compactMap { header in
            var tag = header.tag
            tag.timestamp = timestamp
            return StreamTag(tag)
        }
    }

    /// The headers as a batch of their own.
    func batch(at timestamp: UInt32, arrival: HostTime) -> TagBatch {
        TagBatch(tags(at: timestamp), isEntry: false, before: .none, after: self, arrival: arrival)
    }
}
