// A viewer that keeps what it gets, for the hub without sockets.
import Model
import NIOCore
import NIOEmbedded
import Testing
import Wire

@testable import Origin

final class RecordingViewer: StreamViewer {
    private(set) var batches: [TagBatch] = []
    private(set) var ended: Origin.StreamEnd?

    func deliver(_ batch: TagBatch) { batches.append(batch) }
    func end(_ reason: Origin.StreamEnd) { ended = reason }
    var queuedBytes: Int { 0 }

    var tags: [FLVTag] { batches.flatMap { $0.tags.map(\.tag) } }
    /// Tags of each delivery: what one write would hold.
    var writes: [[FLVTag]] { batches.map { $0.tags.map(\.tag) } }
}

/// A stream on a loop whose time is the test's.
final class HubLab {
    let loop = EmbeddedEventLoop()
    let stream: LiveStream
    let publication: Publication
    private(set) var now = HostTime(seconds: 1000)

    init(_ change: (inout OriginSettings) -> Void = { _ in }) throws {
        var settings = OriginSettings()
        change(&settings)
        stream = LiveStream("demo", loop: loop, settings: settings)
        publication = try #require(stream.publish { _ in })
    }

    /// One read of the publisher's socket.
    func receive(_ tags: [FLVTag]) { publication.receive(tags, now: now) }

    func pass(_ span: Span) {
        now += span
        loop.advanceTime(by: .nanoseconds(span.nanoseconds))
    }

    func viewer(gop: Bool = true, merge: Span = .zero) -> RecordingViewer {
        let viewer = RecordingViewer()
        var options = ViewerOptions()
        options.wantsGOP = gop
        options.merge = merge
        _ = stream.attach(viewer, options)
        return viewer
    }
}
