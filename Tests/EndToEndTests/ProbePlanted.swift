// A recording with faults planted in it: the edits, each under the name of what it breaks, and the stream that
// comes of them in real time. Shares no code with the product.
import Model
import TestSupport

struct PlantedStream: Sendable {
    struct Item: Sendable {
        var tag: TapeTag
        /// When it is sent, in ms from the request.
        var at: Double
        /// Its picture gets a latency mark that differs from the time of sending by this much.
        var mark: Span?
        /// The mark is one of OBS Studio's.
        var isMarkedByOBS = false
    }

    /// Of the FLV header: 4 sound, 1 picture.
    var flags: UInt8 = 5
    var items: [Item]

    init(_ tags: [TapeTag]) { items = tags.map { Item(tag: $0, at: Double($0.timestamp)) }.inOrder }

    // What is broken by hand.

    /// The tags that are pictures or sound, not configurations.
    mutating func edit(from: Int = 0, to: Int = .max, _ change: (inout Item) -> Void) {
        for index in items.indices
        where items[index].tag.isMedia && (from..<to).contains(Int(items[index].at)) { change(&items[index]) }
    }

    mutating func remove(_ isUnwanted: (TapeTag) -> Bool) { items.removeAll { isUnwanted($0.tag) } }

    /// Sound and pictures go on under other timestamps from this moment on.
    mutating func shiftStamps(from: Int, by milliseconds: Int) {
        edit(from: from) { $0.tag.timestamp += milliseconds }
    }

    /// Sent at other moments, in the order of these.
    mutating func resend(_ moment: (Item) -> Double) {
        for index in items.indices where items[index].tag.isMedia { items[index].at = moment(items[index]) }
        items = items.inOrder
    }

    /// Its pictures are those of another recording from this moment on, which is told ahead of them.
    mutating func become(_ other: [TapeTag], at milliseconds: Int) {
        let isLater = { (item: Item) in item.at >= Double(milliseconds) }
        let end = items.firstIndex(where: isLater) ?? 0
        let rest = PlantedStream(other).items.filter { $0.tag.isMedia && $0.tag.isVideo && isLater($0) }
        let sound = items[end...].filter(\.tag.isAudio)
        guard var head = other.first(where: { $0.isVideo && !$0.isMedia }) else { return }
        head.timestamp = milliseconds
        items[end...] = [.init(tag: head, at: Double(milliseconds))][...]
        items += (rest + sound).sorted { $0.at < $1.at }
    }

    /// A number of onMetaData.
    mutating func claim(_ name: String, _ value: Double) {
        let mark = Array(name.utf8)
        for index in items.indices where items[index].tag.kind == 18 {
            let body = items[index].tag.body
            guard let at = body.indices.first(where: { body[$0...].starts(with: mark) }) else { continue }
            let bytes = (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(56 - 8 * $0)) }
            // One byte says that a number follows.
            items[index].tag.body.replaceSubrange(at + mark.count + 1..<at + mark.count + 9, with: bytes)
        }
    }

    // The stream.

    var header: [UInt8] { [0x46, 0x4C, 0x56, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0] }

    private static func bytes(_ item: Item) -> [UInt8] {
        HandmadeFLV.bytes(marked(item))
    }

    private static func marked(_ item: Item) -> TapeTag {
        var tag = item.tag
        guard let mark = item.mark else { return tag }
        let time = WallTime.now() + mark
        if item.isMarkedByOBS { tag.insertMetrics(time) } else { tag.insertMark(time) }
        return tag
    }

    /// Over HTTP-FLV, from the beginning to every viewer.
    func serve() throws -> TimedServer {
        let (items, header) = (items, header)
        return try TimedServer { _, _ in
            .live { index in
                if index == 0 { return .init(at: .zero) { header } }
                guard items.indices.contains(index - 1) else { return nil }
                let item = items[index - 1]
                return .init(at: .milliseconds(item.at)) { Self.bytes(item) }
            }
        }
    }

    /// To an RTMP server, beginning now; `repeats` goes back to the beginning with continued stamps.
    func publish(to server: NginxRTMP, _ stream: String, application: String = "live") throws -> RTMPTagSender {
        let items = items
        return try RTMPTagSender(port: server.rtmpPort, application: application, stream: stream) { index in
            guard items.indices.contains(index) else { return nil }
            var tag = Self.marked(items[index])
            // Servers know onMetaData as data that is set for the stream.
            if tag.kind == 18 { tag.body = [2, 0, 13] + Array("@setDataFrame".utf8) + tag.body }
            return .init(
                at: .milliseconds(items[index].at), kind: tag.kind, timestamp: UInt32(clamping: tag.timestamp),
                body: tag.body)
        }
    }
}

extension [PlantedStream.Item] {
    /// By their moments; what is sent at the same moment stays in its order.
    fileprivate var inOrder: Self {
        enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }
}

extension TapeTag {
    /// Puts a NAL unit before those of the picture.
    mutating func insertUnit(_ unit: [UInt8]) {
        let size = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: unit.count >> $0) }
        body.insert(contentsOf: size + unit, at: 5)
    }

    /// MISB ST 0604: the time of capture, in µs.
    mutating func insertMark(_ time: WallTime) {
        let micros = UInt64(time.nanoseconds / 1000)
        let octets = (0..<8).map { UInt8(truncatingIfNeeded: micros >> (56 - 8 * UInt64($0))) }
        var unit: [UInt8] = [6, 5, 28] + Array("MISPmicrosectime".utf8) + [0x9F]
        for pair in 0..<4 { unit += [octets[2 * pair], octets[2 * pair + 1]] + (pair < 3 ? [0xFF] : []) }
        insertUnit(unit + [0x80])
    }

    /// Broadcast Performance Metrics of OBS Studio: the time of composition and that of the encoder, as texts.
    mutating func insertMetrics(_ time: WallTime) {
        let name: [UInt8] = [
            0x0A, 0xEC, 0xFF, 0xE7, 0x52, 0x72, 0x4E, 0x2F, 0xA6, 0x2F, 0xD1, 0x9C, 0xD6, 0x1A, 0x93, 0xB5,
        ]
        let stamp = { (tag: UInt8, time: WallTime) in [1, tag] + Array(HLSLab.date(time).utf8) + [0] }
        let payload = name + [1] + stamp(1, time) + stamp(2, time + .milliseconds(5))
        insertUnit([6, 5, UInt8(payload.count)] + payload + [0x80])
    }

    /// The picture's first bytes alone: what an encoder sends that has nothing to say.
    mutating func shrink() {
        guard let slice = units.last, slice.count > 24 else { return }
        let kept = Array(slice.prefix(24))
        body = Array(body.prefix(5))
        insertUnit(kept)
    }

    /// Filler data, as encoders of constant rate send it.
    mutating func pad(_ count: Int) { insertUnit([12] + [UInt8](repeating: 0xFF, count: count) + [0x80]) }

    mutating func setCompositionOffset(_ milliseconds: Int) {
        for (index, shift) in [16, 8, 0].enumerated() {
            body[2 + index] = UInt8(truncatingIfNeeded: milliseconds >> shift)
        }
    }
}
