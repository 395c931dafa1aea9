// What a packager makes of a stream, and what makes it: one assembler for segments, one for the live feed.
import Model
import NIOCore

enum PackagerOutput: Sendable {
    /// A new epoch: what follows needs this first.
    case initialization(MediaInitialization)
    case segment(MediaSegment)
    case fragment(FeedFragment)
    /// The stream cannot be packaged, or not any further.
    case failed(SluiceError)
    /// The stream is over; nothing follows.
    case ended
}

struct MediaInitialization: Sendable {
    var bytes: ByteBuffer
    /// With its codecs: what a browser has to know before it takes a byte.
    var contentType: String
}

/// One HLS segment of the latest initialisation.
struct MediaSegment: Sendable {
    var bytes: ByteBuffer
    var duration: Span
    /// When the first of it came in, on the wall's clock.
    var start: WallTime
    /// Its times do not go on from the segment before.
    var isDiscontinuity: Bool
    /// A decoder can begin with it.
    var isIndependent: Bool
    /// Whole seconds, from the segment on with which it is known.
    var targetDuration: Int?
}

/// The least that a browser can be given: one picture with the sound around it.
struct FeedFragment: Sendable {
    var bytes: ByteBuffer
    /// A viewer may begin here.
    var isEntry: Bool
}

/// Makes bytes of packets, epoch by epoch. One thread.
protocol PacketAssembler: SendableMetatype {
    /// - Throws: `unsupported_codec`, `no_media`.
    mutating func begin(_ tracks: [Track]) throws(SluiceError) -> [PackagerOutput]
    mutating func add(_ packet: Packet) throws(SluiceError) -> [PackagerOutput]
    /// The stream is over.
    mutating func finish() throws(SluiceError) -> [PackagerOutput]
}
