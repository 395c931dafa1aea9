// SRT, UDP, RTSP and HTTP through FFmpeg, both ways; and damaged files by the hundred.
import Glibc
import Media
import Model
import Synchronization
import Testing

@Suite(.serialized) struct DemuxerNetworkTests {
    /// A port that was free a moment ago, for the protocols that cannot take port 0.
    private func freePort(_ type: __socket_type) throws -> Int {
        let descriptor = socket(AF_INET, Int32(type.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard bound else { throw TestFailure("no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private func source() throws -> (tracks: [Track], packets: [Packet]) {
        let demuxer = try Fixtures.open(Fixtures.clip("bbb-360p.mp4"))
        return (demuxer.tracks, try Fixtures.packets(demuxer))
    }

    /// Sends the clip from a thread of its own, a packet a millisecond, until `stop` says so or it has ended.
    private func send(_ address: String, repeats: Int = 1, stop: CancelFlag) throws -> NamedThread {
        let (tracks, packets) = try source()
        let target = try MediaAddress(address)
        return NamedThread("sender") {
            let deadline = HostTime.now() + .seconds(10)
            while HostTime.now() < deadline, !stop.isSet {
                var options = Muxer.Options()
                options.isLive = true
                options.timeout = .seconds(3)
                guard let muxer = try? Muxer(target: .address(target), options: options),
                    (try? muxer.begin(tracks: tracks)) != nil
                else {
                    _ = poll(nil, 0, 50)
                    continue
                }
                for _ in 0..<repeats where !stop.isSet {
                    for packet in packets where !stop.isSet {
                        if (try? muxer.write(packet)) == nil { break }
                        _ = poll(nil, 0, 1)
                    }
                }
                try? muxer.finish()
                return
            }
        }
    }

    private func collect(_ address: String, atLeast count: Int) throws -> (tracks: [Track], packets: [Packet]) {
        let demuxer = try Fixtures.open(address) {
            $0.isLive = true
            $0.timeout = .seconds(8)
        }
        var packets: [Packet] = []
        while packets.count < count {
            switch try demuxer.read() {
            case .packet(let packet): packets.append(packet)
            case .tracksChanged: continue
            case .endOfInput: return (demuxer.tracks, packets)
            }
        }
        return (demuxer.tracks, packets)
    }

    @Test func srtBothWays() throws {
        let port = try freePort(SOCK_DGRAM)
        let stop = CancelFlag()
        let sender = try send("srt://127.0.0.1:\(port)?latency=20000", stop: stop)
        defer {
            stop.set()
            sender.join()
        }
        let found = try collect("srt://127.0.0.1:\(port)?mode=listener&latency=20000", atLeast: 100)
        #expect(found.packets.count >= 100)
        #expect(found.tracks.first { $0.kind == .video }?.video?.width == 640)
    }

    @Test func udpBothWays() throws {
        let port = try freePort(SOCK_DGRAM)
        let stop = CancelFlag()
        let sender = try send("udp://127.0.0.1:\(port)", repeats: 20, stop: stop)
        defer {
            stop.set()
            sender.join()
        }
        #expect(try collect("udp://127.0.0.1:\(port)", atLeast: 100).packets.count >= 100)
    }

    @Test func rtspPublishing() throws {
        let port = try freePort(SOCK_STREAM)
        let out = try Fixtures.directory() + "/a.mp4"
        let recorder = NamedThread("recorder") {
            _ = try? Fixtures.run(
                "timeout 20 ffmpeg -nostdin -v error -rtsp_flags listen -i rtsp://127.0.0.1:\(port)/live -c copy \(out)"
            )
        }
        let sender = try send("rtsp://127.0.0.1:\(port)/live", stop: CancelFlag())
        sender.join()
        recorder.join()
        let back = try Fixtures.packets(Fixtures.open(out))
        #expect(back.count { $0.kind == .video } > 100)
    }

    @Test func aSilentSRTPeerTimesOut() throws {
        let port = try freePort(SOCK_DGRAM)
        let error = failure {
            _ = try Fixtures.open("srt://127.0.0.1:\(port)") {
                $0.isLive = true
                $0.timeout = .milliseconds(500)
            }
        }
        #expect([.timeout, .refused].contains(error?.reason))
        #expect(error?.why.lowercased().contains("input/output") == false)
    }

    // MARK: Damage

    /// SplitMix64: the same files in every run.
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    @Test(arguments: ["mp4", "ts", "flv", "mkv"])
    func damagedFilesEndInPacketsOrInReasons(_ container: String) throws {
        let path = try Fixtures.make("a.\(container)", "-i \(Fixtures.clip("bbb-360p.mp4")) -t 1 -c copy")
        let clean = try Fixtures.read(path)
        var random = Seeded(state: 7)
        for round in 0..<40 {
            var bytes = clean
            for _ in 0..<(round % 10 + 1) {
                let place = Int.random(in: 0..<(round < 20 ? min(2000, bytes.count) : bytes.count), using: &random)
                bytes[place] = .random(in: 0...255, using: &random)
            }
            if round % 4 == 3 { bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random)) }
            let damaged = path + ".damaged"
            try Fixtures.write(bytes, to: damaged)
            for isLive in [false, true] {
                let error = failure {
                    let demuxer = try Fixtures.open(damaged) {
                        $0.isLive = isLive
                        $0.timeout = .seconds(20)
                    }
                    let packets = try Fixtures.packets(demuxer)
                    for track in demuxer.tracks where track.kind != .data {
                        _ = try Fixtures.frames(Decoder(track: track, lowDelay: isLive), packets)
                    }
                }
                if let error {
                    #expect(
                        [.corrupt, .noMedia, .unsupportedCodec].contains(error.reason),
                        "\(container) \(round): \(error)")
                }
            }
        }
    }
}
