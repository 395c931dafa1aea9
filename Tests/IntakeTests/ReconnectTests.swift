// Streams that break and come back, over real sockets: a server of our own that misbehaves as told.
import Glibc
import Model
import NIOCore
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Intake

extension SourceTape {
    var interruptions: [(error: SluiceError, attempt: Int, pause: Span, at: HostTime)] {
        entries.compactMap {
            if case .interrupted(let error, let attempt, let pause) = $0.event {
                (error, attempt, pause, $0.at)
            } else {
                nil
            }
        }
    }
    var resumptions: [(epoch: Int, gap: Span)] {
        events.compactMap { if case .resumed(let epoch, let gap) = $0 { (epoch, gap) } else { nil } }
    }
    var openings: Int { events.count { if case .opened = $0 { true } else { false } } }
    /// Names of what came, runs of the same shortened to one.
    var course: [String] {
        var names: [String] = []
        for event in events {
            let name = String("\(event)".prefix { $0 != "(" })
            if name != "fact", name != "note", names.last != name { names.append(name) }
        }
        return names
    }
}

func patience(
    _ limit: ReconnectLimit = .forever, giveUp: Span? = .seconds(600), wait: StreamWait? = nil
) -> ReconnectOptions {
    var options = ReconnectOptions()
    (options.limit, options.giveUp, options.wait) = (limit, giveUp, wait)
    return options
}

@Suite(.serialized, .timeLimit(.minutes(3))) struct ReconnectTests {
    static let head = "HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\n\r\n"
    static let chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    static func stream(size: String = "160x120", seconds: Int = 1) async throws -> [UInt8] {
        let directory = try TempDirectory("reconnect")
        return try Fixture.bytes(try await Fixture.flv(directory, "a.flv", seconds: seconds, size: size))
    }

    private func address(_ port: Int) -> String { "http://127.0.0.1:\(port)/live/cam.flv" }

    @Test func aStreamThatBreaks_isTakenUpAtOnceAndThenEachSecond() async throws {
        let bytes = try await Self.stream()
        // The first connection breaks after a while, those after it at once and without media, until the sixth.
        let server = try PlainServer { visitor in
            guard visitor.readHead() else { return }
            if (1...4).contains(visitor.index) { return }
            visitor.send(Self.head)
            visitor.send(bytes)
            if visitor.index == 0 { visitor.hold(.seconds(1.5)) } else { visitor.holdWhileOpen() }
        }
        let tape = try SourceTape(address(server.port), reconnect: patience())
        #expect(
            await eventually(within: .seconds(15)) { !tape.resumptions.isEmpty && tape.packets.last?.epoch != 0 })
        let times = server.arrivals.map { ($0 - server.arrivals[0]).seconds }
        try #require(times.count == 6)
        #expect(times[1] > 1.4 && times[1] < 1.9, "at once: \(times)")
        let steps = zip(times.dropFirst(2), times.dropFirst()).map { $0 - $1 }
        // As the server's thread sees it, which gets its turn when it gets it.
        #expect(steps.allSatisfy { $0 > 0.7 && $0 < 1.6 }, "each second: \(steps)")
        #expect(tape.interruptions.map(\.attempt) == [1, 2, 3, 4, 5])
        #expect(
            tape.interruptions[0].error.reason == .connectionLost
                && tape.interruptions[0].pause < .milliseconds(100))
        let course = ["opened", "tracks", "packet", "interrupted", "resumed", "tracks", "packet"]
        #expect(relaxed(tape.course) == course, "\(tape.course)")
        #expect(tape.openings == 1)
        let gap = tape.resumptions[0].gap
        #expect(tape.resumptions.count == 1 && tape.resumptions[0].epoch == 5)
        #expect(gap > .seconds(5) && gap < .seconds(9), "since the last media: \(gap.seconds)")
        #expect(Set(tape.packets.map(\.epoch)) == [0, 5])
        #expect(tape.facts.count { if case .reached = $0 { true } else { false } } == 6, "facts of each attempt")
    }

    /// Tracks and first packets of several tracks may alternate.
    private func relaxed(_ course: [String]) -> [String] {
        course.reduce(into: []) { if $1 != "tracks" || $0.last != "packet" { if $0.last != $1 { $0.append($1) } } }
    }

    @Test func aServerThatRestarts_isFoundAgain() async throws {
        let bytes = try await Self.stream()
        let serve: @Sendable (PlainServer.Visitor) -> Void = { visitor in
            guard visitor.readHead() else { return }
            visitor.send(Self.head)
            visitor.send(bytes)
            visitor.holdWhileOpen()
        }
        let first = try PlainServer(serve)
        let tape = try SourceTape(address(first.port), reconnect: patience())
        #expect(await tape.holds(packets: 30))
        first.stop()
        #expect(await eventually(within: .seconds(10)) { tape.interruptions.count >= 3 })
        #expect(tape.interruptions.dropFirst().allSatisfy { $0.error.reason == .refused })
        let back = HostTime.now()
        let second = try PlainServer(port: first.port, serve)
        #expect(await eventually(within: .seconds(5)) { !tape.resumptions.isEmpty })
        #expect(HostTime.now() - back < .seconds(1.5))
        #expect(second.arrivals.count == 1)
        #expect(
            await eventually(within: .seconds(5)) { tape.source.receivedBytes > bytes.count * 3 / 2 },
            "of both connections")
    }

    @Test func aPublisherThatComesBackAsAnother_isAnnounced() async throws {
        let one = try await Self.stream()
        let two = try await Self.stream(size: "320x240")
        let server = try PlainServer { visitor in
            guard visitor.readHead() else { return }
            visitor.send(Self.head)
            visitor.send(visitor.index == 0 ? one : two)
            if visitor.index > 0 { visitor.holdWhileOpen() }
        }
        let tape = try SourceTape(address(server.port), reconnect: patience())
        #expect(await eventually(within: .seconds(10)) { tape.packets.count { $0.epoch == 1 } > 30 })
        let resumed = try #require(tape.events.firstIndex { if case .resumed = $0 { true } else { false } })
        guard case .tracks(let tracks) = tape.events[resumed + 1] else {
            Issue.record("\(tape.events[resumed + 1])")
            return
        }
        #expect(tracks.first { $0.kind == .video }?.video?.width == 320)
        let after = tape.events[resumed...].compactMap { if case .packet(let packet) = $0 { packet } else { nil } }
        #expect(after.allSatisfy { $0.epoch == 1 })
        #expect((after.first?.dts ?? .zero) < MediaTime(milliseconds: 200), "its own timeline, from its beginning")
    }

    @Test func whenItsTimeIsOver_itIsGivenUp() async throws {
        let bytes = try await Self.stream()
        let server = try PlainServer { visitor in
            guard visitor.readHead(), visitor.index == 0 else { return visitor.holdWhileOpen() }
            visitor.send(Self.head)
            visitor.send(bytes)
        }
        let tape = try SourceTape(address(server.port), reconnect: patience(giveUp: .seconds(2.5)))
        #expect(await tape.ends(within: .seconds(10)))
        let error = try #require(tape.end ?? nil)
        #expect(error.isMidStream, "exit status 74")
        #expect(
            error.why.contains("given up after 1 attempt in 3 s")
                || error.why.contains("given up after 1 attempt in 2 s"), "\(error.why)")
        let broke = try #require(tape.interruptions.first?.at)
        let ended = try #require(tape.entries.last?.at)
        #expect(ended - broke > .seconds(2.2) && ended - broke < .seconds(3.5), "\((ended - broke).seconds)")
        #expect(tape.source.isFinished)
    }

    @Test func afterNTries_itIsGivenUp() async throws {
        let bytes = try await Self.stream()
        let server = try PlainServer { visitor in
            guard visitor.readHead(), visitor.index == 0 else { return }
            visitor.send(Self.head)
            visitor.send(bytes)
        }
        let tape = try SourceTape(address(server.port), reconnect: patience(.times(2)))
        #expect(await tape.ends(within: .seconds(10)))
        #expect(server.arrivals.count == 3)
        let error = try #require(tape.end ?? nil)
        #expect(error.isMidStream && error.why.contains("given up after 2 attempts"), "\(error)")
    }

    @Test func off_isOff() async throws {
        let bytes = try await Self.stream()
        let server = try PlainServer { visitor in
            guard visitor.readHead() else { return }
            visitor.send(Self.head)
            visitor.send(bytes)
        }
        for options in [ReconnectOptions.none, patience(.off, wait: .forever)] {
            let tape = try SourceTape(address(server.port), reconnect: options)
            #expect(await tape.ends())
            #expect((tape.end ?? nil)?.reason == .connectionLost)
            #expect(tape.interruptions.isEmpty)
        }
        #expect(server.arrivals.count == 2)
    }

    @Test func aStreamThatTheServerEnds_isOver() async throws {
        let bytes = try await Self.stream()
        let server = try PlainServer { visitor in
            guard visitor.readHead() else { return }
            visitor.send(Self.chunkedHead + String(bytes.count, radix: 16) + "\r\n")
            visitor.send(bytes + Array("\r\n0\r\n\r\n".utf8))
        }
        let tape = try SourceTape(address(server.port), reconnect: patience(wait: .forever))
        #expect(await tape.ends())
        #expect(tape.end == .some(nil) && server.arrivals.count == 1)
    }

    @Test func anEndThatIsAnInterruption_isTakenUpAgain() async throws {
        let bytes = try await Self.stream()
        let server = try PlainServer { visitor in
            guard visitor.readHead() else { return }
            visitor.send(Self.chunkedHead + String(bytes.count, radix: 16) + "\r\n")
            visitor.send(bytes + Array("\r\n".utf8))
            if visitor.index > 0 { return visitor.holdWhileOpen() }
            visitor.send("0\r\n\r\n")
        }
        var options = patience()
        options.streamEnd = .interruption(giveUp: nil)
        let tape = try SourceTape(address(server.port), reconnect: options)
        #expect(await eventually(within: .seconds(10)) { tape.packets.count { $0.epoch == 1 } > 20 })
        let error = try #require(tape.interruptions.first?.error)
        #expect(error.reason == .notLive && error.isMidStream, "\(error)")
        #expect(tape.end == nil && tape.openings == 1)
    }

    /// However soon the next attempt would be due.
    @Test func anEndThatNobodyWaitsBehind_isTheEnd() async throws {
        let bytes = try await Self.stream()
        let mayEnd = Monitor(false)
        let server = try PlainServer { visitor in
            guard visitor.readHead() else { return }
            visitor.send(Self.chunkedHead + String(bytes.count, radix: 16) + "\r\n")
            visitor.send(bytes + Array("\r\n".utf8))
            _ = mayEnd.wait(until: .now() + .seconds(60)) { $0 ? true : nil }
            visitor.send("0\r\n\r\n")
        }
        var options = patience()
        options.streamEnd = .interruption(giveUp: nil)
        let tape = try SourceTape(address(server.port), reconnect: options)
        #expect(await tape.holds(packets: 20))
        tape.source.endsWithStream()
        mayEnd.withLock { $0 = true }
        #expect(await tape.ends(within: .seconds(30)))
        #expect(tape.end == .some(nil) && tape.interruptions.isEmpty && server.arrivals.count == 1)
    }

    @Test func aFileOnAServer_isReadOnce() async throws {
        let bytes = try await Self.stream()
        let server = try PlainServer { visitor in
            guard visitor.readHead() else { return }
            visitor.send("HTTP/1.1 200 OK\r\nContent-Length: \(bytes.count)\r\nConnection: close\r\n\r\n")
            visitor.send(bytes)
        }
        let tape = try SourceTape(address(server.port), reconnect: patience(wait: .forever))
        #expect(await tape.ends())
        #expect(tape.end == .some(nil) && tape.interruptions.isEmpty)
        #expect(tape.packets.allSatisfy { $0.epoch == 0 })
    }

    @Test func aRefusalForWantOfPermission_isFinal() async throws {
        let bytes = try await Self.stream()
        let server = try PlainServer { visitor in
            guard visitor.readHead() else { return }
            if visitor.index == 0 {
                visitor.send(Self.head)
                visitor.send(bytes)
            } else {
                visitor.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            }
        }
        let tape = try SourceTape(address(server.port), reconnect: patience())
        #expect(await tape.ends())
        #expect((tape.end ?? nil)?.reason == .denied && server.arrivals.count == 2)
    }

    // MARK: Waiting for a stream

    @Test func aStreamThatComesUpLater_isPickedUpWithinASecond() async throws {
        let bytes = try await Self.stream()
        let live = LiveSwitch()
        let server = try PlainServer { visitor in
            guard visitor.readHead() else { return }
            guard live.isOn else {
                visitor.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                return
            }
            visitor.send(Self.head)
            visitor.send(bytes)
            visitor.holdWhileOpen()
        }
        let tape = try SourceTape(address(server.port), reconnect: patience(wait: .forever))
        #expect(await eventually(within: .seconds(10)) { server.arrivals.count == 4 })
        let steps = zip(server.arrivals.dropFirst(), server.arrivals).map { ($0 - $1).seconds }
        #expect(steps.allSatisfy { $0 > 0.9 }, "not more than one a second: \(steps)")
        live.turnOn()
        let on = HostTime.now()
        #expect(await tape.holds(packets: 20))
        #expect(HostTime.now() - on < .seconds(1.5))
        #expect(tape.openings == 1 && tape.resumptions.count == 1)
        #expect(tape.interruptions.allSatisfy { $0.error.reason == .notLive })
        #expect(relaxed(tape.course) == ["interrupted", "opened", "resumed", "tracks", "packet"], "\(tape.course)")
    }

    @Test func withoutWaiting_aFirstFailureIsTheEnd() async throws {
        let port = try FreePort.tcp()
        let tape = try SourceTape(address(port), reconnect: patience())
        #expect(await tape.ends(within: .seconds(3)))
        let error = try #require(tape.end ?? nil)
        #expect(error.reason == .refused && !error.isMidStream && !error.why.contains("waited"))
    }

    @Test func waitingEndsWhenItsTimeIsOver() async throws {
        let port = try FreePort.tcp()
        let silent = try PlainServer { visitor in
            guard visitor.readHead() else { return }
            visitor.send(Self.head)
            visitor.holdWhileOpen()
        }
        let reasons: [(Int, Reason)] = [(port, .refused), (silent.port, .notLive)]
        for (port, reason) in reasons {
            let start = HostTime.now()
            let tape = try SourceTape(address(port), reconnect: patience(wait: .atMost(.seconds(2.2))))
            #expect(await tape.ends(within: .seconds(10)))
            let took = HostTime.now() - start
            #expect(took > .seconds(2.1) && took < .seconds(3.5), "\(took.seconds)")
            let error = try #require(tape.end ?? nil)
            #expect(
                error.reason == reason && !error.isMidStream && error.why.hasSuffix("; waited for 2 s"), "\(error)")
        }
        #expect(
            await eventually(within: .seconds(2)) { silent.openConnections == 0 }, "what was given up is closed")
    }

    // MARK: Ends

    enum Moment: String, CaseIterable, Sendable { case pausing, connecting, halfOpen, playing }

    @Test(arguments: Moment.allCases) func itEndsAtOnceAtAnyMoment(moment: Moment) async throws {
        let bytes = try await Self.stream()
        let server = try PlainServer { visitor in
            if moment == .connecting { return visitor.hold(.seconds(30)) }
            guard visitor.readHead() else { return }
            visitor.send(Self.head)
            switch moment {
            case .pausing, .connecting: break
            case .halfOpen: visitor.holdWhileOpen()
            case .playing:
                visitor.send(bytes)
                visitor.holdWhileOpen()
            }
        }
        var tape: SourceTape? = try SourceTape(address(server.port), reconnect: patience(wait: .forever))
        weak let reader = tape?.source.reader
        let isThere = await eventually(within: .seconds(10)) {
            switch moment {
            case .pausing: tape?.interruptions.isEmpty == false
            case .connecting, .halfOpen: server.openConnections == 1
            case .playing: (tape?.packets.count ?? 0) > 10
            }
        }
        #expect(isThere)
        tape?.cancel.set()
        #expect(await eventually(within: .seconds(1)) { tape?.source.isFinished == true })
        tape = nil
        #expect(await eventually(within: .seconds(2)) { reader == nil }, "its thread has ended")
        if moment != .connecting {
            #expect(await eventually(within: .seconds(2)) { server.openConnections == 0 })
        }
    }

    @Test func aThousandReconnects_leaveNothingBehind() async throws {
        let bytes = Array(try await Self.stream().prefix(60_000))
        let server = try PlainServer { visitor in
            guard visitor.readHead() else { return }
            visitor.send(Self.head)
            visitor.send(bytes)
        }
        try await checkFootprint(of: 1000, address(server.port), live: true) { settings, port, cancel in
            LiveReader(settings, transport: .httpFLV, port: port, cancel: cancel)
        }
    }

    @Test func reconnectsThroughFFmpeg_leaveNothingBehind() async throws {
        let directory = try TempDirectory("reconnect")
        try await Fixture.ffmpeg([
            "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-t", "1", "-c:v", "libx264", "-f", "mpegts",
            directory.file("a.ts"),
        ])
        let bytes = try #require(contents(ofFile: directory.file("a.ts")))
        let server = try PlainServer { $0.send(bytes) }
        try await checkFootprint(of: 200, "tcp://127.0.0.1:\(server.port)", live: false) { settings, port, cancel in
            DemuxReader(settings, port: port, cancel: cancel)
        }
    }

    /// Reconnects without the law's rhythm, and looks at the process before and after.
    private func checkFootprint(
        of count: Int, _ address: String, live: Bool,
        _ make: @escaping @Sendable (SourceSettings, EventPort, CancelFlag) -> any SourceReader
    ) async throws {
        var settings = SourceSettings(address: try MediaAddress(address), options: SourceOptions())
        settings.reconnect = patience()
        let queue = EventQueue(bytes: live ? nil : 4 << 20)
        let reader = ReconnectingReader(settings, queue: queue, rhythm: .milliseconds(1)) { [settings] in
            make(settings, $0, $1)
        }
        reader.start()
        func resumed(_ count: Int) async -> Bool {
            var epochs = 0
            return await eventually(within: .seconds(60)) {
                while let event = queue.next(until: .now()) {
                    if case .resumed = event { epochs += 1 }
                }
                return epochs >= count
            }
        }
        #expect(await resumed(20))
        let before = Self.footprint()
        #expect(await resumed(count))
        let after = Self.footprint()
        // Other tests of this process come and go.
        #expect(after.threads - before.threads < 60, "\(before) \(after)")
        #expect(after.descriptors - before.descriptors < 100, "\(before) \(after)")
        reader.close()
        queue.close()
    }

    private static func footprint() -> (threads: Int, descriptors: Int) {
        (fileNames(in: "/proc/self/task").count, fileNames(in: "/proc/self/fd").count)
    }
}

/// Whether somebody publishes.
final class LiveSwitch: Sendable {
    private let state = Atomic<Bool>(false)
    var isOn: Bool { state.load(ordering: .acquiring) }
    func turnOn() { state.store(true, ordering: .releasing) }
}
