// The HLS presentation of one stream: its packager, its shelf, and the requests that wait for the first playlist.
import Media
import Model
import NIOCore
import NIOHTTP1

// Safe because it is touched on the hub's loop only.
/// Begins with the first request, ends with the stream or when nobody has asked for a while.
final class HLSPresentation: @unchecked Sendable {
    enum Answer {
        case playlist(ByteBuffer)
        case refused(HTTPRefusal)
    }

    /// How long a request waits for the first segment.
    private static let patience = TimeAmount.seconds(5)
    /// Requests that wait at a time; more are told to come back.
    private static let mostWaiting = 1024

    let stream: LiveStream
    private let loop: any EventLoop
    private let tap: PackagerTap
    private var packager: Packager?
    private var attachment: Attachment?
    private var shelf: HLSShelf
    private var waiting: [Int: (Answer) -> Void] = [:]
    private var nextWaiting = 0
    private var failure: HTTPRefusal?
    private(set) var lastRequest = HostTime.now()
    /// When the stream ended; what is on the shelf can be had for a while.
    private(set) var endedAt: HostTime?

    init(_ stream: LiveStream, _ core: OriginCore) {
        self.stream = stream
        loop = core.loop
        shelf = HLSShelf(session: Self.newSession(), folder: stream.name + "/")
        tap = PackagerTap()
        packager = Packager("hls", queue: tap.queue, assembler: { SegmentAssembler() }) { [weak self] made in
            core.loop.execute { [weak self] in self?.take(made) }
        } finished: {
            core.loop.execute { core.packagers -= 1 }
        }
        core.packagers += 1
        attachment = stream.attach(tap)
        if attachment == nil { endedAt = .now() }
    }

    private static func newSession() -> String { String(UInt32.random(in: 0x1000_0000 ... .max), radix: 16) }

    var lostGOPs: Int { tap.lostGOPs }
    var hasEnded: Bool { endedAt != nil }
    /// Could not even begin.
    var hasFailed: Bool { failure != nil && shelf.segmentsMade == 0 }

    /// Gives up the packager; what is on the shelf stays.
    func close() {
        release()
        refuseWaiting(HTTPRefusal(.notFound, "the stream is over"))
    }

    /// Nothing is packaged any more.
    private func release() {
        if let attachment { stream.detach(attachment) }
        attachment = nil
        tap.cancel()
    }

    // MARK: - Requests

    /// Calls `done` at once where there is a playlist, else when there is one, or after five seconds.
    /// - Parameter who: What tells one viewer from another.
    func awaitPlaylist(of who: String = "", _ done: @escaping (Answer) -> Void) {
        lastRequest = .now()
        stream.polled(by: who, target: .seconds(Double(shelf.targetDuration ?? 0)))
        if let text = shelf.playlist() { return done(.playlist(text)) }
        if let failure { return done(.refused(failure)) }
        if hasEnded { return done(.refused(HTTPRefusal(.notFound, "the stream is over"))) }
        guard waiting.count < Self.mostWaiting else {
            return done(.refused(HTTPRefusal(.serviceUnavailable, "too many wait for the first segment")))
        }
        let number = nextWaiting
        nextWaiting += 1
        waiting[number] = done
        loop.scheduleTask(in: Self.patience) { [weak self] in self?.giveUp(number) }
    }

    private func giveUp(_ number: Int) {
        guard let done = waiting.removeValue(forKey: number) else { return }
        let isLive = stream.state == .live
        done(
            .refused(
                isLive
                    ? HTTPRefusal(.serviceUnavailable, "there is no segment yet")
                    : HTTPRefusal(.notFound, "nobody publishes this stream")))
    }

    private func refuseWaiting(_ refusal: HTTPRefusal) {
        let all = waiting.sorted { $0.key < $1.key }
        waiting = [:]
        for (_, done) in all { done(.refused(refusal)) }
    }

    func item(named name: String) -> HLSShelf.Item? {
        lastRequest = .now()
        return shelf.item(named: name)
    }

    // MARK: - From the packager

    private func take(_ made: [PackagerOutput]) {
        for output in made {
            switch output {
            case .initialization(let fresh): shelf.add(fresh)
            case .segment(let segment): shelf.add(segment, now: .now())
            case .fragment: break
            case .failed(let error):
                failure = HTTPRefusal(.notImplemented, error.why)
                release()
                finish()
            case .ended: finish()
            }
        }
        guard !waiting.isEmpty, let text = shelf.playlist() else { return }
        let all = waiting.sorted { $0.key < $1.key }
        waiting = [:]
        for (_, done) in all { done(.playlist(text)) }
    }

    private func finish() {
        shelf.end()
        endedAt = .now()
        attachment = nil
        guard shelf.playlist() == nil else { return }
        refuseWaiting(failure ?? HTTPRefusal(.notFound, "the stream is over"))
    }
}
