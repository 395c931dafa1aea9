// The segments of one HLS presentation: which are in the playlist, how long the others stay. Pure.
import Model
import NIOCore
import Wire

/// A value. Keeps what RFC 8216 6.2.2 asks for: a segment that has left the list can be had for as long as it lasts
/// and the longest list with it was.
struct HLSShelf {
    struct Bounds: Sendable, Equatable {
        /// What the list holds at least, in target durations, and in time.
        var targets = 6.0
        var length = Span.seconds(10)
        /// Of everything that is kept. A stream that is beyond has a shorter list, of three segments at least.
        var bytes = 64 << 20
        init() {}
    }

    /// What a name stands for.
    struct Item {
        var bytes: ByteBuffer
        var contentType: String
    }

    private struct Entry {
        var segment: MediaSegment
        var sequence: Int
        var map: Int
        var discontinuity: Int
        /// When it may go, once it has left the list.
        var expiry: HostTime?
    }

    /// In every name, so that what is cached of an earlier presentation never stands for this one.
    let session: String
    /// What playlist lines begin with: the folder, relative to the playlist.
    private let folder: String
    private let bounds: Bounds
    private var initializations: [Int: MediaInitialization] = [:]
    private var latestMap = -1
    private var listed: [Entry] = []
    private var removed: [Entry] = []
    private var next = 0
    private var discontinuity = 0
    private var longestList = Span.zero
    private var text: ByteBuffer?
    /// Whole seconds; nil until the first segments tell it.
    private(set) var targetDuration: Int?
    private(set) var isEnded = false

    init(session: String, folder: String, bounds: Bounds = Bounds()) {
        self.session = session
        self.folder = folder
        self.bounds = bounds
    }

    /// Since the start of the presentation.
    var segmentsMade: Int { next }
    var size: Int { (listed + removed).reduce(0) { $0 + $1.segment.bytes.readableBytes } }

    mutating func add(_ initialization: MediaInitialization) {
        latestMap += 1
        initializations[latestMap] = initialization
    }

    mutating func add(_ segment: MediaSegment, now: HostTime) {
        if segment.isDiscontinuity { discontinuity += 1 }
        listed.append(
            Entry(segment: segment, sequence: next, map: latestMap, discontinuity: discontinuity))
        next += 1
        targetDuration = targetDuration ?? segment.targetDuration
        text = nil
        trim(now)
        longestList = max(longestList, duration)
    }

    /// The stream is over; the list stays as it is.
    mutating func end() {
        isEnded = true
        text = nil
        if targetDuration == nil, !listed.isEmpty {
            let longest = listed.map(\.segment.duration).max() ?? .zero
            targetDuration = max(1, Int(longest.seconds.rounded(.up)))
        }
    }

    private var duration: Span { listed.reduce(.zero) { $0 + $1.segment.duration } }

    private mutating func trim(_ now: HostTime) {
        let target = Span.seconds(Double(targetDuration ?? 4))
        let least = max(target * bounds.targets, bounds.length)
        var kept = duration
        while let first = listed.first, listed.count > 3,
            kept - first.segment.duration >= least
                || (size > bounds.bytes && removed.isEmpty && kept - first.segment.duration >= target * 3)
        {
            var entry = listed.removeFirst()
            entry.expiry = now + entry.segment.duration + longestList
            kept = kept - entry.segment.duration
            removed.append(entry)
            dropSurplus()
        }
        removed.removeAll { ($0.expiry ?? now) < now }
        dropSurplus()
        let used = Set((listed + removed).map(\.map) + [latestMap])
        initializations = initializations.filter { used.contains($0.key) }
    }

    private mutating func dropSurplus() {
        while size > bounds.bytes, !removed.isEmpty { removed.removeFirst() }
    }

    // MARK: - What is served

    /// The playlist; nil while there is none to show.
    mutating func playlist() -> ByteBuffer? {
        if let text { return text }
        guard let value = value else { return nil }
        let made = ByteBuffer(string: HLSPlaylistWriter.text(of: value))
        text = made
        return made
    }

    /// The playlist as a value.
    var value: MediaPlaylist? {
        guard let targetDuration, let first = listed.first else { return nil }
        var playlist = MediaPlaylist()
        playlist.version = 6
        playlist.targetDuration = .seconds(Double(targetDuration))
        playlist.mediaSequence = first.sequence
        // The tag of the first segment is told by its own line.
        playlist.discontinuitySequence = first.discontinuity - (first.segment.isDiscontinuity ? 1 : 0)
        playlist.hasIndependentSegments = listed.allSatisfy(\.segment.isIndependent)
        playlist.isEnded = isEnded
        for entry in listed {
            var segment = MediaPlaylist.Segment(
                uri: folder + name(ofSegment: entry.sequence), sequence: entry.sequence,
                discontinuitySequence: entry.discontinuity, duration: entry.segment.duration)
            segment.isDiscontinuity = entry.segment.isDiscontinuity
            segment.programDateTime = entry.segment.start
            segment.hasOwnDateTime = true
            segment.map = MediaPlaylist.Map(uri: folder + name(ofMap: entry.map))
            playlist.segments.append(segment)
        }
        return playlist
    }

    /// The file of that name, without its folder.
    func item(named name: String) -> Item? {
        let prefix = session + "-"
        guard name.hasPrefix(prefix) else { return nil }
        let rest = name.dropFirst(prefix.count)
        if rest.hasPrefix("init"), rest.hasSuffix(".mp4") {
            return Int(rest.dropFirst(4).dropLast(4)).flatMap { initializations[$0] }.map {
                Item(bytes: $0.bytes, contentType: Self.plain($0.contentType))
            }
        }
        guard rest.hasSuffix(".m4s"), let number = Int(rest.dropLast(4)) else { return nil }
        let found = (listed + removed).first { $0.sequence == number }
        return found.map { entry in
            Item(
                bytes: entry.segment.bytes,
                contentType: Self.plain(initializations[entry.map]?.contentType ?? "video/mp4"))
        }
    }

    private func name(ofSegment sequence: Int) -> String { "\(session)-\(sequence).m4s" }
    private func name(ofMap map: Int) -> String { "\(session)-init\(map).mp4" }

    /// Without the codecs.
    private static func plain(_ contentType: String) -> String {
        String(contentType.prefix { $0 != ";" })
    }
}
