// RTMP and HTTP-FLV: tags from the network thread become packets and wait in the live queue. Nothing is
// probed: the first key frame leaves as soon as its last byte has come.
import Media
import Model
import Net
import Synchronization
import Wire

final class LiveReader: SourceReader {
    enum Transport: String { case rtmp, httpFLV = "http-flv" }

    private let settings: SourceSettings
    private let transport: Transport
    private let queue: EventQueue
    private let tags = Mutex(FLVTagReader())
    private let connection = Mutex<(any LiveConnection)?>(nil)
    private let closing = CancelFlag()
    private let cancel: CancelFlag
    /// Reads a file that only looked like a stream.
    private let file = Mutex<DemuxReader?>(nil)

    init(_ settings: SourceSettings, transport: Transport, queue: EventQueue, cancel: CancelFlag) {
        self.settings = settings
        self.transport = transport
        self.queue = queue
        self.cancel = cancel
    }

    func start() {
        // The connection holds this closure until it is closed; the reader holds the connection.
        let receive: @Sendable (LiveEvent) -> Void = { [weak self] event in self?.receive(event) }
        let what = "cannot play \(settings.address)"
        let opened: any LiveConnection
        switch transport {
        case .rtmp:
            opened = RTMPClient.open(
                .init(address: settings.address, role: .play, options: settings.options), cancel: closing,
                onEvent: receive)
        case .httpFLV:
            opened = HTTPFLVClient.open(
                .init(address: settings.address, options: settings.options, what: what), cancel: closing,
                onEvent: receive)
        }
        connection.withLock { $0 = opened }
    }

    func close() {
        closing.set()
        connection.withLock(\.self)?.close()
    }

    var receivedBytes: Int { connection.withLock(\.self)?.bytesReceived ?? 0 }

    func seek(to time: MediaTime, epoch: Int) { file.withLock(\.self)?.seek(to: time, epoch: epoch) }

    /// An FLV file on a web server comes as fast as the line allows: it is read, paced and sought in like any file.
    private func readAsFile() {
        let reader = DemuxReader(settings, queue: queue, cancel: cancel)
        file.withLock { $0 = reader }
        closing.set()
        reader.start()
    }

    private func receive(_ event: LiveEvent) {
        guard file.withLock({ $0 == nil }) else { return }
        switch event {
        case .finite: readAsFile()
        case .reached, .established, .header: break
        case .connected(let server):
            queue.pushLive(.opened(SourceDescription(transport: transport.rawValue, server: server, isLive: true)))
        case .status(_, let code, let description):
            queue.pushLive(.note(description.isEmpty ? code : "\(code): \(description)"))
        case .tag(let tag, let arrival):
            do throws(SluiceError) {
                for item in try tags.withLock({ (reader) throws(SluiceError) in
                    try reader.read(tag, arrival: arrival)
                }) {
                    switch item {
                    case .tracks(let tracks): queue.pushLive(.tracks(tracks))
                    case .packet(let packet): queue.pushLive(.packet(packet))
                    case .metadata: break
                    }
                }
            } catch {
                // One bad tag is not the end of a stream; the next key frame repairs the picture.
                queue.pushLive(.note("a damaged tag was left out: \(error.why)"))
            }
        case .closed(let error):
            queue.pushLive(.end(error))
            queue.close()
        }
    }
}

/// RTMP and HTTP-FLV, seen alike.
private protocol LiveConnection: Sendable {
    var bytesReceived: Int { get }
    func close()
}
extension RTMPClient: LiveConnection {}
extension HTTPFLVClient: LiveConnection {}
