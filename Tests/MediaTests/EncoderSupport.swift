import Media
import Model
import Testing

// Small things that the tests of the processing half share: pictures from bytes, sound as floats, memory.
#if canImport(Glibc)
    import Glibc
#endif

enum Bench {
    /// Pictures of exactly these bytes, tightly packed, without any colour tag.
    static func pictures(
        _ bytes: [UInt8], _ format: String, _ width: Int, _ height: Int
    ) throws -> [Frame] {
        let file = try scratch(bytes)
        defer { close(file) }
        let reader = try RawVideoReader(
            descriptor: file, pixelFormat: format, width: width, height: height, frameRate: Rational(25, 1))
        var frames: [Frame] = []
        while case .frame(let frame, _) = try reader.read(deadline: .now() + .seconds(5)) { frames.append(frame) }
        return frames
    }

    /// One even picture, yuv420p or yuvj420p.
    static func plain(
        _ width: Int, _ height: Int, y: UInt8, u: UInt8, v: UInt8, format: String = "yuv420p"
    ) throws -> Frame {
        let chroma = (width + 1) / 2 * ((height + 1) / 2)
        let bytes =
            [UInt8](repeating: y, count: width * height) + [UInt8](repeating: u, count: chroma)
            + [UInt8](repeating: v, count: chroma)
        return try #require(try pictures(bytes, format, width, height).first)
    }

    /// A nameless file at its beginning.
    static func scratch(_ bytes: [UInt8]) throws -> Int32 {
        var template = Array("/tmp/sluice-bench-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        try #require(file >= 0)
        unlink(template)
        try #require(write(file, bytes, bytes.count) == bytes.count)
        lseek(file, 0, SEEK_SET)
        return file
    }

    /// A pixel of a packed picture (rgb24, bgr24, bgra).
    static func pixel(_ frame: Frame, _ x: Int, _ y: Int, bytes: Int = 3) -> [UInt8] {
        frame.withPlanes { lent in
            let base = lent.planes[0].base + y * lent.planes[0].stride + x * bytes
            return Array(UnsafeBufferPointer(start: base, count: bytes))
        }
    }

    /// Largest difference of two pixels' parts.
    static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        zip(a, b).map { abs(Int($0) - Int($1)) }.max() ?? 255
    }

    static let stereo48 = AudioFormat(sampleRate: 48_000, channels: 2, sample: .float)

    /// Hz of one channel of interleaved sound, by its upward zero crossings.
    static func frequency(_ samples: [Float], channels: Int, rate: Double) -> Double {
        let one = stride(from: 0, to: samples.count, by: channels).map { samples[$0] }
        let crossings = (1..<one.count).filter { one[$0 - 1] < 0 && one[$0] >= 0 }
        guard let first = crossings.first, let last = crossings.last, last > first else { return 0 }
        return Double(crossings.count - 1) * rate / Double(last - first)
    }

    static func peak(_ samples: some Sequence<Float>) -> Float { samples.reduce(0) { max($0, abs($1)) } }

    /// Everything that a video encoder gives for `frames`, drained.
    static func encode(_ encoder: VideoEncoder, _ frames: [Frame], drain: Bool = true) throws -> [Packet] {
        var packets: [Packet] = []
        for frame in frames {
            try encoder.send(frame)
            while let packet = try encoder.receive() { packets.append(packet) }
        }
        if drain {
            try encoder.send(nil)
            while let packet = try encoder.receive() { packets.append(packet) }
        }
        return packets
    }

    static func encode(_ encoder: AudioEncoder, _ frames: [Frame], drain: Bool = true) throws -> [Packet] {
        var packets: [Packet] = []
        for frame in frames {
            try encoder.send(frame)
            while let packet = try encoder.receive() { packets.append(packet) }
        }
        if drain {
            try encoder.send(nil)
            while let packet = try encoder.receive() { packets.append(packet) }
        }
        return packets
    }

    static func decode(_ track: Track, _ packets: [Packet]) throws -> [Frame] {
        let decoder = try Decoder(track: track, lowDelay: true)
        var frames: [Frame] = []
        func collect() throws {
            while case .frame(let frame) = try decoder.receive() { frames.append(frame) }
        }
        for packet in packets {
            while try decoder.send(packet) == .full { try collect() }
            try collect()
        }
        _ = try decoder.send(nil)
        try collect()
        return frames
    }

    /// Resident bytes of this process.
    static func residentBytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, 128, file) != nil else { return 0 }
        let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            .split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4096 : 0
    }

    /// Runs `body` 200 times; memory after the first twenty must not grow by more than `limit`. Other tests
    /// run beside this one and may grow meanwhile, so two more rounds are granted: a leak grows in each.
    static func isFlat(limit: Int = 64 << 20, _ body: () throws -> Void) rethrows -> Bool {
        for _ in 0..<20 { try body() }
        for _ in 0..<3 {
            let before = residentBytes()
            for _ in 0..<180 { try body() }
            if residentBytes() - before < limit { return true }
        }
        return false
    }

    /// Output of a program, or nil when it failed.
    static func run(_ command: String) -> String? {
        guard let pipe = popen(command + " 2>/dev/null", "r") else { return nil }
        var out: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let got = fread(&block, 1, block.count, pipe)
            if got == 0 { break }
            out += block[..<got]
        }
        return pclose(pipe) == 0 ? String(decoding: out, as: UTF8.self) : nil
    }
}
