// An RTMP server that answers as a test tells it: for refusals, silences and ends that nginx does not do.
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Wire

#if canImport(Glibc)
    import Glibc
#endif

/// What the server does after a command, in order.
enum RTMPStep: Sendable {
    case send(RTMPMessage)
    case close
    /// Reads nothing more, so that the client's writes pile up.
    case stopReading
    /// RST instead of FIN, when so many tags have come.
    case resetAfter(tags: Int)

    static func call(_ name: String, _ transaction: Double, _ arguments: [AMF0Value], stream: UInt32 = 0)
        -> RTMPStep
    {
        .send(RTMPCommand(name, transaction, arguments).message(chunkStream: 3, stream: stream))
    }

    static func status(_ level: String, _ code: String, _ description: String) -> RTMPStep {
        .call("onStatus", 0, [.null, information(level, code, description)], stream: 1)
    }

    static var streamEOF: RTMPStep {
        .send(
            RTMPMessage(
                chunkStream: 2, type: .userControl, stream: 0, timestamp: 0,
                payload: ByteBuffer(bytes: [0, 1, 0, 0, 0, 1])))
    }

    static func tag(_ kind: RTMPMessageType, _ time: UInt32, _ bytes: [UInt8]) -> RTMPStep {
        .send(
            RTMPMessage(chunkStream: 6, type: kind, stream: 1, timestamp: time, payload: ByteBuffer(bytes: bytes)))
    }

    static func information(_ level: String, _ code: String, _ description: String) -> AMF0Value {
        .object([
            AMF0Field("level", .string(level)), AMF0Field("code", .string(code)),
            AMF0Field("description", .string(description)),
        ])
    }
}

final class ScriptedRTMP: Sendable {
    /// Called with each command; `connection` counts from 1.
    typealias Answer = @Sendable (_ command: RTMPCommand, _ connection: Int) -> [RTMPStep]

    private let channel: any Channel
    private let state = State()

    final class State: Sendable {
        let connections = Atomic<Int>(0)
        let log = Mutex<(commands: [RTMPCommand], media: [RTMPMessage], others: [RTMPMessage])>(([], [], []))
        let paused = Mutex<[any Channel]>([])
        let closed = Atomic<Int>(0)
    }

    var port: Int { channel.localAddress?.port ?? 0 }
    var connections: Int { state.connections.load(ordering: .relaxed) }
    var commands: [RTMPCommand] { state.log.withLock { $0.commands } }
    var media: [RTMPMessage] { state.log.withLock { $0.media } }

    /// Neither commands nor media.
    var others: [RTMPMessage] { state.log.withLock { $0.others } }
    /// Connections that have ended.
    var closed: Int { state.closed.load(ordering: .relaxed) }

    /// Undoes `stopReading`.
    func resumeReading() {
        for channel in state.paused.withLock({ $0 }) {
            channel.setOption(.autoRead, value: true).whenFailure { _ in }
            channel.read()
        }
    }

    /// - Parameter drip: Every byte in a write of its own.
    init(tls: NIOSSLContext? = nil, drip: Bool = false, answer: @escaping Answer = ScriptedRTMP.friendly)
        async throws
    {
        let state = state
        channel = try await ServerBootstrap(group: ScriptedServer.group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    let number = state.connections.wrappingAdd(1, ordering: .relaxed).newValue
                    try channel.pipeline.syncOperations.addHandler(
                        RTMPScriptHandler(number, state, drip: drip, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func close() async { try? await channel.close() }

    /// Grants everything.
    static let friendly: Answer = { command, _ in
        switch command.name {
        case "connect":
            [
                .call(
                    "_result", command.transaction,
                    [
                        .object([AMF0Field("fmsVer", .string("FMS/3,0,1,123"))]),
                        RTMPStep.information("status", "NetConnection.Connect.Success", "fine"),
                    ])
            ]
        case "createStream": [.call("_result", command.transaction, [.null, .number(1)])]
        case "publish": [.status("status", "NetStream.Publish.Start", "go")]
        case "play": [.status("status", "NetStream.Play.Start", "go")]
        default: []
        }
    }
}

private final class RTMPScriptHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let number: Int
    private let state: ScriptedRTMP.State
    private let drip: Bool
    private let answer: ScriptedRTMP.Answer
    private var received = ByteBuffer()
    private var stage = 0
    private var reader = RTMPChunkReader()
    private var writer = RTMPChunkWriter()
    private var tagsUntilReset: Int?

    init(_ number: Int, _ state: ScriptedRTMP.State, drip: Bool, answer: @escaping ScriptedRTMP.Answer) {
        self.number = number
        self.state = state
        self.drip = drip
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        if stage == 0, received.readableBytes >= 1537, let hello = received.readSlice(length: 1537) {
            stage = 1
            var answer = ByteBuffer(bytes: [3])
            answer.writeRepeatingByte(0, count: 1536)
            answer.writeBytes(hello.readableBytesView.dropFirst())
            send(answer, context)
        }
        if stage == 1, received.readableBytes >= 1536 {
            stage = 2
            received.moveReaderIndex(forwardBy: 1536)
        }
        guard stage == 2 else { return }
        reader.append(received)
        received = ByteBuffer()
        while let message = try? reader.next() { take(message, context) }
    }

    private func take(_ message: RTMPMessage, _ context: ChannelHandlerContext) {
        guard message.type == .command, let command = try? RTMPCommand(message) else {
            let isMedia = [.audio, .video, .data].contains(message.type)
            state.log.withLock { if isMedia { $0.media.append(message) } else { $0.others.append(message) } }
            guard isMedia, let left = tagsUntilReset else { return }
            tagsUntilReset = left - 1
            if left == 1 { reset(context) }
            return
        }
        state.log.withLock { $0.commands.append(command) }
        for step in answer(command, number) {
            switch step {
            case .send(let message):
                var bytes = ByteBuffer()
                try? writer.write(message, into: &bytes)
                send(bytes, context)
            case .close: context.close(promise: nil)
            case .stopReading:
                state.paused.withLock { $0.append(context.channel) }
                context.channel.setOption(.autoRead, value: false).whenFailure { _ in }
            case .resetAfter(let tags): tagsUntilReset = tags
            }
        }
    }

    private func send(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        guard drip else { return context.writeAndFlush(wrapOutboundOut(bytes), promise: nil) }
        for byte in bytes.readableBytesView {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: [byte])), promise: nil)
        }
    }

    /// A linger time of zero makes close send RST.
    private func reset(_ context: ChannelHandlerContext) {
        (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
            .whenFailure { _ in }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        state.closed.wrappingAdd(1, ordering: .relaxed)
    }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
