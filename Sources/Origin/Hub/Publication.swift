// The right to publish a stream: given to one at a time by `LiveStream.publish`.
import Model
import Wire

/// Holds until `end`, or until the stream is closed. On the hub's loop.
final class Publication {
    private weak var stream: LiveStream?
    /// Called when the stream is taken away from its publisher.
    let onEnd: (StreamEnd) -> Void

    init(_ stream: LiveStream, _ onEnd: @escaping (StreamEnd) -> Void) {
        self.stream = stream
        self.onEnd = onEnd
    }

    /// Hands over the messages of one read, in order.
    func receive(_ tags: [FLVTag], now: HostTime = .now()) { stream?.receive(tags, from: self, now: now) }

    /// The publisher is gone. Idempotent.
    func end() {
        stream?.unpublish(self)
        stream = nil
    }
}
