// Packets → the live feed of browsers: a fragment for each picture with the sound that came since the last one. A
// fragment has to be much shorter than the delay that a page aims at: 100 ms of it cost 0.1 s more than one picture.
import Media
import Model
import NIOCore

struct FeedAssembler: PacketAssembler {
    private var muxer: FragmentMuxer?
    private var policy = FragmentPolicy(reorderDepth: nil)
    private var hasPictures = false
    private var isEntry = false
    /// Of the fragment at hand.
    private var firstSound: MediaTime?
    private var lastPicture: MediaTime?
    /// How long the next picture will probably be shown: its successor is not waited for.
    private var step = Span.milliseconds(40)
    private static let longestStep = Span.seconds(1)

    init() {}

    mutating func begin(_ tracks: [Track]) throws(SluiceError) -> [PackagerOutput] {
        let fresh = try FragmentMuxer(tracks: tracks, separatesTracks: true)
        let video = tracks.first { $0.kind == .video }
        self = FeedAssembler()
        muxer = fresh
        hasPictures = video != nil
        policy = FragmentPolicy(reorderDepth: video?.video?.reorderDepth)
        if let rate = video?.video?.frameRate?.positiveValue { step = .seconds(1 / rate) }
        return [
            .initialization(
                MediaInitialization(bytes: fresh.initialization, contentType: CodecNames.contentType(tracks)))
        ]
    }

    mutating func add(_ packet: Packet) throws(SluiceError) -> [PackagerOutput] {
        packet.kind == .video ? try addPicture(packet) : try addSound(packet)
    }

    mutating func finish() throws(SluiceError) -> [PackagerOutput] { try fragment() }

    private mutating func addPicture(_ packet: Packet) throws(SluiceError) -> [PackagerOutput] {
        let earlier = policy.endsBefore(packet) ? try fragment() : []
        if let dts = packet.dts {
            if let lastPicture, dts > lastPicture { step = min(dts - lastPicture, Self.longestStep) }
            lastPicture = dts
        }
        var packet = packet
        packet.duration = step
        try muxer?.write(packet)
        isEntry = isEntry || packet.isKeyframe
        return policy.endsAfter(packet) ? try earlier + fragment() : earlier
    }

    private mutating func addSound(_ packet: Packet) throws(SluiceError) -> [PackagerOutput] {
        try muxer?.write(packet)
        guard let time = packet.pts else { return [] }
        if firstSound == nil { firstSound = time }
        let waited = time + (packet.duration ?? .zero) - (firstSound ?? time)
        let limit = policy.isOpen ? FragmentPolicy.longestSoundWait : FragmentPolicy.soundWait
        return waited >= limit ? try fragment() : []
    }

    private mutating func fragment() throws(SluiceError) -> [PackagerOutput] {
        defer { (isEntry, firstSound) = (false, nil) }
        policy.end()
        guard let bytes = try muxer?.takeFragment(), bytes.readableBytes > 0 else { return [] }
        return [.fragment(FeedFragment(bytes: bytes, isEntry: isEntry || !hasPictures))]
    }
}
