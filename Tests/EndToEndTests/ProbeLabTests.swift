// The lab of the probe's tests, held to itself: what is planted is what comes out, and nothing else is changed.
import Model
import TestSupport
import Testing

@Suite(.inCrowd) struct ProbeLabTests {
    @Test func stream_comesAsItIsAndWhenItIsDue() async throws {
        let tape = try await ProbeTapes.shared.tags(.plain)
        var stream = PlantedStream(tape)
        stream.items = stream.items.filter { $0.at < 2_000 }
        let server = try stream.serve()
        let began = HostTime.now()
        let copy = try Program([
            "python3", "-c",
            "import sys, urllib.request as r; sys.stdout.buffer.write(r.urlopen(sys.argv[1]).read())",
            server.url("live/cam.flv"),
        ])
        #expect(await copy.wait(within: .seconds(15)) == .exited(0), "\(copy.errors)")
        #expect(copy.outputBytes == HandmadeFLV.file(stream.items.map(\.tag)))
        let took = (copy.endedAt ?? .now()) - began
        #expect(took > .seconds(1.9) && took < .seconds(4))
        let late = server.sent.dropFirst().map { sent in
            (sent.at - server.asked[0]).milliseconds - stream.items[sent.index - 1].at
        }
        #expect(late.allSatisfy { $0 > -2 } && late.median < 20, "\(late.median) ms")
    }

    @Test func sender_publishesWhatItIsGiven() async throws {
        let nginx = try await NginxRTMP.start()
        var stream = PlantedStream(try await ProbeTapes.shared.tags(.plain))
        // Beyond what 24 bits hold, so that the extended timestamps are used from the middle on.
        for index in stream.items.indices { stream.items[index].tag.timestamp += 0xFF_FFFF - 1_000 }
        let tape = try FLVTape(nginx.url("cam", application: "eager"))
        #expect(await nginx.waitForPlayer("cam"))
        let sender = try stream.publish(to: nginx, "cam", application: "eager")
        #expect(await tape.holds(milliseconds: 3_000, within: .seconds(20)), "\(sender.problem ?? "")")
        await tape.stop()
        let sent = stream.items.map(\.tag).filter { $0.isVideo && $0.isMedia }
        let seen = tape.video
        let first = try #require(sent.firstIndex { $0.body == seen.first?.body }, "the same pictures")
        #expect(zip(sent[first...], seen).allSatisfy { $0.body == $1.body && $0.timestamp == $1.timestamp })
        #expect(seen.contains { $0.timestamp > 0xFF_FFFF } && seen.contains { $0.timestamp < 0xFF_FFFF })
    }

    @Test func plantedMarks_areMarks() async throws {
        var stream = PlantedStream(try await ProbeTapes.shared.tags(.plain))
        stream.items = stream.items.filter { $0.at < 1_000 }
        stream.edit { if $0.tag.isVideo { $0.mark = .seconds(-2) } }
        let server = try stream.serve()
        let tape = try FLVTape(server.url("live/cam.flv"))
        #expect(await tape.ends(within: .seconds(15)))
        #expect(await eventually(within: .seconds(2)) { tape.video.count >= 20 })
        let ages = tape.video.compactMap { tag in tag.mark.map { (tag.arrival - $0).milliseconds } }
        // ffmpeg holds the first second back to look at it.
        #expect(ages.count == tape.video.count && ages.allSatisfy { $0 >= 2_000 }, "\(ages)")
    }

    /// Every fault changes something, and every recording is what its name says.
    @Test func faults_arePlanted() async throws {
        let wide = try await ProbeTapes.shared.tags(.wide)
        let clean = PlantedStream(try await ProbeTapes.shared.tags(.plain))
        for fault in PlantedFault.all {
            var stream = PlantedStream(try await ProbeTapes.shared.tags(fault.tape))
            fault.plant(&stream, wide)
            let isChanged =
                stream.flags != clean.flags || stream.items.count != clean.items.count
                || zip(stream.items, clean.items).contains {
                    $0.at != $1.at || $0.mark != $1.mark || $0.tag.body != $1.tag.body
                        || $0.tag.timestamp != $1.tag.timestamp
                }
            #expect(isChanged, "\(fault.name)")
            #expect(zip(stream.items.dropFirst(), stream.items).allSatisfy { $0.at >= $1.at }, "\(fault.name)")
        }
        let keys = { (kind: ProbeTapes.Kind) in
            try await ProbeTapes.shared.tags(kind).filter { $0.isMedia && $0.isKeyframe }.map(\.timestamp)
        }
        #expect(try await steps(keys(.plain)).allSatisfy { $0 == 1_000 })
        #expect(Set(try await steps(keys(.irregular))).count > 3)
        #expect(try await keys(.overlong).count == 1)
        let offsets = { (kind: ProbeTapes.Kind) in
            try await ProbeTapes.shared.tags(kind).map(\.compositionOffset).max() ?? 0
        }
        #expect(try await offsets(.bFrames) < 300)
        #expect(try await offsets(.manyBFrames) > 500)
    }
}
