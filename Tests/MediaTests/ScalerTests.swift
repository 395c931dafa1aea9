import Media
import Model
import Testing

@Suite struct ScalerTests {
    @Test func nothingToDoReturnsTheSameObject() throws {
        let frame = try Bench.plain(64, 48, y: 100, u: 128, v: 128)
        #expect(try Scaler().scale(frame) === frame)
        #expect(try Scaler(width: 64, height: 48, pixelFormat: "yuv420p").scale(frame) === frame)
    }

    /// The same three numbers are another colour in SD and in HD.
    @Test(arguments: [(64, 48, false), (1280, 720, true)])
    func matrixGoesBySize(_ width: Int, _ height: Int, _ isHD: Bool) throws {
        // Pure red by each matrix, limited range.
        let frame =
            isHD
            ? try Bench.plain(width, height, y: 63, u: 102, v: 240)
            : try Bench.plain(width, height, y: 81, u: 90, v: 240)
        let rgb = try Scaler(pixelFormat: "rgb24").scale(frame)
        #expect(Bench.distance(Bench.pixel(rgb, width / 2, height / 2), [255, 0, 0]) <= 3)
        // And back: the numbers must return.
        let back = try Scaler(pixelFormat: "yuv420p").scale(rgb)
        let luma = Bench.pixel(back, width / 2, height / 2, bytes: 1)
        #expect(Bench.distance(luma, [isHD ? 63 : 81]) <= 3)
        #expect(back.matrix == (isHD ? .bt709 : .bt601))
        #expect(!back.isFullRange)
    }

    @Test(arguments: [("yuv420p", 255), ("yuvj420p", 235)])
    func rangeIsHonoured(_ format: String, _ white: Int) throws {
        let frame = try Bench.plain(64, 48, y: 235, u: 128, v: 128, format: format)
        let rgb = try Scaler(pixelFormat: "bgra").scale(frame)
        let expected = [UInt8](repeating: UInt8(white), count: 3)
        #expect(Bench.distance(Array(Bench.pixel(rgb, 20, 20, bytes: 4).prefix(3)), expected) <= 2)
    }

    @Test func fullRangeInputKeepsItsRangeWhenOnlyScaled() throws {
        let frame = try Bench.plain(64, 48, y: 250, u: 128, v: 128, format: "yuvj420p")
        let small = try Scaler(width: 32, height: 24, pixelFormat: "yuv420p").scale(frame)
        #expect(small.isFullRange)
        #expect(Bench.distance(Bench.pixel(small, 10, 10, bytes: 1), [250]) <= 1)
    }

    @Test func barsHaveTheirColours() throws {
        for (width, height) in [(640, 360), (1280, 720)] {
            let pattern = try TestPattern(width: width, height: height, frameRate: Rational(30, 1))
            let rgb = try Scaler(pixelFormat: "rgb24").scale(pattern.frame(at: 0, wall: WallTime(nanoseconds: 0)))
            let bars: [[UInt8]] = [
                [191, 191, 191], [191, 191, 0], [0, 191, 191], [0, 191, 0], [191, 0, 191], [191, 0, 0],
                [0, 0, 191],
            ]
            for (index, colour) in bars.enumerated() {
                let x = width * (2 * index + 1) / 14
                #expect(Bench.distance(Bench.pixel(rgb, x, height / 20), colour) <= 3, "bar \(index) of \(width)")
            }
        }
    }

    /// A picture without a tag is taken for what its size says, also after it is made smaller.
    @Test func theGuessedMatrixSurvivesScaling() throws {
        let frame = try Bench.plain(1280, 720, y: 63, u: 102, v: 240)
        let graph = try FilterGraph(.video, "scale=320:180")
        try graph.push(frame)
        for small in [try Scaler(width: 320, height: 180).scale(frame), try #require(try graph.pull())] {
            #expect(small.matrix == .bt709)
            let rgb = try Scaler(pixelFormat: "rgb24").scale(small)
            #expect(Bench.distance(Bench.pixel(rgb, 100, 100), [255, 0, 0]) <= 4)
        }
    }

    @Test func proportionsAreKeptByThePixelShape() throws {
        let frame = try Bench.plain(640, 480, y: 100, u: 128, v: 128)
        let wide = try Scaler(width: 640, height: 360).scale(frame)
        #expect(wide.sampleAspect == Rational(3, 4))
        let same = try Scaler(width: 320, height: 240).scale(frame)
        #expect(same.sampleAspect == nil)
        let again = try Scaler(width: 640, height: 480).scale(wide)
        #expect(again.sampleAspect == nil)
    }

    @Test func oneSideFollowsTheOther() throws {
        let frame = try Bench.plain(1280, 720, y: 100, u: 128, v: 128)
        let byWidth = try Scaler(width: 640).scale(frame)
        #expect(byWidth.width == 640 && byWidth.height == 360)
        let byHeight = try Scaler(height: 480).scale(frame)
        #expect(byHeight.width == 854 && byHeight.height == 480)
    }

    @Test func inputMayChangeAtAnyFrame() throws {
        let scaler = try Scaler(width: 100, height: 60, pixelFormat: "bgr24")
        var timed: [MediaTime?] = []
        for (width, height, format) in [(64, 48, "yuv420p"), (65, 49, "yuv420p"), (64, 48, "yuvj420p")] {
            let frame = try Bench.plain(width, height, y: 128, u: 128, v: 128, format: format)
            let out = try scaler.scale(
                frame.retimed(pts: MediaTime(milliseconds: Int64(width)), duration: nil, epoch: 3))
            #expect(out.width == 100 && out.height == 60 && out.pixelFormat == "bgr24")
            #expect(out.epoch == 3)
            timed.append(out.pts)
        }
        #expect(timed == [64, 65, 64].map { MediaTime(milliseconds: $0) })
    }

    @Test func whatCannotBeMadeIsToldWithWhatCan() {
        let unknown = #expect(throws: SluiceError.self) { try Scaler(pixelFormat: "yuv999") }
        #expect(unknown?.reason == .usage)
        #expect(unknown?.hint?.contains("bgr24") == true)
        #expect(throws: SluiceError.self) { try Scaler(pixelFormat: "vaapi") }
        #expect(throws: SluiceError.self) { try Scaler(width: 0) }
    }

    @Test func twoHundredScalersLeaveNothing() throws {
        let frame = try Bench.plain(640, 360, y: 100, u: 128, v: 128)
        let isFlat = try Bench.isFlat {
            _ = try Scaler(width: 1280, height: 720, pixelFormat: "bgra").scale(frame)
        }
        #expect(isFlat)
    }
}
