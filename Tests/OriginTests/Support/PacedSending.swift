// Sends tags at the moments of their stamps, as a camera would.
import Model
import Net
import TestSupport
import Wire

/// On a thread of its own; ends with its owner.
final class PacedSending: Sendable {
    private let stopped = CancelFlag()
    private let done = CancelFlag()

    init(_ publisher: Peer, _ tags: [FLVTag], speed: Double) {
        let stopped = stopped
        let done = done
        _ = NamedThread("test-paced") {
            let pause = CancellableWait(stopped)
            let began = HostTime.now()
            let first = tags.first?.timestamp ?? 0
            for tag in tags {
                let due = began + .milliseconds(Double(tag.timestamp - first) / speed)
                guard pause.wait(until: due) else { break }
                publisher.client.send(tag)
            }
            done.set()
        }
    }

    deinit { stopped.set() }

    func stop() { stopped.set() }
    func ends() async -> Bool { await eventually(within: .seconds(90)) { done.isSet } }
}
