import Model
import TestSupport
import Testing

// Attacks on a running origin: each is refused and bounded, while two viewers of its stream get every packet and new
// ones are let in.
#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct OriginHostileTests {
    /// Who says it all one byte at a time is closed, however busy it looks.
    @Test func slowLoris() async throws {
        let ground = try await OriginGround.start()
        let shaken = try (0..<20).map { _ in
            let client = try RawClient(port: ground.rtmpPort)
            guard RTMPLink(client).shake() else { throw LabError("no handshake") }
            return client
        }
        let rtmp = ground.rtmpPort
        let http = ground.httpPort
        let raw = try Attackers(60) { $0 < 20 ? rtmp : http }
        let hello = [3] + [UInt8](repeating: 0, count: 1536)
        let connect = RTMPBomb.longName.bytes
        let request = Array(
            ("GET /live/\(ground.stream).flv HTTP/1.1\r\n" + String(repeating: "X: a\r\n", count: 99)).utf8)
        let attackers = Attackers(shaken + raw.clients)
        let areRefused = await attackers.dribble(
            { $0 < 20 ? connect : $0 < 40 ? hello : request }, within: .seconds(40))
        #expect(areRefused, "\(attackers.open) of 80 are served for ever")
        try await ground.expectUnharmed()
    }

    /// Ten thousand that say nothing: the surplus is refused, and none stays.
    @Test func silentThousands() async throws {
        try Attackers.raiseDescriptors(to: 12_000)
        let ground = try await OriginGround.start()
        let before = ground.descriptors
        let (rtmp, http) = (ground.rtmpPort, ground.httpPort)
        let crowd = try Attackers(10_000) { $0 % 2 == 0 ? rtmp : http }
        #expect(ground.descriptors - before < 9000)
        try await ground.expectUnharmed(growth: 100)
        #expect(await crowd.areRefused(within: .seconds(60)), "\(crowd.open) of 10000 stay")
        try await ground.expectUnharmed(growth: 100)
    }

    /// Three thousand come and go at once, some without a goodbye.
    @Test func flood() async throws {
        let ground = try await OriginGround.start()
        let before = ground.descriptors
        for round in 0..<3000 {
            let client = try RawClient(port: round % 2 == 0 ? ground.rtmpPort : ground.httpPort)
            // Unread data make the close a reset.
            if round % 3 == 0 { _ = client.send([3] + [UInt8](repeating: 0, count: 1536), within: .seconds(1)) }
            if round % 3 == 1 { _ = client.send(Array("GET / HTTP/1.1\r\n\r\n".utf8), within: .seconds(1)) }
        }
        #expect(await eventually(within: .seconds(20)) { ground.descriptors <= before + 4 })
        try await ground.expectUnharmed()
    }

    @Test func rtmpBombs() async throws {
        let ground = try await OriginGround.start()
        var clients: [RawClient] = []
        for bomb in RTMPBomb.allCases {
            let client = try RawClient(port: ground.rtmpPort)
            guard RTMPLink(client).shake() else { throw LabError("no handshake") }
            _ = client.send(bomb.bytes, within: .seconds(3))
            clients.append(client)
        }
        #expect(await Attackers(clients).areRefused(within: .seconds(30)))
        for (client, bomb) in zip(clients, RTMPBomb.allCases) where !Attackers.isClosed(client) {
            Issue.record("\(bomb) is not refused")
        }
        try await ground.expectUnharmed()
    }

    /// Bombs of one who is let in.
    @Test(arguments: PublisherBomb.allCases) func publisherBomb(bomb: PublisherBomb) async throws {
        let ground = try await OriginGround.start()
        let link = RTMPLink(try RawClient(port: ground.rtmpPort))
        #expect(link.connect(ground.rtmpPort) == nil)
        #expect(link.publish(ground.spare) == nil)
        let viewer = try FLVTape.http("http://127.0.0.1:\(ground.httpPort)/live/\(ground.spare).flv")
        bomb.explode(link)
        if bomb.isRefused {
            #expect(await Attackers([link.client]).areRefused(within: .seconds(40)), "\(bomb)")
        }
        // The queue of one slow viewer may be 32 MB, a GOP cache the same.
        try await ground.expectUnharmed(growth: 100)
        #expect(viewer.tags.allSatisfy { $0.kind != 18 || $0.body.count < 1 << 20 })
        link.finish()
        let again = RTMPLink(try RawClient(port: ground.rtmpPort))
        #expect(again.connect(ground.rtmpPort) == nil)
        #expect(
            await eventually(within: .seconds(10), every: .milliseconds(300)) { again.publish(ground.spare) == nil }
        )
    }

    /// Names that nobody opened, and a publisher for a name that has one.
    @Test func wrongNames() async throws {
        let ground = try await OriginGround.start()
        for name in [
            ground.stream, "nobody", "../../etc/passwd", "", String(repeating: "a", count: 5000), "a\r\nb",
        ] {
            let link = RTMPLink(try RawClient(port: ground.rtmpPort))
            #expect(link.connect(ground.rtmpPort) == nil)
            #expect(link.publish(name) != nil, "publishes \(name.prefix(40))")
            guard name != ground.stream else { continue }
            let viewer = RTMPLink(try RawClient(port: ground.rtmpPort))
            #expect(viewer.connect(ground.rtmpPort) == nil)
            #expect(viewer.play(name) != nil, "plays \(name.prefix(40))")
        }
        try await ground.expectUnharmed()
    }

    /// Whoever lets answers pile up is not answered for ever.
    @Test func unreadAnswers() async throws {
        let ground = try await OriginGround.start()
        let ping = RTMPLink.head(2, 4, 0, 0, 6) + [0, 6, 1, 2, 3, 4]
        let call = RTMPLink.text("createStream") + RTMPLink.number(2) + [5]
        let command = RTMPLink.head(3, 20, 0, 0, call.count) + call
        let request = Array("GET /live/\(ground.stream).m3u8x HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        for (words, isViewer) in [(ping, false), (command, false), (ping, true)] {
            let link = RTMPLink(try RawClient(port: ground.rtmpPort, kernelBuffer: 8192))
            #expect(link.connect(ground.rtmpPort) == nil)
            // Where nobody publishes, so that it is not cut off for the pictures that it does not take.
            if isViewer { #expect(link.play(ground.spare) == nil) }
            let flood = [[UInt8]](repeating: words, count: 300_000).flatMap { $0 }
            _ = link.client.send(flood, within: .seconds(20))
            #expect(await Attackers([link.client]).areRefused(within: .seconds(5)))
            try await ground.expectUnharmed()
        }
        let client = try RawClient(port: ground.httpPort, kernelBuffer: 8192)
        let flood = [[UInt8]](repeating: request, count: 10_000).flatMap { $0 }
        for _ in 0..<20 where client.send(flood, within: .milliseconds(500)) < flood.count { break }
        try await ground.expectUnharmed()
    }

    /// Forty who play and never read, by both protocols: they hold up nobody, and are cut off.
    @Test func viewersThatNeverRead() async throws {
        let ground = try await OriginGround.start()
        let before = ground.descriptors
        let request = Array("GET /live/\(ground.stream).flv HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        let stalled = try (0..<40).map { number in
            let client = try RawClient(
                port: number % 2 == 0 ? ground.rtmpPort : ground.httpPort, kernelBuffer: 8192)
            if number % 2 == 1 {
                _ = client.send(request)
            } else {
                let link = RTMPLink(client)
                guard link.connect(ground.rtmpPort) == nil, link.play(ground.stream) == nil else {
                    throw LabError("cannot play")
                }
            }
            return client
        }
        #expect(await eventually(within: .seconds(10)) { ground.descriptors >= before + 40 })
        #expect(
            await eventually(within: .seconds(60), every: .milliseconds(500)) { ground.descriptors <= before + 4 })
        try await ground.expectUnharmed()
        #expect(stalled.count == 40)
    }

    /// Nothing outside is served, nothing is put into the answer, nothing is waited for.
    @Test func httpAttacks() async throws {
        let ground = try await OriginGround.start()
        for request in HTTPAttack.requests {
            let text = request.split(separator: "STREAM", omittingEmptySubsequences: false).joined(
                separator: ground.stream)
            let client = try RawClient(port: ground.httpPort)
            // One byte a character, whatever it is.
            _ = client.send(text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }, within: .seconds(2))
            var answer: [UInt8] = []
            let deadline = HostTime.now() + .seconds(15)
            reading: while HostTime.now() < deadline, answer.count < 1 << 20 {
                switch client.receive(within: deadline - .now()) {
                case .bytes(let more): answer += more
                case .ended, .reset: break reading
                case .nothing:
                    Issue.record("left waiting: \(text.prefix(60))")
                    break reading
                }
            }
            let said = String(decoding: answer, as: UTF8.self)
            let isRefused = said.isEmpty || ["4", "501", "505"].contains { said.hasPrefix("HTTP/1.1 " + $0) }
            #expect(isRefused, "\(text.prefix(80)): \(said.prefix(60))")
            #expect(!said.contains("root:"))
            #expect(!said.lowercased().contains("\nx-injected") && !said.lowercased().contains("\rx-injected"))
        }
        try await ground.expectUnharmed()
    }
}

/// What a publisher may do after a good start.
enum PublisherBomb: String, CaseIterable, Sendable {
    case garbage, largeMessage, manyLarge, noKeyFrames, onlyKeyFrames, onlySound, deepMetadata, hugeMetadata,
        wildTimes

    /// Against the protocol or its limits; the others are only large.
    var isRefused: Bool { [.garbage, .largeMessage, .manyLarge].contains(self) }

    func explode(_ link: RTMPLink) {
        var noise = Noise(seed: 5)
        let picture: ([UInt8], Int) -> [UInt8] = { $0 + [1, 0, 0, 0] + [UInt8](repeating: 7, count: $1) }
        for index in 0..<20 { _ = link.send(6, 9, 1, UInt32(index * 40), picture([index == 0 ? 0x17 : 0x27], 500)) }
        switch self {
        case .garbage: _ = link.client.send(noise.bytes(1 << 20), within: .seconds(5))
        case .largeMessage:
            let size = RTMPLink.head(2, 1, 0, 0, 4) + RTMPLink.four(0xFF_FFFF)
            _ = link.client.send(
                size + RTMPLink.head(6, 9, 1, 900, 0xFF_FFFF) + [UInt8](repeating: 7, count: 16 << 20),
                within: .seconds(5))
        case .manyLarge:
            _ = link.client.send(RTMPLink.head(2, 1, 0, 0, 4) + RTMPLink.four(6 << 20), within: .seconds(1))
            for stream in UInt8(6)..<30 {
                let part = RTMPLink.head(stream, 9, 1, 900, 7 << 20) + [UInt8](repeating: 7, count: 6 << 20)
                guard link.client.send(part, within: .seconds(3)) == part.count else { return }
            }
        case .noKeyFrames: flood(link, 400) { picture([0x27], 500_000 + $0) }
        case .onlyKeyFrames: flood(link, 100) { picture([0x17], 2_000_000 + $0) }
        case .onlySound: flood(link, 20_000) { [0xAF, 1] + [UInt8](repeating: 3, count: 400 + $0 % 10) }
        case .deepMetadata:
            let deep = [2, 0, 10] + Array("onMetaData".utf8) + (0..<16_000).flatMap { _ in [3, 0, 1, 97] }
            flood(link, 50) { _ in deep }
        case .hugeMetadata:
            flood(link, 20) {
                [2, 0, 10] + Array("onMetaData".utf8) + [UInt8](repeating: 5, count: 3_000_000 + $0)
            }
        case .wildTimes:
            for _ in 0..<2000 {
                _ = link.send(
                    6, 9, 1, UInt32(truncatingIfNeeded: noise.next()),
                    picture([noise.next() % 9 == 0 ? 0x17 : 0x27], 900))
            }
        }
    }

    private func flood(_ link: RTMPLink, _ count: Int, _ body: (Int) -> [UInt8]) {
        for index in 0..<count {
            let body = body(index)
            let isSound = body[0] == 0xAF
            let kind: UInt8 = body[0] == 2 ? 18 : isSound ? 8 : 9
            guard link.send(isSound ? 4 : 6, kind, 1, UInt32(800 + index * 20), body) else { return }
        }
    }
}
