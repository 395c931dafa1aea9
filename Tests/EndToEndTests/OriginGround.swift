import Model
import Synchronization
import TestSupport
import Testing

// An origin under attack: one of its streams is published by hand and watched by rtmpdump and curl, who have to get
// every packet; the other is free for the attacker.
#if canImport(Glibc)
    import Glibc
#endif

/// A running origin. Ends with its owner.
final class OriginGround: Sendable {
    let rtmpPort: Int
    let httpPort: Int
    /// Stream names at the server: one that is watched, one that nobody publishes to.
    let stream: String
    let spare: String
    let pid: Int32
    private let state: TempDirectory
    private let sender: RTMPTagSender
    private let source: TagLoop
    private let tapes: [FLVTape]
    private let startMemory: Int

    /// Both viewers have pictures when it returns.
    static func start() async throws -> OriginGround {
        let state = try TempDirectory("origin")
        let first = try await open("ground", state)
        let second = try await open("spare", state)
        guard let pid = first["origin_pid"]?.int, let rtmp = first["watch"]?["rtmp"]?.string,
            let flv = first["watch"]?["flv"]?.string, let spare = second["stream_id"]?.string,
            let stream = first["stream_id"]?.string, let rtmpPort = port(rtmp), let httpPort = port(flv)
        else { throw LabError("stream-start tells no addresses") }
        let source = try await TagLoop("bbb-360p.mp4")
        let sender = try RTMPTagSender(port: rtmpPort, stream: stream) { source.tag($0) }
        guard await eventually(within: .seconds(10), { sender.sent.count > 50 }) else {
            throw LabError("cannot publish: \(sender.problem ?? "nothing sent")")
        }
        let tapes = [try FLVTape.unprobed(rtmp), try FLVTape.http(flv)]
        let ground = OriginGround(state, (rtmpPort, httpPort), (stream, spare), Int32(pid), source, sender, tapes)
        for tape in tapes {
            guard await eventually(within: .seconds(15), { tape.video.count > 5 }) else {
                throw LabError("a viewer gets nothing")
            }
        }
        return ground
    }

    private init(
        _ state: TempDirectory, _ ports: (Int, Int), _ streams: (String, String), _ pid: Int32, _ source: TagLoop,
        _ sender: RTMPTagSender, _ tapes: [FLVTape]
    ) {
        self.state = state
        (rtmpPort, httpPort) = ports
        (stream, spare) = streams
        self.pid = pid
        self.source = source
        self.sender = sender
        self.tapes = tapes
        startMemory = Self.memory(pid) ?? 0
    }

    deinit { kill(pid, SIGKILL) }

    private static func open(_ name: String, _ state: TempDirectory) async throws -> JSONReader.Value {
        let run = try await SluiceBinary.run(
            ["stream-start", name, "--rtmp-port", "0", "--http-port", "0", "--json"],
            environment: ["SLUICE_STATE_DIR": state.file("state")])
        guard let result = run.result else { throw LabError("stream-start: \(run.errors)") }
        return result
    }

    private static func port(_ address: String) -> Int? {
        address.split(separator: "/").dropFirst().first?.split(separator: ":").last.flatMap { Int($0) }
    }

    // MARK: - What is known of the process

    /// Resident bytes; nil when it has gone.
    static func memory(_ pid: Int32) -> Int? {
        let text = String(decoding: contents(ofFile: "/proc/\(pid)/status") ?? [], as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line.flatMap { Int($0.filter(\.isNumber)) }.map { $0 << 10 }
    }

    /// Open descriptors.
    var descriptors: Int { fileNames(in: "/proc/\(pid)/fd").count }

    // MARK: - What has to hold

    /// After an attack: the origin has not grown by more than this, its viewers have every packet since they came, and
    /// it takes new ones.
    func expectUnharmed(growth megabytes: Int = 64, _ location: SourceLocation = #_sourceLocation) async throws {
        let memory = Self.memory(pid)
        #expect(memory != nil, "the origin has gone", sourceLocation: location)
        let grown = ((memory ?? 0) - startMemory) >> 20
        #expect(grown <= megabytes, "grown by \(grown) MB", sourceLocation: location)
        for (tape, name) in zip(tapes, ["RTMP", "HTTP-FLV"]) {
            let problem = await harm(tape)
            #expect(problem == nil, "\(name) viewer", sourceLocation: location)
        }
        let late = [
            try FLVTape.unprobed("rtmp://127.0.0.1:\(rtmpPort)/live/\(stream)"),
            try FLVTape.http("http://127.0.0.1:\(httpPort)/live/\(stream).flv"),
        ]
        for tape in late {
            #expect(
                await eventually(within: .seconds(15)) { tape.video.count > 5 }, "no new viewers",
                sourceLocation: location)
        }
    }

    /// What is wrong with what a viewer has got until now; nil: nothing.
    private func harm(_ tape: FLVTape) async -> String? {
        let goal = sender.sent.count - 1
        guard goal > 0 else { return "the publisher stands still" }
        let last = source.tag(goal)
        _ = await eventually(within: .seconds(10), every: .milliseconds(50)) {
            tape.tags.last.map { $0.timestamp >= Int(last.timestamp) } ?? false
        }
        let got = tape.tags.filter { $0.kind != 18 && $0.isMedia }
        guard let first = got.first else { return "nothing" }
        guard var index = (0...goal).first(where: { source.tag($0).is(first) }) else {
            return "begins with something that was never sent: \(first.kind) at \(first.timestamp)"
        }
        for tag in got {
            guard source.tag(index).is(tag) else {
                let missing = source.tag(index)
                return
                    "after \(index) tags: \(tag.kind) at \(tag.timestamp) for \(missing.kind) at \(missing.timestamp)"
            }
            index += 1
        }
        return index > goal ? nil : "only \(index) of \(goal + 1) tags"
    }
}

extension RTMPTagSender.Tag {
    fileprivate func `is`(_ other: TapeTag) -> Bool {
        kind == other.kind && Int(timestamp) == other.timestamp && body == other.body
    }
}

/// A clip as endless tags.
struct TagLoop: Sendable {
    private let headers: [TapeTag]
    private let media: [TapeTag]
    private let length: Int

    init(_ clip: String) async throws {
        let tape = try FLVTape(SluiceBinary.clip(clip))
        guard await tape.ends(within: .seconds(20)), let last = tape.tags.last else { throw LabError("no clip") }
        headers = tape.tags.filter { $0.kind != 18 && !$0.isMedia && $0.body.count > 5 }
        media = tape.tags.filter { $0.kind != 18 && $0.isMedia }
        length = last.timestamp + 40
    }

    func tag(_ index: Int) -> RTMPTagSender.Tag {
        guard index >= headers.count else {
            return .init(at: .zero, kind: headers[index].kind, timestamp: 0, body: headers[index].body)
        }
        let (round, place) = (index - headers.count).quotientAndRemainder(dividingBy: media.count)
        let time = media[place].timestamp + round * length
        return .init(
            at: .milliseconds(Double(time)), kind: media[place].kind, timestamp: UInt32(clamping: time),
            body: media[place].body)
    }
}
