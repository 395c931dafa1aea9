// Made-up media: tags that look like H.264 and AAC from outside and can be told apart.
import NIOCore
import Wire

enum Made {
    static let videoHeader = FLVTag(
        kind: .video, timestamp: 0, body: ByteBuffer(bytes: [0x17, 0, 0, 0, 0, 1, 2, 3]))
    static let audioHeader = FLVTag(kind: .audio, timestamp: 0, body: ByteBuffer(bytes: [0xAF, 0, 0x12, 0x10]))
    static let metadata = FLVTag(
        kind: .script, timestamp: 0,
        body: AMF0Value.encode([.string("onMetaData"), .ecmaArray([AMF0Field("width", .number(640))])]))
    static let headers = [metadata, videoHeader, audioHeader]

    static func key(_ time: UInt32, size: Int = 3000) -> FLVTag { picture(0x17, time, size) }
    static func inter(_ time: UInt32, size: Int = 800) -> FLVTag { picture(0x27, time, size) }
    static func sound(_ time: UInt32, size: Int = 200) -> FLVTag {
        FLVTag(kind: .audio, timestamp: time, body: body([0xAF, 1], time, size))
    }

    private static func picture(_ first: UInt8, _ time: UInt32, _ size: Int) -> FLVTag {
        FLVTag(kind: .video, timestamp: time, body: body([first, 1, 0, 0, 0], time, size))
    }

    /// Every body is another one: a mistake in order or content shows.
    private static func body(_ head: [UInt8], _ time: UInt32, _ size: Int) -> ByteBuffer {
        var out = ByteBuffer(bytes: head)
        out.writeInteger(time)
        let rest = max(0, size - out.readableBytes)
        if let noise = noise.getSlice(at: Int(time % 4096), length: min(rest, 60_000)) {
            out.writeImmutableBuffer(noise)
        }
        return out
    }

    private static let noise: ByteBuffer = {
        var value: UInt64 = 1
        return ByteBuffer(
            bytes: (0..<65_536).map { _ in
                value = value &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: value >> 56)
            })
    }()

    /// `seconds` of a stream from `start` on: 25 pictures and 50 sounds a second, a key frame each second.
    static func stream(from start: UInt32 = 0, seconds: Double, size: Int = 800) -> [FLVTag] {
        let ticks = Int(seconds * 50)
        return (0..<ticks).flatMap { tick -> [FLVTag] in
            let time = start + UInt32(tick * 20)
            let sound = sound(time)
            if tick % 50 == 0 { return [key(time, size: size * 3), sound] }
            return tick % 2 == 0 ? [inter(time, size: size), sound] : [sound]
        }
    }
}

/// Compares without having thousands of tags printed where they differ.
func same(_ first: some Sequence<FLVTag>, _ second: some Sequence<FLVTag>) -> Bool { first.elementsEqual(second) }
