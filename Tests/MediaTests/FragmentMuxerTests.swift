// FragmentMuxer: initialisation and fragments put together are the stream as it was, at its own times.
import Media
import Model
import NIOCore
import Testing

@Suite struct FragmentMuxerTests {
    private struct Written {
        var initialization: [UInt8]
        var fragments: [[UInt8]]
        var all: [UInt8] { initialization + fragments.flatMap { $0 } }
    }

    /// - Parameter cuts: Whether a fragment ends in front of this packet.
    private func write(
        _ tracks: [Track], _ packets: [Packet], separate: Bool = false, cuts: (Packet) -> Bool
    ) throws -> Written {
        let muxer = try FragmentMuxer(tracks: tracks, separatesTracks: separate)
        var fragments: [[UInt8]] = []
        func end() throws {
            let bytes = Array(try muxer.takeFragment().readableBytesView)
            if !bytes.isEmpty { fragments.append(bytes) }
        }
        for packet in packets {
            if cuts(packet) { try end() }
            try muxer.write(packet)
        }
        try end()
        #expect(muxer.refused == 0)
        return Written(initialization: Array(muxer.initialization.readableBytesView), fragments: fragments)
    }

    /// The clip as a publisher that began long ago would send it, with a hole of five seconds after two.
    private func stream() throws -> (tracks: [Track], packets: [Packet]) {
        let demuxer = try Fixtures.open(Fixtures.clip("bbb-360p.mp4"))
        let packets = try Fixtures.packets(demuxer).map { packet -> Packet in
            var moved = packet
            let isLate = (packet.dts ?? .zero).seconds >= 2
            let shift = Span.seconds(90_000 + (isLate ? 5 : 0))
            moved.pts = packet.pts.map { $0 + shift }
            moved.dts = packet.dts.map { $0 + shift }
            return moved
        }
        return (demuxer.tracks, packets)
    }

    private func boxes(_ bytes: [UInt8]) -> [String] {
        var names: [String] = []
        var position = 0
        while position + 8 <= bytes.count {
            let size = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
            names.append(String(decoding: bytes[(position + 4)..<(position + 8)], as: UTF8.self))
            guard size >= 8 else { break }
            position += size
        }
        #expect(position == bytes.count)
        return names
    }

    @Test(arguments: [false, true]) func eachFragmentTellsItsOwnTime(_ isPerPicture: Bool) throws {
        let source = try stream()
        let written = try write(source.tracks, source.packets, separate: isPerPicture) {
            $0.kind == .video && (isPerPicture || $0.isKeyframe)
        }
        #expect(boxes(written.initialization) == ["ftyp", "moov"])
        #expect(written.fragments.count >= (isPerPicture ? 132 : 2))
        for fragment in written.fragments {
            let names = boxes(fragment)
            #expect(Set(names) == ["moof", "mdat"])
            if !isPerPicture { #expect(names == ["moof", "mdat"]) }
        }
        let path = try Fixtures.directory() + "/all.mp4"
        try Fixtures.write(written.all, to: path)
        let back = try Fixtures.packets(Fixtures.open(path))
        for kind in [TrackKind.video, .audio] {
            let before = source.packets.filter { $0.kind == kind }
            let after = back.filter { $0.kind == kind }
            #expect(before.map { Fixtures.hash($0.data) } == after.map { Fixtures.hash($0.data) })
            let worst = zip(before, after).map { a, b in
                ((a.dts ?? .zero) - (b.dts ?? .zero)).magnitude.milliseconds
            }.max()
            #expect((worst ?? 99) < 0.1, "\(kind): times are off by \(worst ?? -1) ms")
        }
        try Fixtures.run("ffmpeg -nostdin -v error -xerror -i \(path) -f null -")
    }

    @Test func nothingWrittenIsNoFragment() throws {
        let source = try stream()
        let muxer = try FragmentMuxer(tracks: source.tracks, separatesTracks: false)
        #expect(try muxer.takeFragment().readableBytes == 0)
    }

    @Test func aCodecWithoutAPlaceIsRefused() throws {
        #expect(FragmentMuxer.carries(.h264) && FragmentMuxer.carries(.hevc) && FragmentMuxer.carries(.opus))
        #expect(!FragmentMuxer.carries(.flv1))
        let track = Track(id: 0, kind: .video, codec: .flv1, video: VideoParameters(width: 64, height: 64))
        #expect(throws: SluiceError.self) { try FragmentMuxer(tracks: [track], separatesTracks: false) }
    }
}
