// The headers of a stream as they were at one moment: what a viewer needs before anything else.
import Wire

/// Never changed: new headers make a new set, so that sets are compared by identity.
final class HeaderSet: Sendable {
    let metadata: StreamTag?
    let video: StreamTag?
    let audio: StreamTag?

    static let none = HeaderSet(metadata: nil, video: nil, audio: nil)

    private init(metadata: StreamTag?, video: StreamTag?, audio: StreamTag?) {
        self.metadata = metadata
        self.video = video
        self.audio = audio
    }

    var isEmpty: Bool { metadata == nil && video == nil && audio == nil }

    /// This set, with `tag` instead of the one of its kind; the same object where nothing changes.
    func replacing(with tag: StreamTag) -> HeaderSet {
        switch tag.role {
        case .metadata where metadata?.tag.body != tag.tag.body:
            HeaderSet(metadata: tag, video: video, audio: audio)
        case .videoHeader where video?.tag.body != tag.tag.body:
            HeaderSet(metadata: metadata, video: tag, audio: audio)
        case .audioHeader where audio?.tag.body != tag.tag.body:
            HeaderSet(metadata: metadata, video: video, audio: tag)
        default: self
        }
    }

    /// The headers as messages of the moment `timestamp`; `onMetaData` always at 0.
    func tags(at timestamp: UInt32) -> [StreamTag] {
        [metadata, video, audio].compactMap { header in
            guard let header else { return nil }
            var tag = header.tag
            if header.role != .metadata { tag.timestamp = timestamp }
            return StreamTag(tag)
        }
    }
}
