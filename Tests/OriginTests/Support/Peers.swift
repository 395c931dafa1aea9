// Publishers and viewers of an origin under test: the product's own RTMP client.
import Model
import Net
import Synchronization
import TestSupport
import Wire

/// One client and everything that it heard.
final class Peer: Sendable {
    struct Heard: Sendable {
        var tags: [FLVTag] = []
        var arrivals: [HostTime] = []
        var codes: [String] = []
        var isEstablished = false
        /// The outer optional: closed at all.
        var closed: SluiceError??
    }

    let client: RTMPClient
    private let heard: Monitor<Heard>

    init(_ url: String, _ role: RTMPRole, timeout: Span = .seconds(20)) throws {
        var settings = RTMPClient.Settings(address: try MediaAddress(url), role: role)
        settings.timeout = timeout
        settings.connectTimeout = timeout
        let heard = Monitor(Heard())
        self.heard = heard
        client = RTMPClient.open(settings) { event in
            heard.withLock { state in
                switch event {
                case .tag(let tag, let arrival):
                    state.tags.append(tag)
                    state.arrivals.append(arrival)
                case .status(_, let code, _): state.codes.append(code)
                case .established: state.isEstablished = true
                case .closed(let error): state.closed = .some(error)
                default: break
                }
            }
        }
    }

    deinit { client.close() }

    var all: Heard { heard.read { $0 } }
    /// Sound and pictures, without headers and data.
    var media: [FLVTag] { all.tags.filter { !TagFacts($0).isKept && $0.kind != .script } }

    func until(_ limit: Span = .seconds(20), _ holds: @escaping (Heard) -> Bool) async -> Bool {
        await eventually(within: limit) { holds(self.all) }
    }

    func isEstablished() async -> Bool { await until { $0.isEstablished } }
    func isClosed() async -> Bool { await until { $0.closed != nil } }

    func send(_ tags: [FLVTag]) { for tag in tags { client.send(tag) } }
}
