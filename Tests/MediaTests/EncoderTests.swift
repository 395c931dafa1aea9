import Media
import Model
import TestSupport
import Testing
import Wire

@Suite struct EncoderVideoTests {
    private static let rate = Rational(30, 1)

    private func pictures(_ count: Int, _ width: Int = 320, _ height: Int = 180) throws -> [Frame] {
        let pattern = try TestPattern(width: width, height: height, frameRate: Self.rate)
        return try (0..<count).map {
            try pattern.frame(at: $0, wall: WallTime(nanoseconds: Int64($0) * 33_333_333))
        }
    }

    /// Pictures that no rate control can please.
    private func noise(_ count: Int) throws -> [Frame] {
        let graph = try FilterGraph(.video, "noise=alls=80:allf=t")
        var out: [Frame] = []
        for frame in try pictures(count) {
            try graph.push(frame)
            while let frame = try graph.pull() { out.append(frame) }
        }
        return out
    }

    private func settings(_ codec: Codec = .h264, gop: Int? = 30) -> VideoEncoder.Settings {
        var settings = VideoEncoder.Settings(width: 320, height: 180, frameRate: Self.rate)
        settings.codec = codec
        settings.gopFrames = gop
        return settings
    }

    @Test(arguments: [Codec.h264, .hevc])
    func everyPictureComesBackAtItsTime(_ codec: Codec) throws {
        let frames = try pictures(codec == .hevc ? 35 : 75)
        let encoder = try VideoEncoder(settings(codec), like: frames.first, trackID: 7)
        let packets = try Bench.encode(encoder, frames)
        #expect(packets.map(\.pts) == frames.map(\.pts))
        #expect(packets.allSatisfy { $0.pts == $0.dts && $0.track == 7 && $0.kind == .video })
        #expect(
            packets.indices.filter { packets[$0].isKeyframe } == Array(stride(from: 0, to: frames.count, by: 30)))
        #expect(encoder.track.configuration.first == 1)
        #expect(encoder.track.codec == codec)
        #expect(encoder.track.video?.width == 320)
        #expect(encoder.track.video?.frameRate == Self.rate)
        #expect(encoder.track.video?.profile != nil)
        #expect(encoder.track.video?.reorderDepth == 0)
        let decoded = try Bench.decode(encoder.track, packets)
        #expect(decoded.map(\.pts) == frames.map(\.pts))
        #expect(decoded.first?.matrix == .bt601)
        #expect(decoded.first.map { $0.width == 320 && $0.height == 180 } == true)
    }

    @Test(arguments: [Codec.h264, .hevc])
    func noPictureIsHeldBack(_ codec: Codec) throws {
        let encoder = try VideoEncoder(settings(codec))
        for frame in try pictures(10) {
            try encoder.send(frame)
            #expect(try encoder.receive()?.pts == frame.pts)
        }
    }

    /// Length-prefixed units fill the packet exactly, and none of them is a start code in disguise.
    @Test func packetsAreLengthPrefixed() throws {
        let encoder = try VideoEncoder(settings())
        for packet in try Bench.encode(encoder, pictures(3)) {
            var position = 0
            while position + 4 <= packet.data.count {
                let length = packet.data[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
                #expect(length > 0)
                position += 4 + length
            }
            #expect(position == packet.data.count)
        }
        var plain = settings()
        plain.globalHeader = false
        let annexB = try VideoEncoder(plain)
        let packets = try Bench.encode(annexB, pictures(3))
        #expect(annexB.track.configuration.isEmpty)
        #expect(packets.first?.data.starts(with: [0, 0, 0, 1]) == true)
        #expect(try Bench.decode(annexB.track, packets).count == 3)
    }

    /// What other programs read from the stream alone.
    @Test func theStreamAnnouncesRateAndColours() throws {
        let directory = try TempDirectory("encoder")
        let pattern = try TestPattern(width: 1280, height: 720, frameRate: Rational(30_000, 1001))
        let frames = try (0..<5).map { try pattern.frame(at: $0, wall: .now()) }
        var plain = VideoEncoder.Settings(width: 1280, height: 720, frameRate: Rational(30_000, 1001))
        plain.globalHeader = false
        let packets = try Bench.encode(try VideoEncoder(plain, like: frames[0]), frames)
        let path = try directory.write(packets.flatMap(\.data), to: "a.h264")
        let fields = "profile,has_b_frames,color_range,color_space,color_transfer,color_primaries,r_frame_rate"
        #expect(
            Bench.run("ffprobe -v error -show_entries stream=\(fields) -of default=nw=1 \(path)")?
                .split(separator: "\n").sorted() == [
                    "color_primaries=bt709", "color_range=tv", "color_space=bt709", "color_transfer=bt709",
                    "has_b_frames=0", "profile=High", "r_frame_rate=30000/1001",
                ])
    }

    @Test func aKeyframeComesWhenAsked() throws {
        let encoder = try VideoEncoder(settings(gop: 300))
        var keyframes: [Int] = []
        for (index, frame) in try pictures(20).enumerated() {
            if index == 11 { encoder.forceKeyframe() }
            try encoder.send(frame)
            while let packet = try encoder.receive() { if packet.isKeyframe { keyframes.append(index) } }
        }
        #expect(keyframes == [0, 11])
    }

    @Test func decodedKeyframesDoNotForceOthers() throws {
        let first = try VideoEncoder(settings(gop: 1))
        let decoded = try Bench.decode(first.track, Bench.encode(first, pictures(20)))
        let packets = try Bench.encode(try VideoEncoder(settings(gop: 300)), decoded)
        #expect(packets.map(\.isKeyframe) == [true] + [Bool](repeating: false, count: 19))
    }

    /// In no stretch of time are more bits sent than rate × time + the buffer.
    @Test func theRateLimitIsHonoured() throws {
        var limited = settings()
        limited.bitRate = 600_000
        let packets = try Bench.encode(try VideoEncoder(limited), noise(120))
        var worst = 0.0
        for start in packets.indices {
            var bits = 0
            for end in start..<packets.count {
                bits += packets[end].data.count * 8
                let allowed = 600_000 * (Double(end - start + 1) / 30 + 0.5)
                worst = max(worst, Double(bits) / allowed)
            }
        }
        #expect(worst < 1.1, "\(worst)")
        #expect(worst > 0.5, "\(worst)")
    }

    @Test func theRateFollowsInMidStream() throws {
        var limited = settings()
        limited.bitRate = 1_000_000
        let encoder = try VideoEncoder(limited)
        let frames = try noise(180)
        let before = try Bench.encode(encoder, Array(frames[..<90]), drain: false)
        #expect(encoder.setBitRate(250_000))
        let after = try Bench.encode(encoder, Array(frames[90...]))
        func rate(_ packets: ArraySlice<Packet>) -> Double {
            Double(packets.reduce(0) { $0 + $1.data.count } * 8) * 30 / Double(packets.count)
        }
        #expect(abs(rate(before[30...]) - 1_000_000) < 200_000, "\(rate(before[30...]))")
        #expect(abs(rate(after[30...]) - 250_000) < 60_000, "\(rate(after[30...]))")
        let hevc = try VideoEncoder(settings(.hevc))
        #expect(!hevc.setBitRate(300_000))
    }

    @Test func oddSizesAndOtherFormatsAreFitted() throws {
        var odd = VideoEncoder.Settings(width: 321, height: 181, frameRate: Self.rate)
        odd.bitRate = 500_000
        let frame = try Scaler(width: 333, height: 211, pixelFormat: "bgr24").scale(pictures(1)[0])
        let encoder = try VideoEncoder(odd, like: frame)
        let decoded = try Bench.decode(encoder.track, Bench.encode(encoder, [frame]))
        #expect(decoded.first.map { $0.width == 320 && $0.height == 180 && !$0.isFullRange } == true)
    }

    @Test func theShapeOfPixelsIsAnnounced() throws {
        let anamorphic = try Scaler(width: 240, height: 180).scale(pictures(1)[0])
        var narrow = settings()
        narrow.width = 240
        let encoder = try VideoEncoder(narrow, like: anamorphic)
        #expect(encoder.track.video?.sampleAspect == Rational(4, 3))
        let decoded = try Bench.decode(encoder.track, Bench.encode(encoder, [anamorphic]))
        #expect(decoded.first?.sampleAspect == Rational(4, 3))
    }

    @Test func timesThatDoNotIncreaseAreMoved() throws {
        let frame = try pictures(1)[0]
        let encoder = try VideoEncoder(settings())
        let times: [MediaTime?] = [.zero, .zero, nil, MediaTime(milliseconds: 20), MediaTime(milliseconds: 500)]
        let packets = try Bench.encode(encoder, times.map { try frame.retimed(pts: $0, duration: nil) })
        let pts = packets.compactMap(\.pts)
        #expect(pts.count == 5)
        #expect(zip(pts, pts.dropFirst()).allSatisfy { $0 < $1 })
        #expect(pts.last == MediaTime(milliseconds: 500))
        #expect(encoder.adjustedTimestamps == 2)
    }

    @Test func timesBeforeZeroAndFarAheadAreKept() throws {
        let frame = try pictures(1)[0]
        let times = [-1_000_000_001, 0, 40_000_001, 86_400_000_000_003, 31_536_000_000_000_007].map {
            MediaTime(nanoseconds: $0)
        }
        let encoder = try VideoEncoder(settings())
        let packets = try Bench.encode(encoder, times.map { try frame.retimed(pts: $0, duration: nil) })
        #expect(packets.map(\.pts) == times)
        #expect(packets.map(\.dts) == times)
    }

    /// A mark that the source carries survives decoding and encoding, when that is wanted.
    @Test(arguments: [Codec.h264, .hevc], [true, false])
    func marksAreCarried(_ codec: Codec, _ isKept: Bool) throws {
        let mark = PrecisionTimeStamp(time: WallTime(nanoseconds: 1_795_205_677_042_123_000))
        let source = try VideoEncoder(settings())
        let marked = try Bench.encode(source, pictures(5)).map { packet in
            var copy = packet
            copy.data = mark.inserted(into: NALUnits(packet.data, .lengthPrefixed(4)), .h264) ?? []
            return copy
        }
        let frames = try Bench.decode(source.track, marked)
        #expect(frames.count == 5)
        #expect(frames.allSatisfy { !$0.userDataSEI.isEmpty })
        var keeping = settings(codec)
        keeping.keepsMarks = isKept
        let encoder = try VideoEncoder(keeping)
        let again = try Bench.decode(encoder.track, Bench.encode(encoder, frames))
        #expect(again.count == 5)
        for frame in again {
            let found = frame.userDataSEI.compactMap { PrecisionTimeStamp(userData: $0) }
            #expect(found == (isKept ? [mark] : []))
        }
    }

    @Test func aProfileIsTaken() throws {
        var baseline = settings()
        baseline.profile = "baseline"
        let encoder = try VideoEncoder(baseline)
        #expect(encoder.track.configuration[1] == 66)
        #expect(encoder.track.video?.profile == "Constrained Baseline")
    }

    @Test func wrongNamesAreToldWithTheRightOnes() {
        for change: (inout VideoEncoder.Settings) -> Void in [
            { $0.preset = "fastest" }, { $0.tune = "speed" }, { $0.profile = "best" }, { $0.pixelFormat = "yuv1" },
            { $0.codec = .vp8 },
        ] {
            var wrong = settings()
            change(&wrong)
            let error = #expect(throws: SluiceError.self) { try VideoEncoder(wrong) }
            #expect(error?.reason == .usage)
            #expect(error?.hint?.contains("use ") == true)
        }
        var refused = settings()
        refused.profile = "baseline"
        refused.pixelFormat = "yuv444p"
        #expect(#expect(throws: SluiceError.self) { try VideoEncoder(refused) }?.reason == .usage)
    }

    @Test func defaultRatesGoBySizeAndRate() {
        func rate(_ width: Int, _ height: Int, _ fps: Double) -> Int {
            VideoEncoder.defaultBitRate(width: width, height: height, framesPerSecond: fps)
        }
        #expect(rate(640, 360, 30) == 800_000)
        #expect(rate(1280, 720, 30) == 2_500_000)
        #expect(rate(1920, 1080, 30) == 4_500_000)
        #expect(rate(1920, 1080, 60) == 6_000_000)
        #expect(rate(1, 1, 0) >= 100_000)
        let sizes = stride(from: 64, to: 4000, by: 16).map { rate($0, $0 * 9 / 16, 30) }
        #expect(zip(sizes, sizes.dropFirst()).allSatisfy { $0 <= $1 })
        let rates = stride(from: 1.0, to: 130, by: 1).map { rate(1280, 720, $0) }
        #expect(zip(rates, rates.dropFirst()).allSatisfy { $0 <= $1 })
    }

    @Test(arguments: [Codec.h264, .hevc])
    func twoHundredEncodersLeaveNothing(_ codec: Codec) throws {
        let frames = try pictures(2)
        let isFlat = try Bench.isFlat {
            let encoder = try VideoEncoder(settings(codec))
            for frame in frames { try encoder.send(frame) }
        }
        #expect(isFlat)
    }
}
