// Reads playlist text (RFC 8216). Strict about what would be played wrongly, lenient about the rest:
// unknown tags and unreadable attributes are left out. Sizes are bounded, as the text is a stranger's.
import Model

extension HLSPlaylist {
    /// The largest text that is read, in bytes; a day of 2 s segments is about 3 MB.
    public static let maximumSize = 16 << 20
    /// The largest number of segments that is read.
    public static let maximumSegments = 200_000

    /// Reads a playlist. `baseURL` is the address it came from, after redirects: URIs are resolved against it.
    public static func parse(_ text: String, baseURL: String) throws(WireError) -> HLSPlaylist {
        guard text.utf8.count <= maximumSize else {
            throw WireError("playlist is larger than \(maximumSize) bytes")
        }
        var parser = HLSParser(baseURL: baseURL)
        return try parser.parse(text)
    }
}

struct HLSParser {
    private let baseURL: String
    private var master = MasterPlaylist()
    private var media = MediaPlaylist()
    private var isMaster = false
    private var isMedia = false

    // What the lines so far say of the next URI.
    private var variant: MasterPlaylist.Variant?
    private var duration: Span?
    private var title: String?
    private var isDiscontinuity = false
    private var isGap = false
    private var range: (length: Int, offset: Int?)?
    private var dateTime: WallTime?
    // What stays in force.
    private var map: MediaPlaylist.Map?
    private var key: MediaPlaylist.Key?
    private var discontinuities = 0
    private var nextDateTime: WallTime?
    private var lastRange: (uri: String, end: Int)?

    init(baseURL: String) { self.baseURL = baseURL }

    mutating func parse(_ text: String) throws(WireError) -> HLSPlaylist {
        var isFirst = true
        for raw in text.utf8.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            var line = HLSText.trimmed(Substring(raw))
            if isFirst {
                if line.unicodeScalars.first == "\u{FEFF}" { line = Substring(line.unicodeScalars.dropFirst()) }
                guard line.utf8.starts(with: "#EXTM3U".utf8) else {
                    throw WireError("this is not an HLS playlist: it does not begin with #EXTM3U")
                }
                isFirst = false
                continue
            }
            if line.utf8.first != UInt8(ascii: "#") {
                if !line.isEmpty { try readURI(String(line)) }
            } else if line.utf8.starts(with: "#EXT".utf8) {
                let colon = line.utf8.firstIndex(of: UInt8(ascii: ":"))
                let value = colon.map { line[line.utf8.index(after: $0)...] } ?? ""
                try readTag(String(line[..<(colon ?? line.endIndex)]), value)
            }
        }
        guard !isFirst else { throw WireError("the playlist is empty") }
        guard !isMaster || !isMedia else { throw WireError("the playlist mixes variants and segments") }
        if isMaster { return .master(master) }
        guard isMedia else { throw WireError("the playlist lists neither segments nor variants") }
        finishMedia()
        return .media(media)
    }

    private mutating func readTag(_ tag: String, _ value: Substring) throws(WireError) {
        switch tag {
        case "#EXT-X-STREAM-INF": readVariant(HLSAttributes(value))
        case "#EXT-X-MEDIA": readRendition(HLSAttributes(value))
        case "#EXT-X-I-FRAME-STREAM-INF", "#EXT-X-SESSION-DATA", "#EXT-X-SESSION-KEY": isMaster = true
        case "#EXTINF": try readDuration(value)
        case "#EXT-X-TARGETDURATION":
            guard let seconds = HLSText.decimal(value), seconds >= 0 else {
                throw WireError("playlist with a damaged target duration")
            }
            media.targetDuration = Span(seconds: seconds)
            isMedia = true
        case "#EXT-X-MEDIA-SEQUENCE":
            guard let number = Int(HLSText.trimmed(value)), (0..<Int.max / 2).contains(number) else {
                throw WireError("playlist with a damaged media sequence number")
            }
            media.mediaSequence = number
            isMedia = true
        case "#EXT-X-DISCONTINUITY-SEQUENCE":
            if let number = Int(HLSText.trimmed(value)), (0..<Int.max / 2).contains(number) {
                media.discontinuitySequence = number
            }
        case "#EXT-X-ENDLIST": media.isEnded = true
        case "#EXT-X-PLAYLIST-TYPE": media.kind = MediaPlaylist.Kind(rawValue: String(HLSText.trimmed(value)))
        case "#EXT-X-I-FRAMES-ONLY": media.isIFramesOnly = true
        case "#EXT-X-VERSION": media.version = Int(HLSText.trimmed(value)) ?? 1
        case "#EXT-X-INDEPENDENT-SEGMENTS":
            media.hasIndependentSegments = true
            master.hasIndependentSegments = true
        case "#EXT-X-START": media.startOffset = HLSAttributes(value).span("TIME-OFFSET")
        default: readSegmentTag(tag, value)
        }
    }

    private mutating func readSegmentTag(_ tag: String, _ value: Substring) {
        switch tag {
        case "#EXT-X-DISCONTINUITY":
            isDiscontinuity = true
            nextDateTime = nil
        case "#EXT-X-GAP": isGap = true
        case "#EXT-X-BYTERANGE": range = Self.byteRange(value)
        case "#EXT-X-PROGRAM-DATE-TIME": dateTime = WallTime(iso8601: HLSText.trimmed(value))
        case "#EXT-X-MAP": readMap(HLSAttributes(value))
        case "#EXT-X-KEY": readKey(HLSAttributes(value))
        case "#EXT-X-SERVER-CONTROL":
            let attributes = HLSAttributes(value)
            var control = MediaPlaylist.ServerControl()
            control.canBlockReload = attributes.isYes("CAN-BLOCK-RELOAD")
            control.holdBack = attributes.span("HOLD-BACK")
            control.partHoldBack = attributes.span("PART-HOLD-BACK")
            control.canSkipUntil = attributes.span("CAN-SKIP-UNTIL")
            media.serverControl = control
        case "#EXT-X-PART-INF": media.partTarget = HLSAttributes(value).span("PART-TARGET")
        case "#EXT-X-PART":
            if let part = HLSAttributes(value).span("DURATION"), part > .zero {
                media.trailingPartsDuration = media.trailingPartsDuration + part
            }
        default: break
        }
    }

    private mutating func readURI(_ uri: String) throws(WireError) {
        let address = URIReference.resolve(uri, against: baseURL)
        if var variant {
            variant.uri = address
            self.variant = nil
            guard master.variants.count < 1000 else { throw WireError("playlist with over 1000 variants") }
            master.variants.append(variant)
            return
        }
        // A URI that nothing describes is not a segment; some servers leave such lines.
        guard let duration else { return }
        try appendSegment(address, duration)
    }
}

// MARK: - Segments

extension HLSParser {
    private mutating func readDuration(_ value: Substring) throws(WireError) {
        isMedia = true
        let comma = value.utf8.firstIndex(of: UInt8(ascii: ","))
        guard let seconds = HLSText.decimal(value[..<(comma ?? value.endIndex)]), seconds < 1e6 else {
            throw WireError("playlist with a damaged segment duration")
        }
        duration = Span(seconds: max(0, seconds))
        let text = comma.map { HLSText.trimmed(value[value.utf8.index(after: $0)...]) } ?? ""
        title = text.isEmpty ? nil : String(text)
    }

    private mutating func appendSegment(_ uri: String, _ duration: Span) throws(WireError) {
        guard media.segments.count < HLSPlaylist.maximumSegments else {
            throw WireError("playlist with over \(HLSPlaylist.maximumSegments) segments")
        }
        if isDiscontinuity { discontinuities += 1 }
        // Sequence numbers are added at the end: the tags that start them may stand anywhere.
        var segment = MediaPlaylist.Segment(
            uri: uri, sequence: media.segments.count, discontinuitySequence: discontinuities, duration: duration)
        segment.title = title
        segment.isDiscontinuity = isDiscontinuity
        segment.isGap = isGap
        segment.map = map
        segment.key = key
        if let range {
            // Without an offset it continues the range before it, of the same resource.
            let offset = range.offset ?? (lastRange?.uri == uri ? lastRange?.end : nil) ?? 0
            segment.byteRange = MediaPlaylist.ByteRange(length: range.length, offset: offset)
            lastRange = (uri, offset + range.length)
        } else {
            lastRange = nil
        }
        segment.hasOwnDateTime = dateTime != nil
        segment.programDateTime = dateTime ?? nextDateTime
        nextDateTime = segment.programDateTime.map { $0 + duration }
        media.segments.append(segment)
        media.trailingPartsDuration = .zero
        (self.duration, title, range, dateTime) = (nil, nil, nil, nil)
        (isDiscontinuity, isGap) = (false, false)
    }

    private mutating func finishMedia() {
        for index in media.segments.indices {
            media.segments[index].sequence += media.mediaSequence
            media.segments[index].discontinuitySequence += media.discontinuitySequence
        }
        if media.targetDuration == .zero {
            // Required, but missing here and there: the longest segment is what it would have to be.
            media.targetDuration = media.segments.map(\.duration).max() ?? .zero
        }
    }

    private mutating func readMap(_ attributes: HLSAttributes) {
        guard let uri = attributes["URI"] else { return }
        let range = attributes["BYTERANGE"].flatMap { Self.byteRange($0[...]) }
        map = MediaPlaylist.Map(
            uri: URIReference.resolve(uri, against: baseURL),
            byteRange: range.map { MediaPlaylist.ByteRange(length: $0.length, offset: $0.offset ?? 0) })
    }

    private mutating func readKey(_ attributes: HLSAttributes) {
        guard let method = attributes["METHOD"], method != "NONE" else {
            key = nil
            return
        }
        let format = attributes["KEYFORMAT"] ?? "identity"
        // Several keys for one segment differ in format; the plain one is the one that can be used.
        if let key, key.format == "identity", format != "identity" { return }
        key = MediaPlaylist.Key(
            method: method, uri: attributes["URI"].map { URIReference.resolve($0, against: baseURL) },
            initializationVector: attributes.sixteenBytes("IV"), format: format)
    }

    /// LENGTH[@OFFSET].
    private static func byteRange(_ text: Substring) -> (length: Int, offset: Int?)? {
        let parts = HLSText.trimmed(text).split(separator: "@", omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2, let length = Int(first),
            (0...1 << 40).contains(length)
        else { return nil }
        guard parts.count == 2 else { return (length, nil) }
        // Bounds that no file reaches, so that adding up cannot overflow.
        guard let offset = Int(parts[1]), (0...1 << 60).contains(offset) else { return nil }
        return (length, offset)
    }
}

// MARK: - Variants

extension HLSParser {
    private mutating func readVariant(_ attributes: HLSAttributes) {
        isMaster = true
        var variant = MasterPlaylist.Variant(uri: "")
        variant.bandwidth = max(0, attributes.integer("BANDWIDTH") ?? 0)
        variant.averageBandwidth = attributes.integer("AVERAGE-BANDWIDTH")
        if let size = attributes.resolution("RESOLUTION") { (variant.width, variant.height) = size }
        variant.frameRate = attributes.decimal("FRAME-RATE")
        variant.codecs = (attributes["CODECS"] ?? "").split(separator: ",").map { String(HLSText.trimmed($0)) }
        variant.audioGroup = attributes["AUDIO"]
        variant.subtitleGroup = attributes["SUBTITLES"]
        self.variant = variant
    }

    private mutating func readRendition(_ attributes: HLSAttributes) {
        isMaster = true
        guard let type = attributes["TYPE"], let group = attributes["GROUP-ID"], master.renditions.count < 1000
        else { return }
        var rendition = MasterPlaylist.Rendition(type: type, groupID: group, name: attributes["NAME"] ?? "")
        rendition.uri = attributes["URI"].map { URIReference.resolve($0, against: baseURL) }
        rendition.language = attributes["LANGUAGE"]
        rendition.isDefault = attributes.isYes("DEFAULT")
        rendition.isAutoselect = attributes.isYes("AUTOSELECT")
        rendition.channels = attributes["CHANNELS"].flatMap { $0.split(separator: "/").first.flatMap { Int($0) } }
        master.renditions.append(rendition)
    }
}
