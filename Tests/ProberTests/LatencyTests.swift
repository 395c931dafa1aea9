// Delay from capture to arrival: marks, dates of playlists, the excess; and clocks that are not ours.
import Intake
import Model
import Testing
import Wire

@testable import Prober

@Suite struct LatencyTests {
    /// Every picture says that it was captured this long before it arrives.
    private func marked(
        _ delay: @escaping (Packet) -> Span, where isMarked: @escaping (Packet) -> Bool = { _ in true }
    )
        -> MadeStream
    {
        MadeStream(seconds: 8) { packet in
            guard packet.kind == .video, isMarked(packet) else { return packet }
            let wall = WallTime(nanoseconds: packet.arrival.nanoseconds + MadeStream.toWall.nanoseconds)
            let mark = PrecisionTimeStamp(time: wall - delay(packet))
            var copy = packet
            copy.data = mark.inserted(into: NALUnits(packet.data, .lengthPrefixed(4)), .h264) ?? packet.data
            return copy
        }
    }

    private func latency(
        _ stream: MadeStream, _ change: (inout ProbeSettings) -> Void = { _ in }
    ) throws -> LatencyValues? {
        let settings = try MadeStream.settings {
            $0.measuresLatency = true
            change(&$0)
        }
        return Measurements(
            stream.observed(), settings: settings, began: MadeStream.start, now: MadeStream.start
        ).latency
    }

    @Test func marks() throws {
        let found = try #require(
            try latency(marked { .milliseconds(Int(($0.second * 25).rounded()) % 10 == 0 ? 90 : 40) }))
        #expect(found.method == .sei && found.marks == .precisionTimeStamp)
        #expect(found.p50 == .milliseconds(40) && found.p95 == .milliseconds(90))
        #expect(found.samples == 200)
        #expect(found.error == .milliseconds(1) && found.clock == .sameHost)
        #expect(try marked { _ in .milliseconds(40) }.findings { $0.measuresLatency = true }.isEmpty)
    }

    @Test func marksOfOurOwnPush_areLoopback() throws {
        let found = try #require(try latency(marked { _ in .milliseconds(40) }) { $0.isLoopback = true })
        #expect(found.method == .loopback && found.clock == .sameProcess)
    }

    @Test func marksFromElsewhere_haveNoErrorBound() throws {
        let far = try ProbeSettings(source: MediaAddress("rtmp://example.com/live/a"))
        let stream = marked { _ in .milliseconds(40) }
        let found = try #require(try latency(stream) { $0.source = far.source })
        #expect(found.error == nil && found.clock == .unknown)
        let findings = try stream.findings {
            $0.source = far.source
            $0.measuresLatency = true
        }
        #expect(findings["clock_unknown"]?.severity == .info)
    }

    @Test func marksFromTheFuture_areOfAnotherClock() throws {
        let findings = try marked { _ in .seconds(-5) }.findings { $0.measuresLatency = true }
        #expect(findings["foreign_clock"]?.severity == .warn)
        #expect(findings["foreign_clock"]?.number("p50_ms") == -5000)
        let old = try marked { _ in .seconds(86400) }.findings { $0.measuresLatency = true }
        #expect(old["foreign_clock"] != nil)
        #expect(try marked { _ in .seconds(3) }.findings { $0.measuresLatency = true }.isEmpty)
    }

    @Test func theBacklog_isNotLatency() throws {
        // Four seconds of cache: captured up to four seconds before they arrive.
        let stream = MadeStream(seconds: 10) { packet in
            var copy = packet
            if packet.second < 4 {
                copy = packet.moved(arrival: .seconds(3.75 - packet.second + packet.second / 16))
            }
            guard packet.kind == .video else { return copy }
            let captured = WallTime(
                nanoseconds: packet.arrival.nanoseconds + MadeStream.toWall.nanoseconds - 40_000_000)
            copy.data =
                PrecisionTimeStamp(time: captured).inserted(into: NALUnits(packet.data, .lengthPrefixed(4)), .h264)
                ?? packet.data
            return copy
        }
        let found = try #require(try latency(stream))
        #expect(found.p99 <= .milliseconds(65))
        #expect(found.p50 == .milliseconds(40))
    }

    @Test func onlyWhenAskedFor() throws {
        let stream = marked { _ in .milliseconds(40) }
        #expect(try stream.report().event["latency_ms"] == .null)
        let expected = try stream.report {
            $0.expectations = [Expectation(field: "latency", relation: .atMost, value: "1s")]
        }
        #expect(expected.latencyP50 == .milliseconds(40))
    }

    @Test func withoutStamps_theExcess() throws {
        let stream = MadeStream(seconds: 8) { $0.second < 1 ? $0 : $0.moved(arrival: .milliseconds(400)) }
        let found = try #require(try latency(stream))
        #expect(found.method == .excess && found.error == nil && found.clock == nil)
        #expect((found.p50.milliseconds - 400).magnitude <= 25)
        #expect(try stream.findings { $0.measuresLatency = true }["latency_relative"]?.severity == .info)
    }

    @Test func programDates() throws {
        let hls = SourceDescription(transport: "hls", isLive: true, isSegmented: true)
        // Segments of two seconds, each there half a second after its end; the first two at once.
        var stream = MadeStream(seconds: 12, description: hls) {
            let end = ($0.second / 2).rounded(.down) * 2 + 2
            return $0.moved(arrival: .seconds(max(end, 4) + 0.5 - $0.second))
        }
        let wall = WallTime(nanoseconds: (MadeStream.start.nanoseconds + MadeStream.toWall.nanoseconds))
        stream.insert(.fact(.programDate(media: .zero, wall: wall)))
        let found = try #require(try latency(stream))
        #expect(found.method == .programDate)
        // The pictures of a segment waited between half a second and two and a half for its end.
        #expect((found.p50.milliseconds - 1500).magnitude < 200, "\(found)")
        let after = try stream.findings { $0.measuresLatency = true }
        #expect(after.isEmpty, "\(after)")
    }

    @Test func segmentsWithoutDates_haveAnExcess() throws {
        let hls = SourceDescription(transport: "hls", isLive: true, isSegmented: true)
        // Segments of a second; each third comes 300 ms late.
        let stream = MadeStream(seconds: 12, description: hls) {
            let index = $0.second.rounded(.down)
            let late = index.truncatingRemainder(dividingBy: 3) == 2 ? 0.3 : 0
            return $0.moved(arrival: .seconds(index + 1 + late - $0.second))
        }
        let found = try #require(try latency(stream))
        #expect(found.method == .excess && found.samples >= 8)
        #expect(found.p50 < .milliseconds(25) && (found.p95.milliseconds - 300).magnitude < 25, "\(found)")
    }

    @Test func whatCannotBeTold_isSaid() throws {
        let file = SourceDescription(transport: "file", isLive: false)
        let findings = try MadeStream(description: file).findings { $0.measuresLatency = true }
        #expect(findings.codes == ["latency_unknown"])
    }

    @Test func programDatesMoveOnWithTheStream() {
        var dates = ProgramDates()
        #expect(dates.wall(at: .zero) == nil)
        dates.add(media: MediaTime(seconds: 10), wall: WallTime(seconds: 1000))
        dates.add(media: MediaTime(seconds: 20), wall: WallTime(seconds: 1012))
        #expect(dates.wall(at: MediaTime(seconds: 15))?.seconds == 1005)
        #expect(dates.wall(at: MediaTime(seconds: 21))?.seconds == 1013)
        #expect(dates.wall(at: MediaTime(seconds: 9.9))?.seconds == 999.9)
        dates.forget()
        #expect(dates.wall(at: MediaTime(seconds: 21)) == nil)
    }
}
