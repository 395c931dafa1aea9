// A stranger's bytes into the origin's HTTP, by the handlers that it has behind its sockets: libFuzzer in millions of
// mutations (Fuzz/Sources links this folder), the tests with the committed corpus. What must hold is a
// precondition.
import NIOCore

/// One input after the other, always on the same thread.
public final class HTTPFuzz {
    private var origin = FuzzedOrigin()

    public init() {}

    /// Waits for the threads of the origin.
    public func close() { origin.close() }

    /// Reads `input` as all that a client sends: in one piece, in several, and from a client that takes its answers
    /// late. Crashes when something does not hold.
    public func read(_ input: [UInt8]) {
        if origin.isOld {
            origin.close()
            origin = FuzzedOrigin()
        }
        let bytes = Self.filled(input, session: Array(origin.session.utf8))
        let size = 1 + bytes.count / 24 + (bytes.count &* 31 &+ Int(bytes.last ?? 0)) % 61
        let pieces = stride(from: 0, to: bytes.count, by: size).map {
            ByteBuffer(bytes: bytes[$0..<min($0 + size, bytes.count)])
        }
        let whole = FuzzConversation(origin, [ByteBuffer(bytes: bytes)])
        let cut = FuzzConversation(origin, pieces)
        precondition(whole.answers == cut.answers, "the answers depend on how the bytes were cut")
        _ = FuzzConversation(origin, pieces, isSlow: true)
    }

    /// With the numbers of this origin.
    static func filled(_ input: [UInt8], session: [UInt8]) -> [UInt8] {
        let placeholder = FuzzedOrigin.placeholder
        guard input.count >= placeholder.count else { return input }
        var bytes = input
        for at in 0...(bytes.count - placeholder.count)
        where bytes[at] == placeholder[0] && bytes[at...].starts(with: placeholder) {
            bytes.replaceSubrange(at..<(at + placeholder.count), with: session)
        }
        return bytes
    }
}
