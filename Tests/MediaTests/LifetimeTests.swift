// Nothing leaks, nothing hangs: open and close many times, fail half-way, stall and be interrupted.
import Glibc
import Media
import Model
import Synchronization
import Testing

@Suite(.serialized) struct LifetimeTests {
    /// Descriptors and memory after `count` runs stay what they were after a few. Other suites run beside this one
    /// and hold memory of their own for moments, so a leak is what shows in every round.
    private func expectFlat(_ name: String, runs count: Int = 200, _ body: () throws -> Void) throws {
        for _ in 0..<20 { try body() }
        var growth = 0
        var descriptors = 0
        for _ in 0..<5 {
            let memory = try Fixtures.residentKiB()
            let open = Fixtures.openDescriptors()
            for _ in 0..<count { try body() }
            growth = try Fixtures.residentKiB() - memory
            descriptors = Fixtures.openDescriptors() - open
            if growth < 8_000, descriptors < 20 { return }
        }
        Issue.record("\(name): \(growth) KiB and \(descriptors) descriptors more after \(count) runs")
    }

    @Test func openingAndClosing() throws {
        let clip = Fixtures.clip("bbb-360p.mp4")
        try expectFlat("demuxer and decoders") {
            let demuxer = try Fixtures.open(clip)
            let decoders = try demuxer.tracks.map { try Decoder(track: $0, lowDelay: true) }
            for _ in 0..<10 {
                guard case .packet(let packet) = try demuxer.read() else { continue }
                for decoder in decoders where decoder.track.id == packet.track {
                    _ = try decoder.send(packet)
                    _ = try decoder.receive()
                }
            }
        }
    }

    @Test func failingHalfWay() throws {
        let directory = try Fixtures.directory()
        try Fixtures.write([UInt8](repeating: 0x47, count: 5000), to: directory + "/bad.ts")
        let clip = Fixtures.clip("bbb-360p.mp4")
        let tracks = try Fixtures.open(clip).tracks
        let vorbis = Track(id: 0, kind: .audio, codec: Codec(rawValue: "vorbis"))
        try expectFlat("failures", runs: 100) {
            #expect(failure { _ = try Fixtures.open(directory + "/none") } != nil)
            #expect(failure { _ = try Fixtures.open(directory + "/bad.ts") } != nil)
            #expect(failure { _ = try Fixtures.open(clip) { $0.av = ["nothing": "1"] } } != nil)
            #expect(failure { _ = try Demuxer(.bytes(format: "mpegts", read: { _ in Int(-EIO) })) } != nil)
            // Opens, but the configuration is missing.
            #expect(failure { _ = try Decoder(track: vorbis) } != nil)
            let muxer = try Muxer(target: .address(try MediaAddress(directory + "/a.mp4")))
            try muxer.begin(tracks: tracks)
            // Never finished.
            let early = try Muxer(target: .address(try MediaAddress(directory + "/b.ts")))
            #expect(early.bytesWritten == 0)
            let flv = try Muxer(target: .write({ _ in Int(-EPIPE) }), format: "flv")
            #expect(
                failure {
                    try flv.begin(tracks: tracks); try flv.finish()
                } != nil)
        }
    }

    @Test func muxersComeAndGo() throws {
        let demuxer = try Fixtures.open(Fixtures.clip("bbb-360p.mp4"))
        let packets = try Fixtures.packets(demuxer).prefix(50)
        let path = try Fixtures.directory() + "/a.mp4"
        try expectFlat("muxer") {
            let muxer = try Muxer(target: .address(try MediaAddress(path)))
            try muxer.begin(tracks: demuxer.tracks)
            for packet in packets { try muxer.write(packet) }
            try muxer.finish()
        }
    }

    // MARK: Stalls

    /// A server that takes connections, sends `greeting`, and then says nothing.
    final class SilentServer: Sendable {
        let port: Int
        private let listener: Int32
        private let thread: NamedThread
        final class Shared: Sendable { let connections = Mutex<[Int32]>([]) }

        init(greeting: [UInt8]) throws {
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let bound = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener, $0, size) == 0 && listen(listener, 8) == 0
                        && getsockname(listener, $0, &size) == 0
                }
            }
            guard bound else { throw TestFailure("cannot listen") }
            port = Int(UInt16(bigEndian: address.sin_port))
            self.listener = listener
            let shared = Shared()
            thread = NamedThread("silent-server") {
                while true {
                    let peer = accept(listener, nil, nil)
                    if peer < 0 { break }
                    _ = send(peer, greeting, greeting.count, Int32(MSG_NOSIGNAL))
                    shared.connections.withLock { $0.append(peer) }
                }
                shared.connections.withLock { for peer in $0 { close(peer) } }
            }
        }

        func stop() {
            shutdown(listener, Int32(SHUT_RDWR))
            thread.join()
            close(listener)
        }
    }

    private func elapsed(_ body: () throws -> Void) rethrows -> Double {
        let start = HostTime.now()
        try body()
        return (HostTime.now() - start).seconds
    }

    @Test func deadlineOnASilentServer() throws {
        let server = try SilentServer(greeting: [])
        defer { server.stop() }
        for scheme in ["http", "tcp", "rtsp"] {
            var error: SluiceError?
            let seconds = elapsed {
                error = failure {
                    _ = try Fixtures.open("\(scheme)://127.0.0.1:\(server.port)/x.ts") {
                        $0.timeout = .milliseconds(400)
                        $0.isLive = true
                    }
                }
            }
            #expect(seconds < 2, "\(scheme)")
            #expect(error?.reason == .timeout, "\(scheme): \(String(describing: error))")
        }
    }

    @Test func silenceAfterMedia() throws {
        let path = try Fixtures.make("a.ts", "-i \(Fixtures.clip("bbb-360p.mp4")) -c copy -t 1")
        let server = try SilentServer(greeting: try Fixtures.read(path))
        defer { server.stop() }
        let demuxer = try Fixtures.open("tcp://127.0.0.1:\(server.port)") {
            $0.timeout = .milliseconds(500)
            $0.isLive = true
            $0.format = "mpegts"
        }
        var count = 0
        let error = failure {
            while true {
                switch try demuxer.read() {
                case .packet: count += 1
                case .tracksChanged: continue
                case .endOfInput: return
                }
            }
        }
        #expect(count > 30)
        #expect(error?.reason == .connectionLost, "\(String(describing: error))")
        #expect(error?.isMidStream == true)
    }

    @Test func cancelEndsAStalledRead() throws {
        let server = try SilentServer(greeting: [])
        defer { server.stop() }
        let cancel = CancelFlag()
        let seconds = elapsed {
            let canceller = NamedThread("canceller") {
                _ = poll(nil, 0, 200)
                cancel.set()
            }
            #expect(
                failure {
                    _ = try Demuxer(
                        .address(try MediaAddress("http://127.0.0.1:\(server.port)/a.ts")),
                        interrupt: InterruptFlag(cancel: cancel))
                } != nil)
            canceller.join()
        }
        #expect(seconds < 2)
    }

    @Test func aFIFOWithoutAWriterTimesOut() throws {
        let path = try Fixtures.directory() + "/fifo"
        #expect(mkfifo(path, 0o600) == 0)
        let seconds = elapsed {
            let error = failure { _ = try Fixtures.open(path) { $0.timeout = .milliseconds(300) } }
            #expect(error?.reason == .timeout)
            var options = Muxer.Options()
            options.timeout = .milliseconds(300)
            let second = failure {
                _ = try Muxer(target: .address(try MediaAddress(path)), format: "ts", options: options)
            }
            #expect(second?.reason == .timeout)
        }
        #expect(seconds < 3)
    }

    @Test func aFIFOCarriesAStream() throws {
        let path = try Fixtures.directory() + "/fifo"
        #expect(mkfifo(path, 0o600) == 0)
        let source = try Fixtures.open(Fixtures.clip("bbb-360p.mp4"))
        let tracks = source.tracks
        let packets = try Fixtures.packets(source)
        let problem = Mutex<String?>(nil)
        let writer = NamedThread("fifo-writer") {
            do {
                let muxer = try Muxer(target: .address(try MediaAddress(path)), format: "ts")
                try muxer.begin(tracks: tracks)
                for packet in packets { try muxer.write(packet) }
                try muxer.finish()
            } catch { problem.withLock { $0 = "\(error)" } }
        }
        let demuxer = try Fixtures.open(path) {
            $0.isLive = true
            $0.timeout = .seconds(10)
        }
        #expect(try Fixtures.packets(demuxer).count == packets.count)
        writer.join()
        #expect(problem.withLock { $0 } == nil)
    }

    @Test func refusedAndUnknownHosts() throws {
        let server = try SilentServer(greeting: [])
        server.stop()
        let refused = failure {
            _ = try Fixtures.open("http://127.0.0.1:\(server.port)/a.ts") { $0.timeout = .seconds(3) }
        }
        #expect(refused?.reason == .refused)
        let unknown = failure {
            _ = try Fixtures.open("http://no-such-host.invalid/a.ts") { $0.timeout = .seconds(3) }
        }
        #expect([.unknownHost, .timeout].contains(unknown?.reason))
    }

    @Test func secretsStayOutOfTheLog() throws {
        let lines = Mutex<[String]>([])
        FFmpegLog.install(level: .debug) { _, line in lines.withLock { $0.append(line) } }
        defer { FFmpegLog.silence() }
        _ = failure {
            _ = try Fixtures.open("http://u:pw@127.0.0.1:1/a.ts?token=hidden") { $0.timeout = .seconds(1) }
        }
        let directory = try Fixtures.directory()
        try Fixtures.write([UInt8](repeating: 7, count: 3000), to: directory + "/a.mp4")
        _ = failure { _ = try Fixtures.open(directory + "/a.mp4") { $0.format = "mp4" } }
        let all = lines.withLock { $0 }.joined(separator: "\n")
        #expect(!all.isEmpty)
        #expect(!all.contains("hidden") && !all.contains("pw@"))
    }
}
