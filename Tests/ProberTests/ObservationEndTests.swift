// When it is enough: never later than what is still to come can be expected.
import Intake
import Model
import Testing

@testable import Prober

@Suite struct ObservationEndTests {
    private let quick = ObservationEnd(duration: nil, follows: false)

    /// When the probe of a stream is over, in seconds after its first packet; nil: not before the stream is.
    private func end(_ end: ObservationEnd, _ stream: MadeStream) -> Double? {
        var observation = StreamObservation()
        var now = MadeStream.start
        for event in stream.events {
            if case .packet(let packet) = event {
                // Deadlines that pass before this packet comes.
                if case .wait(let moment?) = end.step(observation, now: now), moment <= packet.arrival {
                    now = moment
                    if end.step(observation, now: now) == .done { return (now - MadeStream.start).seconds }
                }
                now = packet.arrival
            }
            observation.take(event, now: now, toWall: .zero)
            if end.step(observation, now: now) == .done { return (now - MadeStream.start).seconds }
        }
        return nil
    }

    private func claims(video: Bool?, audio: Bool?) -> SourceEvent {
        var claims = StreamClaims()
        claims.hasVideo = video
        claims.hasAudio = audio
        return .fact(.claims(claims))
    }

    @Test func atTheFirstKeyframe() {
        #expect(end(quick, MadeStream()) == 0)
        let late = MadeStream {
            var packet = $0
            if packet.kind == .video, packet.second < 1.5 { packet.isKeyframe = false }
            return packet
        }
        #expect(end(quick, late) == 2)
    }

    @Test func aLonePicture_isNotLetWaitForSound() {
        #expect(end(quick, MadeStream(audio: false)) == 0.15)
        var told = MadeStream(audio: false)
        told.insert(claims(video: true, audio: false))
        #expect(end(quick, told) == 0)
        var flagged = MadeStream(audio: false)
        flagged.insert(.fact(.headerFlags(hasAudio: false, hasVideo: true)))
        #expect(end(quick, flagged) == 0)
        // Promised, and not there with the key frame: the report is not held up for it.
        var promised = MadeStream(audio: false)
        promised.insert(claims(video: true, audio: true))
        #expect(end(quick, promised) == 0.15)
    }

    @Test func loneSound() {
        #expect(end(quick, MadeStream(video: false)) == 1)
        var told = MadeStream(video: false)
        told.insert(claims(video: false, audio: true))
        #expect(end(quick, told) == 0)
        // A server may hold the picture back for a whole GOP.
        var promised = MadeStream(seconds: 14, video: false)
        promised.insert(claims(video: true, audio: true))
        #expect(end(quick, promised) == 10)
        // Metadata that name sound alone; flags that some servers always set are not believed for long.
        var named = MadeStream(video: false)
        named.insert(claims(video: nil, audio: true))
        #expect(end(quick, named) == 0)
        named.insert(.fact(.headerFlags(hasAudio: true, hasVideo: true)))
        #expect(end(quick, named) == 1)
    }

    @Test func picturesWithoutKeyframes_haveALimit() {
        let stream = MadeStream(seconds: 15) {
            var packet = $0
            packet.isKeyframe = packet.kind == .audio
            return packet
        }
        #expect(end(quick, stream) == 10)
    }

    @Test func aDuration() {
        #expect(end(ObservationEnd(duration: .seconds(3), follows: false), MadeStream()) == 3)
        #expect(end(ObservationEnd(duration: .seconds(3), follows: true), MadeStream()) == 3)
        #expect(end(ObservationEnd(duration: .seconds(30), follows: false), MadeStream()) == nil)
        #expect(end(ObservationEnd(duration: nil, follows: true), MadeStream()) == nil)
    }

    @Test func ofFiles_theirOwnTimeCounts() {
        let file = SourceDescription(transport: "file", isLive: false)
        let stream = MadeStream(description: file) { $0.moved(arrival: .seconds(-$0.second * 0.99)) }
        let took = end(ObservationEnd(duration: .seconds(3), follows: false), stream)
        #expect(((took ?? 0) - 0.03).magnitude < 0.01)
        #expect(end(quick, stream) == 0)
    }

    @Test func theEndOfTheStream() {
        var stream = MadeStream(seconds: 1)
        stream.events.append(.end(nil))
        #expect(end(ObservationEnd(duration: nil, follows: true), stream) == 0.966)
    }

    @Test func howLongIsObserved() throws {
        var settings = ProbeSettings(source: try MediaAddress("rtmp://h/a/b"))
        #expect(settings.observation == nil)
        settings.checks = true
        #expect(settings.observation == .seconds(5))
        settings.follows = true
        #expect(settings.observation == nil)
        settings.duration = .seconds(9)
        #expect(settings.observation == .seconds(9))
    }
}
