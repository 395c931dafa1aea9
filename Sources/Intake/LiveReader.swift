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
    private let port: EventPort
    private let tags = Mutex(FLVTagReader())
    private let connection = Mutex<(any LiveConnection)?>(nil)
    private let closing = CancelFlag()
    private let cancel: CancelFlag
    /// For facts: when the attempt began; forgotten once the server has answered.
    private let began = Mutex<HostTime?>(nil)
    private let hasFirstByte = Atomic<Bool>(false)
    /// Reads a file that only looked like a stream.
    private let file = Mutex<DemuxReader?>(nil)

    init(_ settings: SourceSettings, transport: Transport, port: EventPort, cancel: CancelFlag) {
        self.settings = settings
        self.transport = transport
        self.port = port
        self.cancel = cancel
    }

    func start() {
        // The connection holds this closure until it is closed; the reader holds the connection.
        let receive: @Sendable (LiveEvent) -> Void = { [weak self] event in self?.receive(event) }
        began.withLock { $0 = .now() }
        let opened: any LiveConnection
        switch transport {
        case .rtmp:
            var session = RTMPClient.Settings(address: settings.address, role: .play, options: settings.options)
            session.what = settings.what
            // A publisher that comes back is then seen as one: another epoch, with a gap before it.
            session.endsAtStreamEOF = settings.reconnect.limit == .off
            session.readPause = settings.readPause
            opened = RTMPClient.open(session, cancel: closing, onEvent: receive)
        case .httpFLV:
            var fetch = HTTPFetch.Settings(
                address: settings.address, options: settings.options, what: settings.what)
            fetch.readPause = settings.readPause
            opened = HTTPFLVClient.open(fetch, cancel: closing, onEvent: receive)
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
        let reader = DemuxReader(settings, port: port, cancel: cancel)
        file.withLock { $0 = reader }
        closing.set()
        reader.start()
    }

    private func receive(_ event: LiveEvent) {
        guard file.withLock({ $0 == nil }) else { return }
        switch event {
        case .finite: readAsFile()
        case .reached: reached()
        case .established: break
        case .header(let hasAudio, let hasVideo):
            firstByte(at: .now())
            port.tell(.headerFlags(hasAudio: hasAudio, hasVideo: hasVideo))
        case .connected(let server):
            port.pushLive(.opened(SourceDescription(transport: transport.rawValue, server: server, isLive: true)))
        case .status(_, let code, let description):
            port.pushLive(.note(description.isEmpty ? code : "\(code): \(description)"))
        case .tag(let tag, let arrival):
            firstByte(at: arrival)
            take(tag, arrival)
        case .closed(let error):
            port.pushLive(.end(error))
            port.close()
        }
    }

    private func take(_ tag: FLVTag, _ arrival: HostTime) {
        do throws(SluiceError) {
            for item in try tags.withLock({ (reader) throws(SluiceError) in
                try reader.read(tag, arrival: arrival)
            }) {
                switch item {
                case .tracks(let tracks): port.pushLive(.tracks(tracks))
                case .packet(let packet): port.pushLive(.packet(packet))
                case .metadata(let fields): port.tell(.claims(StreamClaims(fields)))
                case .missingHeader(let kind): port.tell(.missingSequenceHeader(kind))
                case .changedHeader(let kind): port.tell(.changedSequenceHeader(kind))
                case .damaged(let why): port.tell(.damaged(why))
                }
            }
        } catch {
            // One bad tag is not the end of a stream; the next key frame repairs the picture.
            port.pushLive(.note("a damaged tag was left out: \(error.why)"))
            port.tell(.damaged(error.why))
        }
    }

    /// A log-in takes several connections: the first one tells how far away the server is.
    private func reached() {
        let since = began.withLock { began in
            defer { began = nil }
            return began
        }
        if let since { port.tell(.reached(at: .now(), since: since)) }
    }

    private func firstByte(at time: HostTime) {
        guard !hasFirstByte.exchange(true, ordering: .relaxed) else { return }
        port.tell(.firstByte(at: time))
    }
}

/// RTMP and HTTP-FLV, seen alike.
private protocol LiveConnection: Sendable {
    var bytesReceived: Int { get }
    func close()
}
extension RTMPClient: LiveConnection {}
extension HTTPFLVClient: LiveConnection {}
