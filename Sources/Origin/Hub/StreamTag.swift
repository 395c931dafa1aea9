// One message of a stream with what the hub must know about it. Looks at the first bytes only: media that this
// program cannot decode is passed on as well.
import NIOCore
import Wire

/// A tag on its way to the viewers.
struct StreamTag: Sendable {
    enum Role: Sendable, Equatable {
        case metadata
        case videoHeader, audioHeader
        /// A decoder can begin here.
        case keyFrame
        /// Anything else of the picture.
        case picture
        case sound
        /// Script data that is not `onMetaData`.
        case data
    }

    let tag: FLVTag
    let role: Role

    /// nil for a tag without a body, which says nothing. `onMetaData` is moved to time 0, because FFmpeg makes a
    /// subtitle track of one that comes later.
    init?(_ tag: FLVTag) {
        guard let role = Self.role(of: tag) else { return nil }
        self.role = role
        if role == .metadata {
            var moved = tag
            moved.timestamp = 0
            self.tag = moved
        } else {
            self.tag = tag
        }
    }

    /// Belongs to the headers that a new viewer gets first.
    var isHeader: Bool { role == .metadata || role == .videoHeader || role == .audioHeader }
    var isPicture: Bool { role == .keyFrame || role == .picture }

    private static func role(of tag: FLVTag) -> Role? {
        let at = tag.body.readerIndex
        guard let first: UInt8 = tag.body.getInteger(at: at) else { return nil }
        switch tag.kind {
        case .video: return video(first, second: tag.body.getInteger(at: at + 1))
        case .audio:
            let second: UInt8? = tag.body.getInteger(at: at + 1)
            // AAC names its packets in the second byte, enhanced RTMP (format 9) in the low half of the first.
            let isHeader = first >> 4 == 10 && second == 0 || first >> 4 == 9 && [0, 4].contains(first & 0x0F)
            return isHeader ? .audioHeader : .sound
        case .script: return tag.scriptName == "onMetaData" ? .metadata : .data
        }
    }

    private static func video(_ first: UInt8, second: UInt8?) -> Role {
        let isEnhanced = first & 0x80 != 0
        let frame = first >> 4 & 0x07
        // Frame type 1 is a key frame, 4 one that a server made.
        let isKey = frame == 1 || frame == 4
        if isEnhanced {
            switch first & 0x0F {
            case 0: return .videoHeader
            case 1, 3: return isKey ? .keyFrame : .picture
            default: return .picture
            }
        }
        let hasPacketType = first & 0x0F == 7 || first & 0x0F == 12
        guard hasPacketType else { return isKey ? .keyFrame : .picture }
        if second == 0, frame != 5 { return .videoHeader }
        return isKey && second == 1 ? .keyFrame : .picture
    }
}

extension FLVTag {
    /// The name that script data begins with.
    fileprivate var scriptName: String? {
        let at = body.readerIndex
        guard kind == .script, body.getInteger(at: at, as: UInt8.self) == 2,
            let length = body.getInteger(at: at + 1, as: UInt16.self)
        else { return nil }
        return body.getString(at: at + 3, length: Int(length))
    }
}
