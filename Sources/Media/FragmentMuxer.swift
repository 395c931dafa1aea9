// Packets → fragmented MP4 in memory, told apart: the initialisation, and each fragment by itself. For whoever
// serves them as segments or one by one. Writes in the order it is given, and decides no cut.
public import Model
public import NIOCore
import Synchronization

/// The fragments of one set of tracks. Used by one thread at a time; never blocks, as nothing leaves the memory.
public final class FragmentMuxer {
    /// `ftyp` and `moov`: what has to precede every fragment.
    public let initialization: ByteBuffer
    private let bytes = FragmentBytes()
    private let muxer: Muxer
    private var isEmpty = true

    /// - Parameters:
    ///   - tracks: With their decoder configurations.
    ///   - separatesTracks: A `moof` and `mdat` for each track of a fragment, instead of one for all.
    /// - Throws: `unsupported_codec`, `no_media`, `cannot_create`.
    public init(tracks: [Track], separatesTracks: Bool) throws(SluiceError) {
        var options = Muxer.Options()
        options.name = "fragments"
        options.av["movflags"] =
            "empty_moov+default_base_moof+frag_custom+frag_discont+skip_trailer"
            + (separatesTracks ? "+separate_moof" : "")
        // Times are the stream's own in every track: nothing is moved to begin at zero.
        options.av["use_editlist"] = "0"
        options.av["avoid_negative_ts"] = "disabled"
        let bytes = bytes
        muxer = try Muxer(target: .write { bytes.append($0) }, format: "mp4", options: options)
        try muxer.begin(tracks: tracks)
        initialization = bytes.take()
        guard initialization.readableBytes > 0 else {
            throw SluiceError(.noMedia, "cannot write fragments", why: "a track does not tell its parameters")
        }
    }

    /// Codecs that a fragment has a place for. Others never reach `init`.
    public static func carries(_ codec: Codec) -> Bool {
        (try? OutputFormat(named: "mp4", for: nil))?.carries(codec) ?? false
    }

    /// Packets that the container would not take.
    public var refused: Int { muxer.droppedPackets }

    /// Adds to the fragment at hand. `packet.duration` counts for the last one of its track.
    public func write(_ packet: Packet) throws(SluiceError) {
        isEmpty = false
        try muxer.write(packet)
    }

    /// Ends the fragment at hand and returns it; empty when nothing was written since.
    public func takeFragment() throws(SluiceError) -> ByteBuffer {
        guard !isEmpty else { return ByteBuffer() }
        isEmpty = true
        try muxer.flush()
        return bytes.take()
    }

    deinit {
        // Frees what the header allocated. What it writes nobody gets.
        try? muxer.finish()
    }
}

/// What the muxer has written and nobody has taken.
private final class FragmentBytes: Sendable {
    private let buffer = Mutex(ByteBuffer())

    func append(_ bytes: UnsafeRawBufferPointer) -> Int {
        buffer.withLock { _ = $0.writeBytes(bytes) }
        return bytes.count
    }

    func take() -> ByteBuffer {
        buffer.withLock { buffer in
            defer { buffer = ByteBuffer() }
            return buffer
        }
    }
}
