// Who takes a stream out of the hub: RTMP and HTTP-FLV viewers, and the packager.
import Model

/// Everything is called on the hub's event loop. Must not block.
protocol StreamViewer: AnyObject {
    /// The next messages, in order. The first batch holds the headers, where there are any.
    func deliver(_ batch: TagBatch)
    /// The stream is over; nothing follows. The hub has let go of the viewer already.
    func end(_ reason: StreamEnd)
    /// What was delivered and has not left yet, in bytes.
    var queuedBytes: Int { get }
    /// False for what is no person's viewing (the packager): not counted, and none of it keeps a stream busy.
    var isCounted: Bool { get }
}

extension StreamViewer {
    var isCounted: Bool { true }
}

/// Why a viewer's stream ends.
enum StreamEnd: Sendable, Equatable {
    /// The publisher is gone, in whatever way.
    case unpublished
    /// The stream was closed, or the origin stops.
    case closed
}

/// What a viewer asks for, as the query of its address says it.
struct ViewerOptions: Sendable, Equatable {
    /// False (`gop=0`): begin with the next key frame instead of the last one.
    var wantsGOP = true
    /// `merge=350ms`: how long messages may wait for each other.
    var merge = Span.zero

    init() {}

    /// - Parameter query: The value of a key, nil where it is missing. What cannot be read counts as missing.
    init(query: (String) -> String?) {
        if query("gop") == "0" { wantsGOP = false }
        if let text = query("merge") { merge = FanoutPolicy.lane(Self.span(text) ?? .zero) }
    }

    /// `350ms`, `1s`, `0.35`: a bare number is seconds, as everywhere on the command line.
    static func span(_ text: String) -> Span? {
        let (digits, scale): (Substring, Double) =
            if text.hasSuffix("ms") { (text.dropLast(2), 0.001) } else if text.hasSuffix("s") {
                (text.dropLast(1), 1)
            } else { (text[...], 1) }
        guard let value = Double(digits), value.isFinite, value >= 0 else { return nil }
        return .seconds(value * scale)
    }
}

/// A viewer's place in a stream. Given out by `LiveStream.attach`, given back to `detach`.
final class Attachment {
    enum Stage {
        /// Until a batch comes that one can begin with.
        case waiting
        /// Began while there were no pictures: gets none until the next key frame.
        case soundOnly
        case flowing
    }

    let viewer: any StreamViewer
    let options: ViewerOptions
    var stage = Stage.waiting
    /// The headers that the viewer has.
    var headers = HeaderSet.none

    init(_ viewer: any StreamViewer, _ options: ViewerOptions) {
        self.viewer = viewer
        self.options = options
    }

    /// Passes on what of `batch` this viewer can use.
    func take(_ whole: TagBatch) {
        var batch = whole
        if batch.isEntry, stage != .flowing {
            stage = batch.hasPicture ? .flowing : .soundOnly
            if batch.headersBefore !== headers, !batch.headersBefore.isEmpty {
                // With those that the batch itself begins with: all that is known before the first media.
                viewer.deliver(batch.headersAfter.batch(at: batch.timestamp, arrival: batch.arrival))
                batch = batch.withoutHeaders
            }
        }
        switch stage {
        case .waiting: return
        case .flowing: viewer.deliver(batch)
        case .soundOnly:
            let part = batch.hasPicture ? batch.withoutPictures : batch
            if !part.tags.isEmpty { viewer.deliver(part) }
        }
        headers = batch.headersAfter
    }
}
