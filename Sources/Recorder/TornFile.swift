// How much of a file that was left open is whole: up to the last complete fragment, cluster, tag or packet.
// Reads headers only; changes nothing.
import Model

#if canImport(Glibc)
    import Glibc
#endif

struct TornFile {
    /// Bytes that are whole; 0 where there is nothing to play.
    private(set) var wholeBytes: Int64 = 0
    /// An MP4 file that is not written in fragments: it was being closed.
    private(set) var isOrdinary = false
    let size: Int64
    private let descriptor: Int32

    init(_ descriptor: Int32, format: RecordFormat) {
        self.descriptor = descriptor
        var info = stat()
        size = fstat(descriptor, &info) == 0 ? Int64(info.st_size) : 0
        switch format {
        case .mp4: walkBoxes()
        case .mkv: walkElements()
        case .flv: walkTags()
        case .ts: walkPackets()
        }
    }

    private func read(_ offset: Int64, _ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = pread(descriptor, &bytes, count, off_t(offset))
        return Array(bytes.prefix(max(0, got)))
    }

    private static func number(_ bytes: some Collection<UInt8>) -> Int64 {
        bytes.reduce(0) { $0 << 8 | Int64($1) }
    }

    // MARK: ISO 14496-12: boxes

    private static let known: Set<String> = [
        "ftyp", "styp", "moov", "moof", "mdat", "mfra", "free", "skip", "sidx", "uuid", "emsg", "prft", "wide",
    ]

    /// Name and whole length of the box at `offset`; nil where there is none.
    private func box(_ offset: Int64) -> (name: String, header: Int64, length: Int64)? {
        let head = read(offset, 16)
        guard head.count >= 8 else { return nil }
        let name = String(decoding: head[4..<8], as: UTF8.self)
        let short = Self.number(head[0..<4])
        guard short != 1 else {
            guard head.count == 16, head[8] < 0x40 else { return nil }
            return (name, 16, Self.number(head[8..<16]))
        }
        return short >= 8 ? (name, 8, short) : nil
    }

    private mutating func walkBoxes() {
        var offset: Int64 = 0
        var hasMovie = false
        var isInFragment = false
        while let box = box(offset), Self.known.contains(box.name), box.length >= box.header,
            box.length <= size - offset
        {
            let end = offset + box.length
            switch box.name {
            case "moov":
                hasMovie = true
                isOrdinary = !has("mvex", from: offset + box.header, to: end)
            case "moof": isInFragment = true
            case "mdat": if isInFragment || isOrdinary { wholeBytes = end }
            default: break
            }
            if box.name != "moof" { isInFragment = false }
            offset = end
            // An ordinary file is whole only to its last byte.
            if isOrdinary { wholeBytes = offset == size ? offset : 0 }
        }
        if !hasMovie { wholeBytes = 0 }
    }

    private func has(_ name: String, from start: Int64, to end: Int64) -> Bool {
        var offset = start
        while offset < end, let box = box(offset), box.length >= box.header {
            if box.name == name { return true }
            offset += box.length
        }
        return false
    }

    // MARK: RFC 8794: elements

    /// Identity and length of an element; a length of nil is "unknown".
    private func element(_ offset: Int64) -> (id: Int64, header: Int64, length: Int64?)? {
        let head = read(offset, 12)
        guard let first = head.first, first != 0 else { return nil }
        let idLength = first.leadingZeroBitCount + 1
        guard idLength <= 4, head.count > idLength, head[idLength] != 0 else { return nil }
        let sizeLength = head[idLength].leadingZeroBitCount + 1
        guard head.count >= idLength + sizeLength else { return nil }
        let all = Int64(1) << Int64(7 * sizeLength) - 1
        let value = Self.number(head[idLength..<idLength + sizeLength]) & all
        return (
            Self.number(head[0..<idLength]), Int64(idLength + sizeLength), value == all ? nil : value
        )
    }

    private mutating func walkElements() {
        // EBML, then Segment, whose length is written at the end only.
        guard let head = element(0), head.id == 0x1A45_DFA3, let length = head.length,
            let segment = element(head.header + length), segment.id == 0x1853_8067
        else { return }
        let known: Set<Int64> = [
            0x114D_9B74, 0xEC, 0x1549_A966, 0x1654_AE6B, 0x1F43_B675, 0x1C53_BB6B, 0x1254_C367, 0xBF, 0x1941_A469,
            0x1043_A770,
        ]
        var offset = head.header + length + segment.header
        while let next = element(offset), known.contains(next.id), let length = next.length,
            length <= size - offset - next.header
        {
            offset += next.header + length
            if next.id == 0x1F43_B675 || wholeBytes > 0 { wholeBytes = offset }
        }
    }

    // MARK: FLV: tags, each followed by its length

    private mutating func walkTags() {
        guard read(0, 3) == Array("FLV".utf8) else { return }
        var offset: Int64 = 13
        while true {
            let head = read(offset, 11)
            guard head.count == 11, [8, 9, 18].contains(head[0]) else { return }
            let end = offset + 11 + Self.number(head[1..<4])
            let tail = read(end, 4)
            guard tail.count == 4, Self.number(tail) == end - offset else { return }
            offset = end + 4
            wholeBytes = offset
        }
    }

    // MARK: ISO 13818-1: packets of 188 bytes

    private mutating func walkPackets() {
        var end = size / 188 * 188
        while end > 0, read(end - 188, 1) != [0x47] { end -= 188 }
        wholeBytes = end
    }
}
