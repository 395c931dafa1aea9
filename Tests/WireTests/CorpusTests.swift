// The corpus of the fuzzers: each input through the function that it belongs to, and recordings of real clients
// (made by Fuzz/record.py) as transcripts: what they did, in every cut.
import Model
import NIOCore
import TestSupport
import Testing
import WireFuzz

@testable import Wire

enum Corpus {
    static func names(_ target: FuzzTarget) -> [String] { FuzzCorpus.names(target.rawValue) }
    static func bytes(_ target: FuzzTarget, _ name: String) -> [UInt8] { FuzzCorpus.bytes(target.rawValue, name) }
}

@Suite struct CorpusTests {
    @Test(arguments: FuzzTarget.allCases) func everyInput_isReadInAnOrdinaryWay(target: FuzzTarget) {
        let names = Corpus.names(target)
        #expect(names.count >= 2)
        for name in names {
            let bytes = Corpus.bytes(target, name)
            #expect(!bytes.isEmpty, "\(name)")
            target.read(bytes)
        }
    }

    @Test(arguments: FuzzTarget.allCases) func damagedInputs_areReadInAnOrdinaryWay(target: FuzzTarget) {
        var chance = RTMPChance(state: 800)
        let inputs = Corpus.names(target).map { Corpus.bytes(target, $0) }
        for round in 0..<rounds(target == .amf0 || target == .playlist ? 4000 : 200) where !inputs.isEmpty {
            target.read(chance.mutate(inputs[round % inputs.count]))
        }
    }

    // MARK: Publishers

    /// What each recording has to give: video headers, key frames, other pictures, sound header, sound.
    struct Publication: Sendable, CustomTestStringConvertible {
        var name: String
        var roles: [TagFacts.Role: Int]
        var codecs: Set<Codec>
        var client: String
        var testDescription: String { name }
    }

    static let publications = [
        Publication(
            name: "ffmpeg", roles: [.metadata: 1, .videoHeader: 1, .audioHeader: 1, .keyFrame: 2, .interFrame: 2],
            codecs: [.h264, .aac], client: "FMLE/3.0 (compatible; Lavf"),
        Publication(
            name: "ffmpeg-bframes", roles: [.metadata: 1, .videoHeader: 1, .keyFrame: 2, .interFrame: 2],
            codecs: [.h264], client: "FMLE/3.0 (compatible; Lavf"),
        Publication(
            name: "ffmpeg-audio", roles: [.metadata: 1, .audioHeader: 1], codecs: [.aac],
            client: "FMLE/3.0 (compatible; Lavf"),
        Publication(
            name: "ffmpeg-mp3", roles: [.metadata: 1], codecs: [.mp3], client: "FMLE/3.0 (compatible; Lavf"),
        Publication(
            name: "rtmp2sink", roles: [.metadata: 2, .videoHeader: 1, .keyFrame: 2, .interFrame: 2],
            codecs: [.h264], client: ""),
        Publication(
            name: "rtmpsink", roles: [.metadata: 2, .videoHeader: 1, .keyFrame: 2, .interFrame: 2],
            codecs: [.h264], client: ""),
    ]

    @Test(arguments: publications, RTMPDelivery.allCases)
    func publishers(expected: Publication, delivery: RTMPDelivery) throws {
        var run = RTMPServerRun()
        run.feed(delivery.cut([buffer(Corpus.bytes(.server, expected.name + ".rtmp"))]))
        #expect(run.failure == nil && run.session.droppedScripts == 0)
        #expect(
            run.events.prefix(2) == [.connected(app: "live"), .publish(RTMPStreamName(app: "live", name: "demo"))])
        #expect(run.events.last == .unpublished)
        let facts = run.tags.map { TagFacts($0) }
        for (role, count) in expected.roles { #expect(facts.filter { $0.role == role }.count == count, "\(role)") }
        #expect(!facts.contains { $0.role == .unknown })
        #expect(Set(facts.compactMap(\.codec)) == expected.codecs)
        #expect(run.tags.filter { TagFacts($0).isMetadata }.allSatisfy { $0.timestamp == 0 })
        #expect(run.session.clientName.hasPrefix(expected.client))
        for body in run.tags where body.kind == .video { _ = try VideoTagBody(parsing: body.body) }
    }

    @Test func cuts_giveTheSameTags() {
        for name in Corpus.names(.server) {
            let bytes = buffer(Corpus.bytes(.server, name))
            let tags = RTMPDelivery.allCases.map { delivery in
                var run = RTMPServerRun()
                run.feed(delivery.cut([bytes]))
                return run.tags
            }
            #expect(tags.allSatisfy { $0 == tags[0] }, "\(name)")
        }
    }

    // MARK: Players

    @Test(arguments: ["ffmpeg-play", "ffmpeg-play-live", "rtmpdump", "rtmp2src"], RTMPDelivery.allCases)
    func players(name: String, delivery: RTMPDelivery) throws {
        var run = RTMPServerRun()
        run.feed(delivery.cut([buffer(Corpus.bytes(.server, name + ".rtmp"))]))
        #expect(
            run.events.prefix(2) == [.connected(app: "live"), .play(RTMPStreamName(app: "live", name: "demo"))])
        #expect(run.failure == nil && run.tags.isEmpty)
        // All but rtmpdump, which says goodbye, leave by hanging up.
        #expect(run.events.dropFirst(2) == (name == "rtmpdump" ? [.stoppedPlaying] : []))
    }
}
