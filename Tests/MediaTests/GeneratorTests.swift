import Model
import Testing

@testable import Media

@Suite struct GeneratorTests {
    @Test func clockReadsAsItShould() {
        func text(_ nanoseconds: Int64) -> String {
            String(decoding: BitmapFont.clockText(nanosecondsSince1970: nanoseconds), as: UTF8.self)
        }
        #expect(text(0) == "00:00:00.000")
        #expect(text(86_399_999_000_000) == "23:59:59.999")
        #expect(text(1_795_205_677_042_999_999) == "20:14:37.042")
        #expect(text(-1_000_000) == "23:59:59.999")
    }

    @Test func timesAreExact() {
        #expect(TestPattern.time(of: 1, Rational(30_000, 1001)).nanoseconds == 33_366_667)
        #expect(TestPattern.time(of: 30_000, Rational(30_000, 1001)).nanoseconds == 1_001_000_000_000)
        #expect(TestPattern.time(of: 30 * 86_400 * 365, Rational(30, 1)).seconds == 86_400 * 365)
        #expect(TestPattern.time(of: 3, Rational(48_000, 1024)).nanoseconds == 64_000_000)
    }

    /// The digits can be read back from the picture, point by point.
    @Test(arguments: [(320, 180), (1280, 720), (720, 1280)])
    func clockIsBurntIn(_ width: Int, _ height: Int) throws {
        let pattern = try TestPattern(width: width, height: height, frameRate: Rational(30, 1))
        let frame = try pattern.frame(at: 5, wall: WallTime(nanoseconds: 45_296_789_000_000))
        let columns = 12 * 6 + 1
        let scale = max(1, min(width * 2 / 3 / columns, height / 4 / 9))
        let left = (width - columns * scale) / 2 & ~1
        let top = height / 8 & ~1
        var read = ""
        for position in 0..<12 {
            var rows: [UInt8] = []
            for row in 0..<7 {
                var bits: UInt8 = 0
                for column in 0..<5 {
                    let x = left + (1 + position * 6 + column) * scale
                    if Bench.pixel(frame, x, top + (1 + row) * scale, bytes: 1)[0] > 200 {
                        bits |= 0x10 >> UInt8(column)
                    }
                }
                rows.append(bits)
            }
            let match = "0123456789:.".utf8.first { BitmapFont.rows(of: $0) == rows }
            read += match.map { String(UnicodeScalar($0)) } ?? "?"
        }
        #expect(read == "12:34:56.789")
        #expect(frame.pts == MediaTime(nanoseconds: 166_666_667))
    }

    @Test func theBoxMoves() throws {
        let pattern = try TestPattern(width: 320, height: 180, frameRate: Rational(25, 1))
        func line(_ index: Int) throws -> [UInt8] {
            Bench.pixel(try pattern.frame(at: index, wall: WallTime(nanoseconds: 0)), 0, 103, bytes: 320)
        }
        let first = try line(0)
        #expect(try line(1) != first)
        #expect(try line(100) == first)
    }

    @Test func oddSizesAreEvenAndSillyOnesRefused() throws {
        #expect(try TestPattern(width: 321, height: 181, frameRate: Rational(30, 1)).width == 320)
        #expect(
            try TestPattern(width: 16, height: 16, frameRate: Rational(30, 1)).frame(at: 0, wall: .now()).height
                == 16)
        #expect(throws: SluiceError.self) { try TestPattern(width: 2, height: 2, frameRate: Rational(30, 1)) }
        #expect(throws: SluiceError.self) { try TestPattern(width: 320, height: 180, frameRate: Rational(0, 1)) }
    }

    @Test(arguments: [SampleKind.float, .floatPlanar, .int16, .int16Planar])
    func toneHasItsPitchAndLevel(_ kind: SampleKind) throws {
        let tone = try Tone(format: AudioFormat(sampleRate: 48_000, channels: 2, sample: kind))
        let resampler = try Resampler(output: Bench.stereo48)
        var samples: [Float] = []
        for index in 1_000_000..<1_000_047 { samples += try resampler.floats(tone.frame(at: index)) }
        #expect(abs(Bench.frequency(samples, channels: 2, rate: 48_000) - 440) < 0.3)
        #expect(abs(Bench.peak(samples) - 0.12589) < 0.0002)
        // A seam would be a step larger than the sine's steepest.
        let left = stride(from: 0, to: samples.count, by: 2).map { samples[$0] }
        let steepest = zip(left, left.dropFirst()).map { abs($1 - $0) }.max() ?? 1
        #expect(steepest < 0.12589 * 2 * .pi * 440 / 48_000 * 1.01)
    }

    @Test func blocksFollowEachOtherExactly() throws {
        let tone = try Tone(format: AudioFormat(sampleRate: 44_100, channels: 2, sample: .int16))
        let blocks = try (0..<50).map { try tone.frame(at: $0) }
        for (one, next) in zip(blocks, blocks.dropFirst()) {
            #expect(one.pts.map { $0 + (one.duration ?? .zero) } == next.pts)
        }
    }

    @Test func silenceIsSilent() throws {
        let resampler = try Resampler(output: Bench.stereo48)
        #expect(try Bench.peak(resampler.floats(Silence().frame(at: 0))) == 0)
        #expect(try Silence().frame(at: 3).pts == MediaTime(milliseconds: 64))
    }

    @Test func aThousandPicturesReuseTheirMemory() throws {
        let pattern = try TestPattern(width: 1280, height: 720, frameRate: Rational(30, 1))
        var index = 0
        let isFlat = try Bench.isFlat {
            _ = try pattern.frame(at: index, wall: .now())
            index += 1
        }
        #expect(isFlat)
    }
}
