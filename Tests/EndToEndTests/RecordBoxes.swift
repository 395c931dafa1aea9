// The boxes of an MP4 file, read by the letter of ISO/IEC 14496-12: whether it is an ordinary file with its index in
// front, and when its tracks begin.
import TestSupport

struct MP4Boxes {
    struct Box {
        var type: String
        /// Of what is inside.
        var body: Range<Int>
    }

    let bytes: [UInt8]
    let top: [Box]

    init?(path: String) {
        guard let bytes = contents(ofFile: path) else { return nil }
        self.bytes = bytes
        top = Self.boxes(bytes, 0..<bytes.count)
    }

    /// Types of the outermost boxes, in order.
    var types: [String] { top.map(\.type) }

    /// Index in front of the media, one of each, no fragments; every byte of the file is in a box.
    var isOrdinary: Bool {
        guard let index = types.firstIndex(of: "moov"), let media = types.firstIndex(of: "mdat") else {
            return false
        }
        return types.first == "ftyp" && index < media && types.filter { $0 == "moov" }.count == 1
            && !types.contains("moof") && find("moov", "mvex").isEmpty && top.last?.body.upperBound == bytes.count
    }

    struct Track {
        /// "vide" or "soun".
        var handler: String
        var codec: String
        var samples: Int
        var keyframes: Int
        /// Seconds at which its first sample is presented, edit list heeded.
        var start: Double
        /// Seconds: the sum of its sample durations.
        var length: Double
    }

    var tracks: [Track] {
        let clock = find("moov", "mvhd").first.map { scale($0) } ?? 1
        return boxes(of: "moov").flatMap { inside($0, "trak") }.map { track in
            let media = inside(track, "mdia")
            let table = media.flatMap { inside($0, "minf") }.flatMap { inside($0, "stbl") }.first
            let parts = { (type: String) in table.flatMap { self.inside($0, type).first }?.body }
            let rate = Double(media.flatMap { inside($0, "mdhd") }.first.map { scale($0) } ?? 1)
            let handler = media.flatMap { inside($0, "hdlr") }.first.map { text($0.body.lowerBound + 8) } ?? ""
            let times = parts("stts").map { runs($0.lowerBound) } ?? []
            let first = parts("ctts").flatMap { runs($0.lowerBound).first?.1 } ?? 0
            var start = Double(Int32(truncatingIfNeeded: first)) / rate
            for edit in inside(track, "edts").flatMap({ inside($0, "elst") }) {
                for (length, from) in edits(edit) {
                    start += from < 0 ? Double(length) / Double(clock) : -Double(from) / rate
                    if from >= 0 { break }
                }
            }
            return Track(
                handler: handler, codec: parts("stsd").map { text($0.lowerBound + 12) } ?? "",
                samples: parts("stsz").map { word($0.lowerBound + 8) } ?? 0,
                keyframes: parts("stss").map { word($0.lowerBound + 4) } ?? times.reduce(0) { $0 + $1.0 },
                start: start, length: Double(times.reduce(0) { $0 + $1.0 * $1.1 }) / rate)
        }
    }

    private func boxes(of type: String) -> [Box] { top.filter { $0.type == type } }
    private func inside(_ box: Box, _ type: String) -> [Box] {
        Self.boxes(bytes, box.body).filter { $0.type == type }
    }
    private func find(_ outer: String, _ inner: String) -> [Box] { boxes(of: outer).flatMap { inside($0, inner) } }

    private func word(_ at: Int) -> Int {
        guard at + 4 <= bytes.count else { return 0 }
        return bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    private func text(_ at: Int) -> String {
        at + 4 <= bytes.count ? String(decoding: bytes[at..<at + 4], as: UTF8.self) : ""
    }

    /// Units a second out of mvhd or mdhd.
    private func scale(_ box: Box) -> Int {
        let at = box.body.lowerBound
        return max(1, word(at + (bytes[at] == 1 ? 20 : 12)))
    }

    /// (count, value) out of stts or ctts.
    private func runs(_ at: Int) -> [(Int, Int)] {
        (0..<word(at + 4)).map { (word(at + 8 + $0 * 8), word(at + 12 + $0 * 8)) }
    }

    /// (length in the movie's units, start in the track's; −1 for emptiness).
    private func edits(_ box: Box) -> [(Int, Int)] {
        let at = box.body.lowerBound
        let isLong = bytes[at] == 1
        return (0..<word(at + 4)).map { index in
            guard isLong else {
                let entry = at + 8 + index * 12
                return (word(entry), Int(Int32(truncatingIfNeeded: word(entry + 4))))
            }
            let entry = at + 8 + index * 20
            return (word(entry) << 32 | word(entry + 4), word(entry + 8) << 32 | word(entry + 12))
        }
    }

    private static func boxes(_ bytes: [UInt8], _ range: Range<Int>) -> [Box] {
        var found: [Box] = []
        var at = range.lowerBound
        let word = { (at: Int) in bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
        while at + 8 <= range.upperBound {
            var size = word(at)
            var head = 8
            if size == 1, at + 16 <= range.upperBound {
                size = word(at + 8) << 32 | word(at + 12)
                head = 16
            } else if size == 0 {
                size = range.upperBound - at
            }
            guard size >= head, at + size <= range.upperBound else { break }
            found.append(
                Box(type: String(decoding: bytes[at + 4..<at + 8], as: UTF8.self), body: at + head..<at + size))
            at += size
        }
        return found
    }
}
