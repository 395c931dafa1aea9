// What headers promise: sequence headers, flags, tracks that stay silent, damage; and how a stream ends.
import Intake
import Model
import Testing

@testable import Prober

@Suite struct HeaderFindingTests {
    private func findings(_ fact: SourceFact, at time: Double = 0, _ stream: MadeStream = MadeStream()) throws
        -> [Finding]
    {
        var stream = stream
        stream.insert(.fact(fact), at: time)
        return try stream.findings()
    }

    @Test func missingSequenceHeader() throws {
        let finding = try #require(try findings(.missingSequenceHeader(.video))["missing_sequence_header"])
        #expect(finding.severity == .fail && finding.message.contains("video"))
    }

    @Test func changedSequenceHeader() throws {
        let finding = try #require(try findings(.changedSequenceHeader(.audio), at: 3)["changed_sequence_header"])
        #expect(finding.severity == .warn && finding.message.contains("audio"))
        #expect(((finding.firstNumber("at_s") ?? 0) - 3).magnitude < 0.1)
    }

    @Test func changedParameters_areToldByTheTracks() throws {
        var stream = MadeStream()
        var track = MadeStream.videoTrack
        track.video?.width = 640
        track.video?.height = 360
        stream.insert(.tracks([track, MadeStream.audioTrack]), at: 3)
        let finding = try #require(try stream.findings()["changed_sequence_header"])
        #expect(finding.message.contains("640x360"))
        #expect(((finding.firstNumber("at_s") ?? 0) - 3).magnitude < 0.1)
        // What becomes known late has not changed.
        var late = MadeStream()
        var unknown = MadeStream.videoTrack
        unknown.video = VideoParameters()
        late.events[1] = .tracks([unknown, MadeStream.audioTrack])
        late.insert(.tracks([MadeStream.videoTrack, MadeStream.audioTrack]), at: 1)
        #expect(try late.findings().isEmpty)
        // Nor what a demuxer that begins anew has not looked at yet.
        late.insert(.tracks([unknown, MadeStream.audioTrack]), at: 2)
        late.insert(.tracks([MadeStream.videoTrack, MadeStream.audioTrack]), at: 3)
        #expect(try late.findings().isEmpty)
    }

    @Test func wrongFlags() throws {
        let both = SourceFact.headerFlags(hasAudio: true, hasVideo: true)
        #expect(try findings(both).isEmpty)
        let silent = try findings(both, MadeStream(audio: false))
        #expect(silent["wrong_header_flags"]?.severity == .warn)
        #expect(silent["wrong_header_flags"]?.message.contains("audio") == true)
        #expect(silent.codes == ["wrong_header_flags"])
        let unflagged = try findings(.headerFlags(hasAudio: true, hasVideo: false))
        #expect(unflagged["wrong_header_flags"]?.message.contains("no video") == true)
        // Too early to say that it does not come.
        let early = try findings(both, MadeStream(seconds: 1.2, audio: false))
        #expect(early["wrong_header_flags"] == nil)
    }

    @Test func silentTracks() throws {
        var claims = StreamClaims()
        claims.hasAudio = true
        let claimed = try findings(.claims(claims), MadeStream(audio: false))
        #expect(claimed["silent_track"]?.number("packets") == 0)
        var picture = StreamClaims()
        picture.hasVideo = true
        let held = try findings(.claims(picture), MadeStream(video: false))
        #expect(held["silent_track"]?.severity == .info)
        let gone = try findings(.claims(picture), MadeStream(seconds: 12, video: false))
        #expect(gone["silent_track"]?.severity == .warn)
        #expect(claimed["silent_track"]?.severity == .warn)
        var announced = MadeStream(audio: false)
        announced.events[1] = .tracks([MadeStream.videoTrack, MadeStream.audioTrack])
        #expect(try announced.findings()["silent_track"] != nil)
        #expect(try MadeStream(audio: false).findings().isEmpty)
        #expect(try MadeStream(video: false).findings().isEmpty)
    }

    @Test func aTrackThatFallsSilent() throws {
        let finding = try #require(
            try MadeStream { $0.kind == .audio && $0.second > 2 ? nil : $0 }.findings()["silent_track"])
        #expect(((finding.number("at_s") ?? 0) - 2).magnitude < 0.1)
        #expect(((finding.number("silent_s") ?? 0) - 3.96).magnitude < 0.1)
        let file = SourceDescription(transport: "file", isLive: false)
        let inFile = MadeStream(description: file) { $0.kind == .audio && $0.second > 2 ? nil : $0 }
        #expect(try inFile.findings()["silent_track"] == nil)
    }

    @Test func damage() throws {
        #expect(
            try findings(.damaged("a tag is cut short"), at: 2)["damaged"]?.message.contains("cut short") == true)
        let broken = try MadeStream {
            var packet = $0
            if packet.kind == .video, packet.second == 2 { packet.data[0] = 0x7F }
            return packet
        }.findings()
        #expect(broken["damaged"]?.number("count") == 1)
    }

    @Test func lossHere_isOurs() throws {
        #expect(try findings(.lostHere(packets: 7))["slow_reader"]?.severity == .info)
    }

    @Test func howItEnded() throws {
        var lost = MadeStream(seconds: 3)
        let error = SluiceError(
            .connectionLost, "cannot play it", why: "the server closed the connection", isMidStream: true)
        lost.events.append(.end(error))
        let report = try lost.report()
        #expect(report.findings["connection_lost"]?.severity == .fail)
        #expect(report.failure == error)
        let checked = try lost.report { $0.checks = true }
        #expect(checked.failure?.reason == .verdictFail)
        var ended = MadeStream(seconds: 3)
        ended.events.append(.end(nil))
        #expect(try ended.report().findings.codes == ["ended"])
        #expect(try ended.report { $0.duration = nil }.findings.codes == [])
    }

    @Test func aShortLook_saysSo() throws {
        let report = try MadeStream(seconds: 0.2).report { $0.duration = nil }
        #expect(report.findings.codes == ["short_observation"])
        #expect(report.verdict == .pass)
        #expect(report.event["jitter_ms"] == .null && report.event["stalls"] == .null)
        #expect(report.event["interleave_ms"] == .null)
    }
}

extension Event {
    subscript(name: String) -> JSONValue? { fields.first { $0.name == name }?.value }
}
