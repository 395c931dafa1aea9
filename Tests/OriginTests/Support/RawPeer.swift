// A viewer or publisher who reads and writes only when told to: what a stalled or silent peer looks like to the origin.
import Model
import NIOCore
import TestSupport
import Wire

@testable import Origin

/// Used from one test at a time.
final class RawPeer {
    let client: RawClient
    private var session: RTMPClientSession
    private(set) var tags: [FLVTag] = []
    private(set) var codes: [String] = []
    private(set) var failure: RTMPFailure?
    private(set) var isEnded = false
    private var isEstablished = false

    init(_ lab: OriginLab, _ role: RTMPRole, _ name: String = "demo", kernelBuffer: Int32? = nil) throws {
        client = try RawClient(port: lab.ports.rtmp, kernelBuffer: kernelBuffer)
        session = RTMPClientSession(
            RTMPClientSettings(
                role: role, app: "live", streamName: name, tcUrl: "rtmp://127.0.0.1/live", handshakeRandom: [1, 2]))
    }

    /// Until the stream is granted, refused, or the time is up.
    func open(within limit: Span = .seconds(20)) -> Bool {
        perform(session.start())
        _ = read(within: limit) { $0.isEstablished }
        return isEstablished
    }

    /// Reads until `isDone`, the end of the connection (false) or the deadline (false).
    func read(within limit: Span, _ isDone: (RawPeer) -> Bool) -> Bool {
        let deadline = HostTime.now() + limit
        while !isDone(self) {
            let left = deadline - .now()
            guard left > .zero else { return false }
            switch client.receive(within: left) {
            case .bytes(let bytes): perform(session.receive(ByteBuffer(bytes: bytes)))
            case .ended, .reset:
                isEnded = true
                return isDone(self)
            case .nothing: return false
            }
        }
        return true
    }

    private func perform(_ actions: [RTMPClientSession.Action]) {
        for action in actions {
            switch action {
            case .send(let bytes): _ = client.send(Array(buffer: bytes))
            case .established: isEstablished = true
            case .media(let tag): tags.append(tag)
            case .status(_, let code, _): codes.append(code)
            case .failed(let failed): failure = failed
            default: break
            }
        }
    }
}
