// What a source has told about the stream besides its media, gathered.
import Intake
import Model

struct ObservedFacts: Sendable {
    struct Header: Sendable, Equatable {
        var hasAudio: Bool
        var hasVideo: Bool
    }
    struct Playlist: Sendable {
        var latest: PlaylistFacts
        var loads = 0
        /// When the list last had something new.
        var lastNew: HostTime
        /// The longest time without anything new.
        var longestWait = Span.zero
        /// Times without anything new that were longer than a playlist may leave its readers waiting.
        var stalls = 0
        var edgeAges: [Span] = []
        var segmentDurations: [Span]

        /// A list has to be renewed within one and a half target durations (RFC 8216 §6.2.1); the half more is
        /// our own reload.
        func isStalled(at now: HostTime) -> Bool {
            !latest.isEnded && latest.targetDuration > .zero
                && now - lastNew > max(latest.targetDuration * 2, .seconds(1))
        }
    }
    private static let kept = 200

    private(set) var reached: (at: HostTime, since: HostTime)?
    private(set) var firstByte: HostTime?
    private(set) var header: Header?
    private(set) var claims: StreamClaims?
    private(set) var missingHeaders: [TrackKind: Int] = [:]
    private(set) var changedHeaders: [TrackKind: TimelineObserver.Incidents] = [:]
    /// What the last change was, for people.
    private(set) var changes: [TrackKind: String] = [:]
    /// Where parameters changed, the first few.
    private(set) var changePlaces: [TrackKind: [MediaTime]] = [:]
    private(set) var damaged = 0
    private(set) var firstDamage: (text: String, at: MediaTime?)?
    private(set) var playlist: Playlist?
    private(set) var variants: [VariantFacts] = []
    private(set) var programDates = ProgramDates()
    private(set) var cuts = 0
    private(set) var lostHere = 0

    mutating func add(_ fact: SourceFact, now: HostTime, position: MediaTime?) {
        switch fact {
        case .reached(let at, let since):
            reached = (at, since)
            firstByte = nil
        case .firstByte(let at): firstByte = firstByte ?? at
        case .headerFlags(let hasAudio, let hasVideo): header = Header(hasAudio: hasAudio, hasVideo: hasVideo)
        case .claims(let claims): self.claims = claims
        case .missingSequenceHeader(let kind): missingHeaders[kind, default: 0] += 1
        case .changedSequenceHeader(let kind):
            changedHeaders[kind, default: .init()].add(at: position ?? .zero, by: .zero)
        case .damaged(let text):
            damaged += 1
            firstDamage = firstDamage ?? (text, position)
        case .playlist(let facts): add(facts, now: now)
        case .variants(let list): variants = list
        case .programDate(let media, let wall): programDates.add(media: media, wall: wall)
        case .cut:
            cuts += 1
            programDates.forget()
        case .lostHere(let packets): lostHere += packets
        }
    }

    /// Parameters that changed in mid-stream; the source's own fact about the same change does not count twice.
    mutating func noteParameters(_ track: Track, position: MediaTime?) {
        changes[track.kind] = track.parameterText
        if let position, changePlaces[track.kind, default: []].count < TimelineObserver.Incidents.kept {
            changePlaces[track.kind, default: []].append(position)
        }
    }

    private mutating func add(_ facts: PlaylistFacts, now: HostTime) {
        var list = playlist ?? Playlist(latest: facts, lastNew: now, segmentDurations: facts.segmentDurations)
        list.loads += 1
        list.longestWait = max(list.longestWait, now - list.lastNew)
        if facts.isNew || list.loads == 1 {
            if list.isStalled(at: now) { list.stalls += 1 }
            list.lastNew = now
            if let age = facts.edgeAge { list.edgeAges.append(age) }
            if list.edgeAges.count > Self.kept { list.edgeAges.removeFirst() }
            if list.loads > 1, let newest = facts.segmentDurations.last { list.segmentDurations.append(newest) }
            if list.segmentDurations.count > Self.kept { list.segmentDurations.removeFirst() }
        }
        list.latest = facts
        playlist = list
    }
}

/// EXT-X-PROGRAM-DATE-TIME: a map from media to wall time. The last statement before a time holds for it.
struct ProgramDates: Sendable {
    private var statements: [(media: MediaTime, wall: WallTime)] = []

    mutating func add(media: MediaTime, wall: WallTime) {
        statements.append((media, wall))
        if statements.count > 32 { statements.removeFirst(16) }
    }

    mutating func forget() { statements = [] }

    func wall(at media: MediaTime) -> WallTime? {
        // B-frames may be shown a little before the segment's first stamp.
        guard let statement = statements.last(where: { $0.media <= media }) ?? statements.first else { return nil }
        return statement.wall + (media - statement.media)
    }
}

extension Track {
    /// "h264 1280x720", "aac 48000 Hz, 2 channels".
    var parameterText: String {
        if let video { return "\(codec.rawValue) \(video.width)x\(video.height)" }
        if let audio { return "\(codec.rawValue) \(audio.sampleRate) Hz, \(audio.channels) channels" }
        return codec.rawValue
    }
}
