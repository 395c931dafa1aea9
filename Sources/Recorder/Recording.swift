// A stream into files: every packet that can be decoded is in exactly one of them, whatever happens to the stream,
// the process or the disk.
public import Model
import Timing

/// Where a recording's packets end up. Used by one thread.
protocol RecordingTarget: AnyObject {
    func begin(number: Int, tracks: [Track], origin: MediaTime, wall: WallTime) throws(SluiceError)
    func write(number: Int, _ packet: Packet, wall: WallTime) throws(SluiceError)
    func close(number: Int) throws(SluiceError)
    func tick(now: HostTime) throws(SluiceError)
    func noteGap(seconds: Double, reason: String)
    /// After a failure: keeps what is whole.
    func abandon()
    /// Waits until all is done.
    func finish()
    var files: [RecordedFile] { get }
    var gaps: [RecordingGap] { get }
    var bytes: Int64 { get }
    var refused: Int { get }
    var currentPath: String? { get }
    /// Where the files are; nil where there are none.
    var directory: String? { get }
}

/// The recorder as a sink. Used by one thread at a time, which must call `tick` a few times a second, packets or
/// not. Calls may wait for the disk.
public final class Recording: PacketSink {
    private let target: any RecordingTarget
    private let carries: (Codec) -> Bool
    private let formatName: String
    private let reporter: any Reporter
    private var router: SegmentRouter
    private let clock: RecordClock
    private var failure: SluiceError?
    private var reason: String?
    private var refusedTracks: Set<Int> = []
    private var hasWritten = false
    private var isFinished = false

    /// Creates the directory, not yet a file.
    /// - Parameters:
    ///   - isLive: The packets come at their own pace; otherwise as fast as they can be read.
    ///   - name: `{name}` of the files; nil: from the source's address.
    ///   - zone: What local time is.
    ///   - wall: The wall clock's time of a packet; nil: of its arrival, or for input that is not live, the time of
    ///     the start moved on by the media.
    /// - Throws: `usage`, `cannot_create`, `no_space`.
    public init(
        _ settings: RecordSettings, isLive: Bool, name: String? = nil, zone: LocalZone = .system,
        wall: (@Sendable (Packet) -> WallTime)? = nil, reporter: any Reporter
    ) throws(SluiceError) {
        let format = settings.resolvedFormat
        let clock = RecordClock(isLive: isLive, wall: wall)
        self.clock = clock
        self.reporter = reporter
        formatName = format.rawValue
        carries = try Containers.carrying(format)
        switch settings.output {
        case .standardOutput:
            target = try StreamTarget(format: format, isLive: isLive, settings.options, reporter: reporter)
        case .template(let template):
            let naming = try FileNaming(
                template: template, name: name ?? FileNaming.name(of: settings.source), format: format, zone: zone)
            target = try SegmentWriter(
                naming: naming, format: format, maxDisk: settings.maxDisk, reporter: reporter)
        }
        let isStream = settings.output == .standardOutput
        router = SegmentRouter(
            .init(
                policy: SegmentPolicy(
                    length: isStream ? nil : settings.segment, atClock: settings.atClock, zone: zone),
                wall: { settings.atClock ? clock.wall($0) : .zero }, isLive: isLive))
    }

    /// The tracks as they are now. Those that the container has no place for are left out, and said so.
    /// - Throws: `unsupported_codec` where none is left.
    public func begin(tracks: [Track]) throws(SluiceError) {
        let media = tracks.filter { $0.kind != .data && !$0.isAttachedPicture }
        let fitting = media.filter { carries($0.codec) }
        for track in media where !carries(track.codec) && refusedTracks.insert(track.id).inserted {
            let error = SluiceError(
                .unsupportedCodec, "cannot record \(track.kind.rawValue) track \(track.id)",
                why: "\(formatName) has no place for \(track.codec.rawValue)",
                hint: "--format mkv takes most codecs")
            guard !fitting.isEmpty else { throw error }
            reporter.log(.warning, error.description)
        }
        router.announce(fitting)
    }

    /// - Throws: `no_space`, `cannot_create`; what is written by then is kept, and nothing is written after it.
    public func write(_ packet: Packet) throws(SluiceError) {
        if let failure { throw failure }
        clock.note(packet)
        try perform(router.admit(packet, now: clock.now(packet)))
    }

    /// Writes what has waited long enough, so that a stream that stands still is on the disk, too.
    public func tick(now: HostTime) throws(SluiceError) {
        if let failure { throw failure }
        try perform(router.tick(now: now))
        try guarding { () throws(SluiceError) in try target.tick(now: now) }
    }

    /// The source is gone for the moment: the open file is closed.
    public func interrupted(_ error: SluiceError) throws(SluiceError) {
        if let failure { throw failure }
        reason = reason ?? error.reason.rawValue
        try perform(router.interrupt())
    }

    /// The source is back; the gap is noted once its media come.
    /// - Parameter gap: Without media, by the host's clock.
    public func resumed(gap: Span) {
        target.noteGap(seconds: gap.seconds, reason: reason ?? Reason.connectionLost.rawValue)
        reason = nil
    }

    /// Closes everything and waits until the files are what they are to be.
    public func finish() throws(SluiceError) {
        guard !isFinished else { return }
        isFinished = true
        defer { target.finish() }
        guard failure == nil else { return }
        try perform(router.finish())
    }

    private func perform(_ actions: [SegmentRouter.Action]) throws(SluiceError) {
        guard !actions.isEmpty else { return }
        try guarding { () throws(SluiceError) in
            for action in actions {
                switch action {
                case .open(let number, let tracks, let origin, let first):
                    try target.begin(number: number, tracks: tracks, origin: origin, wall: clock.wall(first))
                case .write(let number, let packet):
                    try target.write(number: number, packet, wall: clock.wall(packet))
                    statistics.add(packet)
                    hasWritten = true
                case .close(let number): try target.close(number: number)
                }
            }
        }
    }

    private func guarding(_ work: () throws(SluiceError) -> Void) throws(SluiceError) {
        do throws(SluiceError) {
            try work()
        } catch {
            // A disk that is full before anything could be kept is an output that cannot be created.
            var final = error
            final.isMidStream = hasWritten && target.bytes > 0
            // Before `abandon`, which may make room.
            if let directory = target.directory { DiskFailure.tellSpace(of: directory, in: &final) }
            failure = final
            target.abandon()
            throw final
        }
    }

    // MARK: What it did

    public private(set) var statistics = RecordStatistics()
    /// Closed files, oldest first; all of them after `finish`.
    public var files: [RecordedFile] { target.files }
    /// `after` is the path of the file before.
    public var gaps: [RecordingGap] { target.gaps }
    /// Of all files, as written.
    public var bytes: Int64 { target.bytes }
    /// Pictures before the first key frame, which no file could show.
    public var undecodablePackets: Int { router.undecodable }
    /// Packets that have no time, or that the container did not take.
    public var refusedPackets: Int { router.untimed + target.refused }
    /// The file that is being written.
    public var currentPath: String? { target.currentPath }
    /// Of the newest file.
    public var segmentDuration: Span { router.newestDuration }
}
