import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

// A TCP server that does what a test tells it to, byte for byte: for peers that no real server imitates.
#if canImport(Glibc)
    import Glibc
#endif

/// What the server does next on a connection.
enum ServerStep: Sendable {
    case write([UInt8])
    /// One write, and one flush, for each byte.
    case drip([UInt8])
    case close
    /// RST instead of FIN.
    case reset

    static func text(_ text: String) -> ServerStep { .write(Array(text.utf8)) }
}

/// Listens on a free port of 127.0.0.1. `answer` is called with everything a connection has received and not
/// yet consumed; it removes what it understood and returns what to do.
final class ScriptedServer: Sendable {
    static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    typealias Answer = @Sendable (_ received: inout ByteBuffer, _ connection: Int) -> [ServerStep]

    private let channel: any Channel
    private let state: State

    final class State: Sendable {
        let connections = Atomic<Int>(0)
        let log = Mutex<[String]>([])
    }

    var port: Int { channel.localAddress?.port ?? 0 }
    var connections: Int { state.connections.load(ordering: .relaxed) }
    /// Requests as `http` saw them.
    var requests: [String] { state.log.withLock { $0 } }

    init(
        host: String = "127.0.0.1", tls: NIOSSLContext? = nil, state: State = State(), greeting: [ServerStep] = [],
        answer: @escaping Answer
    )
        async throws
    {
        self.state = state
        channel = try await ServerBootstrap(group: Self.group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    let number = state.connections.wrappingAdd(1, ordering: .relaxed).newValue
                    try channel.pipeline.syncOperations.addHandler(
                        ScriptHandler(connection: number, greeting: greeting, answer: answer))
                }
            }
            .bind(host: host, port: 0).get()
    }

    /// A server of HTTP requests: `respond` gets the whole request head.
    static func http(
        tls: NIOSSLContext? = nil,
        respond: @escaping @Sendable (_ request: String, _ connection: Int) -> [ServerStep]
    ) async throws -> ScriptedServer {
        let state = State()
        return try await ScriptedServer(tls: tls, state: state) { received, connection in
            var steps: [ServerStep] = []
            while let text = received.getString(at: received.readerIndex, length: received.readableBytes),
                let end = text.firstRange(of: "\r\n\r\n")
            {
                let head = String(text[..<end.upperBound])
                received.moveReaderIndex(forwardBy: head.utf8.count)
                state.log.withLock { $0.append(head) }
                steps += respond(head, connection)
            }
            return steps
        }
    }

    func close() async { try? await channel.close() }
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let connection: Int
    private let greeting: [ServerStep]
    private let answer: ScriptedServer.Answer
    private var received = ByteBuffer()

    init(connection: Int, greeting: [ServerStep], answer: @escaping ScriptedServer.Answer) {
        self.connection = connection
        self.greeting = greeting
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) { perform(greeting, context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        perform(answer(&received, connection), context)
    }

    private func perform(_ steps: [ServerStep], _ context: ChannelHandlerContext) {
        for step in steps {
            switch step {
            case .write(let bytes): context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
            case .drip(let bytes):
                for byte in bytes {
                    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: [byte])), promise: nil)
                }
            case .close: context.close(promise: nil)
            case .reset:
                // A linger time of zero makes close send RST.
                (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
                    .whenFailure { _ in }
                context.close(promise: nil)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
