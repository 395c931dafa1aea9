// The streams that are open, by name. Knows no protocol.
import Model
import NIOCore
import Wire

// Safe because it is touched on `loop` only.
/// All streams of the origin. Everything is called on `loop`.
final class StreamHub: @unchecked Sendable {
    let loop: any EventLoop
    let settings: OriginSettings
    private var streams: [String: LiveStream] = [:]
    /// When the last open stream was closed; nil while one is open. Counts from the start.
    private(set) var idleSince: HostTime?

    init(loop: any EventLoop, settings: OriginSettings) {
        self.loop = loop
        self.settings = settings
        idleSince = .now()
    }

    /// nil where nobody opened that name.
    func stream(named name: String) -> LiveStream? { streams[name] }

    /// From now on `name` may be published and played. An open stream stays as it is.
    @discardableResult
    func open(_ name: String) -> LiveStream {
        if let stream = streams[name] { return stream }
        let stream = LiveStream(name, loop: loop, settings: settings)
        streams[name] = stream
        idleSince = nil
        return stream
    }

    /// Ends the stream for everybody.
    /// - Returns: What it came to; nil where it was not open.
    @discardableResult
    func close(_ name: String) -> StreamFacts? {
        guard let stream = streams.removeValue(forKey: name) else { return nil }
        stream.close()
        if streams.isEmpty { idleSince = .now() }
        return stream.facts
    }

    func closeAll() { for name in streams.keys.sorted() { close(name) } }

    /// All streams, by name.
    var facts: [StreamFacts] { streams.values.map(\.facts).sorted { $0.name < $1.name } }
}
