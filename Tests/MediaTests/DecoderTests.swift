// Decoder: right pictures, no held-back ones, and no harm from damage.
import Media
import Model
import Testing

@Suite struct DecoderTests {
    private func load(_ name: String) throws -> (tracks: [Track], packets: [Packet]) {
        let demuxer = try Fixtures.open(Fixtures.clip(name))
        return (demuxer.tracks, try Fixtures.packets(demuxer))
    }

    @Test func decodesVideoInOrder() throws {
        let (tracks, packets) = try load("bbb-360p.mp4")
        let track = try #require(tracks.first { $0.kind == .video })
        for lowDelay in [false, true] {
            let frames = try Fixtures.frames(Decoder(track: track, lowDelay: lowDelay), packets)
            #expect(frames.count == 132)
            #expect(
                frames.allSatisfy { $0.width == 640 && $0.height == 360 && $0.layout == .i420 && $0.pts != nil })
            for (a, b) in zip(frames, frames.dropFirst()) { #expect((a.pts ?? .zero) < (b.pts ?? .zero)) }
            #expect(frames.first?.isKeyframe == true)
            #expect(frames.first?.withPlanes { $0.planes.count } == 3)
        }
    }

    @Test func decodesSixChannels() throws {
        let (tracks, packets) = try load("bigbuckbunny.mp4")
        let track = try #require(tracks.first { $0.kind == .audio })
        let frames = try Fixtures.frames(Decoder(track: track), packets)
        #expect(frames.count >= 248)
        #expect(frames.allSatisfy { $0.channels == 6 && $0.sampleRate == 48000 && $0.sampleCount == 1024 })
        #expect(frames.first?.sampleFormat == "fltp")
    }

    @Test func lowDelayHoldsNothingBackWithoutBFrames() throws {
        let (tracks, packets) = try load("bigbuckbunny.mp4")
        let track = try #require(tracks.first { $0.kind == .video })
        let decoder = try Decoder(track: track, lowDelay: true)
        for packet in packets where packet.kind == .video {
            #expect(try decoder.send(packet) == .accepted)
            guard case .frame(let frame) = try decoder.receive() else {
                Issue.record("a picture was held back")
                return
            }
            #expect(frame.pts == packet.pts)
        }
    }

    @Test func survivesDamage() throws {
        let (tracks, packets) = try load("bbb-360p.mp4")
        let track = try #require(tracks.first { $0.kind == .video })
        var random = SystemRandomNumberGenerator()
        var damaged = packets
        for index in damaged.indices where index % 3 == 1 {
            for _ in 0..<20 where !damaged[index].data.isEmpty {
                let place = Int.random(in: 0..<damaged[index].data.count, using: &random)
                damaged[index].data[place] = UInt8.random(in: 0...255, using: &random)
            }
            if index % 2 == 0 { damaged[index].data.removeLast(damaged[index].data.count / 2) }
        }
        for lowDelay in [true, false] {
            let decoder = try Decoder(track: track, lowDelay: lowDelay)
            let frames = try Fixtures.frames(decoder, damaged)
            #expect(frames.count > 10)
            #expect(frames.allSatisfy { $0.width == 640 })
        }
        let decoder = try Decoder(track: track)
        let rubbish = Packet(
            track: track.id, kind: .video, pts: nil, dts: nil, isKeyframe: true, data: [0, 0, 0, 9, 1, 2, 3],
            arrival: .now())
        for _ in 0..<50 { _ = try decoder.send(rubbish) }
        #expect(decoder.damagedPackets > 0)
    }

    @Test func flushAndGoOn() throws {
        let (tracks, packets) = try load("bbb-360p.mp4")
        let track = try #require(tracks.first { $0.kind == .video })
        let decoder = try Decoder(track: track)
        for packet in packets.prefix(30) where packet.kind == .video { _ = try decoder.send(packet) }
        decoder.flush()
        var second = packets
        for index in second.indices { second[index].epoch = 7 }
        let frames = try Fixtures.frames(decoder, second)
        #expect(frames.count == 132)
        #expect(frames.allSatisfy { $0.epoch == 7 })
    }

    @Test func refusesWhatItCannotDo() throws {
        let (tracks, packets) = try load("bbb-360p.mp4")
        let unknown = Track(id: 0, kind: .video, codec: Codec(rawValue: "no such codec"))
        #expect(failure { _ = try Decoder(track: unknown) }?.reason == .unsupportedCodec)
        var lying = try #require(tracks.first { $0.kind == .video })
        lying.native = nil
        lying.configuration = [1, 2, 3]
        _ = try? Decoder(track: lying)
        // A picture above the cap is damage, not a gigabyte.
        let track = try #require(tracks.first { $0.kind == .video })
        let frames = try? Fixtures.frames(Decoder(track: track, maxPixels: 1000), packets)
        #expect(frames?.isEmpty ?? true)
    }
}
