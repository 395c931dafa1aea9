// The functions that damaged input is poured into: by libFuzzer (the programs in Fuzz/) in millions of mutations, by
// WireTests with the committed corpus. What must hold is a precondition: it crashes, and libFuzzer keeps the input.
import NIOCore
import Wire

/// One way into the program for bytes of a stranger. The raw value is the name of its corpus.
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// A client of the origin: its whole stream of bytes, or what follows the handshake.
    case server
    /// A server: what it sends behind its handshake. The first byte says whether we play or publish.
    case client
    case chunks
    case amf0
    /// An FLV stream; each tag's body is read as well.
    case flv
    case playlist

    /// Reads `input` as this kind of bytes. Crashes when something does not hold.
    public func read(_ input: [UInt8]) {
        switch self {
        case .server: FuzzServer.read(input)
        case .client: FuzzClient.read(input)
        case .chunks: FuzzFormats.chunks(input)
        case .amf0: FuzzFormats.amf0(input)
        case .flv: FuzzFormats.flv(input)
        case .playlist: FuzzFormats.playlist(input)
        }
    }

    /// `input` in one piece, and in pieces whose size depends on it.
    static func cuts(_ input: [UInt8]) -> [[ByteBuffer]] {
        let size = 1 + input.count / 24 + (input.count &* 31 &+ Int(input.last ?? 0)) % 61
        let pieces = stride(from: 0, to: input.count, by: size).map {
            ByteBuffer(bytes: input[$0..<min($0 + size, input.count)])
        }
        return [[ByteBuffer(bytes: input)], pieces]
    }
}
