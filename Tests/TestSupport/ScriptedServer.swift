// A TCP server that does one prescribed thing to everybody who connects: the peers that misbehave, and a small
// HTTP server for live bytes. Understands requests only as far as "the head has ended".
import Model
import NIOCore
import NIOPosix
import Synchronization

/// Listens on a free port of 127.0.0.1; ends with its owner.
public final class ScriptedServer: Sendable {
    public enum Behaviour: Sendable {
        /// Accepts and says nothing.
        case silence
        /// Accepts and closes at once.
        case close
        /// Says these bytes at once, then nothing more.
        case say([UInt8])
        /// Sends back whatever comes.
        case echo
        /// Sends without end, as fast as it is taken.
        case pour
        /// Answers an RTMP handshake correctly, then says nothing more.
        case rtmpHandshake
        /// Waits for the end of an HTTP head, then says this; closes if told so.
        case respond(String, body: [UInt8], closes: Bool)
        /// Answers each GET by 200 and, chunked, what a program writes to its stdout; the chunked body is ended
        /// properly when the program ends.
        case stream(contentType: String, program: [String])
    }

    public let port: Int
    private let listener: any Channel
    private let peers: ServerPeers

    public static func start(_ behaviour: Behaviour) async throws -> ScriptedServer {
        let peers = ServerPeers()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                peers.add(channel)
                return channel.pipeline.addHandler(ScriptedPeer(behaviour, peers))
            }
            .bind(host: "127.0.0.1", port: 0).get()
        guard let port = listener.localAddress?.port else { throw LabError("the server has no port") }
        return ScriptedServer(port: port, listener: listener, peers: peers)
    }

    private init(port: Int, listener: any Channel, peers: ServerPeers) {
        self.port = port
        self.listener = listener
        self.peers = peers
    }

    deinit {
        listener.close(promise: nil)
        peers.closeAll()
    }

    /// Everything that was received, in order of arrival, up to a megabyte.
    public var received: [UInt8] { peers.state.withLock { $0.received } }
    public var connections: Int { peers.state.withLock { $0.count } }
}

final class ServerPeers: Sendable {
    struct State: Sendable {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var received: [UInt8] = []
        var count = 0
    }
    let state = Mutex(State())

    func add(_ channel: any Channel) {
        let key = ObjectIdentifier(channel)
        state.withLock {
            $0.channels[key] = channel
            $0.count += 1
        }
        channel.closeFuture.whenComplete { _ in self.state.withLock { $0.channels[key] = nil } }
    }

    func note(_ bytes: ByteBufferView) {
        state.withLock { if $0.received.count < 1 << 20 { $0.received += bytes } }
    }

    func closeAll() {
        let open = state.withLock { $0.channels.values.map { $0 } }
        for channel in open { channel.close(promise: nil) }
    }
}
