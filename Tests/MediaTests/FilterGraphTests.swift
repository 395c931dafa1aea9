import Model
import Testing

@testable import Media

@Suite struct FilterGraphTests {
    private func run(_ graph: FilterGraph, _ frames: [Frame]) throws -> [Frame] {
        var out: [Frame] = []
        for frame in frames {
            try graph.push(frame)
            while let frame = try graph.pull() { out.append(frame) }
        }
        try graph.push(nil)
        while let frame = try graph.pull() { out.append(frame) }
        return out
    }

    private func pictures(_ count: Int, _ width: Int = 320, _ height: Int = 180, from: Int = 0) throws -> [Frame] {
        let pattern = try TestPattern(width: width, height: height, frameRate: Rational(30, 1))
        return try (from..<from + count).map { try pattern.frame(at: $0, wall: WallTime(nanoseconds: 0)) }
    }

    @Test func halfTheFrames() throws {
        let graph = try FilterGraph(.video, "fps=15", frameRate: Rational(30, 1))
        let out = try run(graph, pictures(60))
        #expect(out.count == 30)
        for (index, frame) in out.enumerated() {
            #expect(frame.pts == TestPattern.time(of: index, Rational(15, 1)))
            #expect(frame.duration == Span(nanoseconds: 66_666_667))
        }
    }

    @Test func cropAndScale() throws {
        let out = try run(try FilterGraph(.video, "crop=160:90:10:20,scale=80:46"), pictures(3))
        #expect(out.count == 3)
        #expect(out.allSatisfy { $0.width == 80 && $0.height == 46 })
        #expect(out.map(\.pts) == (try pictures(3)).map(\.pts))
    }

    @Test func anEmptyTextChangesNothing() throws {
        let frames = try pictures(2)
        #expect(try run(FilterGraph(.video, " "), frames).map(\.pts) == frames.map(\.pts))
        let sound = try Tone().frame(at: 0)
        #expect(try run(FilterGraph(.audio, ""), [sound]).first?.sampleCount == 1024)
    }

    @Test func theInputMayChange() throws {
        let graph = try FilterGraph(.video, "scale=64:36,format=rgb24")
        let frames = try pictures(4) + pictures(4, 640, 360, from: 4)
        let out = try run(graph, frames)
        #expect(out.map(\.pts) == frames.map(\.pts))
        #expect(out.allSatisfy { $0.width == 64 && $0.pixelFormat == "rgb24" })
    }

    /// What a filter holds back is not lost when the input changes.
    @Test func heldFramesComeOutBeforeAChange() throws {
        let graph = try FilterGraph(.video, "tinterlace=merge")
        let out = try run(graph, pictures(4) + pictures(4, 640, 360, from: 4))
        #expect(out.count == 4)
        #expect(out.map(\.height) == [360, 360, 720, 720])
    }

    @Test func aNewEpochThrowsAwayTheOldOne() throws {
        let graph = try FilterGraph(.audio, "asetnsamples=n=4096")
        let tone = try Tone()
        try graph.push(tone.frame(at: 0))
        let frame = try tone.frame(at: 10)
        let out = try run(graph, [frame.retimed(pts: frame.pts, duration: nil, epoch: 1)])
        #expect(out.map(\.pts) == [frame.pts])
        #expect(out.first?.epoch == 1)
    }

    @Test func soundIsFiltered() throws {
        let graph = try FilterGraph(.audio, "atempo=2,aformat=sample_rates=44100")
        let tone = try Tone()
        let out = try run(graph, try (0..<94).map { try tone.frame(at: $0) })
        let count = out.reduce(0) { $0 + $1.sampleCount }
        #expect(abs(count - 44_100) < 2500, "\(count)")
        #expect(out.allSatisfy { $0.sampleRate == 44_100 && $0.kind == .audio })
    }

    @Test(arguments: [
        ("fsp=30", "\"fsp\""), ("scale=64:36,,nothing", "nothing"), ("scale=nonsense=1", ""),
        ("split[a][b]", "one input and one output"), ("color=red", "one input and one output"), ("scale=[", ""),
    ])
    func badTextsAreToldAtOnce(_ text: String, _ part: String) {
        let error = #expect(throws: SluiceError.self) { try FilterGraph(.video, text) }
        #expect(error?.reason == .usage)
        #expect(error?.what.contains(text) == true)
        #expect(part.isEmpty || error?.why.contains(part) == true, "\(error?.why ?? "")")
    }

    @Test(arguments: ["crop=4000:4000", "fps=abc"])
    func whatDoesNotFitTheInputIsToldThen(_ text: String) throws {
        let graph = try FilterGraph(.video, text)
        let error = #expect(throws: SluiceError.self) { try graph.push(pictures(1)[0]) }
        #expect(error?.reason == .usage)
        // And the graph is usable for what fits.
        #expect(try graph.pull() == nil)
    }

    @Test func namesAreFound() {
        let text = "[in]scale=w='min(1,2)':h=3,drawtext=text='a,b;c'@x;[a] fps@name=30 [out]"
        #expect(FilterDescription.names(in: text) == ["scale", "drawtext", "fps"])
    }

    @Test func twoHundredGraphsLeaveNothing() throws {
        let frames = try pictures(2)
        let isFlat = try Bench.isFlat { _ = try run(FilterGraph(.video, "scale=640:360"), frames) }
        #expect(isFlat)
    }
}
