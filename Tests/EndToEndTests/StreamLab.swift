// What tests of the stream commands need: a state directory of their own, ports that are free, and a look at what is
// left running.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

final class StreamLab: Sendable {
    let directory: TempDirectory
    static let clip = SluiceBinary.clip("bbb-360p.mp4")

    init() throws { directory = try TempDirectory("stream") }

    /// Whatever a failed test has left must not outlive it.
    deinit { for pid in Self.processes(of: directory.path) { kill(pid, SIGKILL) } }

    @discardableResult
    func run(
        _ words: String..., status: Int32 = 0, environment: [String: String?] = [:],
        within limit: Span = .seconds(25)
    ) async throws -> SluiceRun {
        let run = try await SluiceBinary.run(
            words, environment: environment, directory: directory, within: limit)
        #expect(run.status == status, "\(words.joined(separator: " ")): \(run.errors)")
        return run
    }

    /// `stream-start --json` on any free ports.
    @discardableResult
    func start(_ words: String..., status: Int32 = 0) async throws -> Started {
        try await start(words, status: status)
    }

    func start(_ words: [String], status: Int32 = 0) async throws -> Started {
        let run = try await SluiceBinary.run(
            ["stream-start"] + words + FlagLab.anyPorts + ["--json"], directory: directory, within: .seconds(25))
        #expect(run.status == status, "\(words.joined(separator: " ")): \(run.errors)")
        return Started(run: run)
    }

    func listed(_ name: String) async throws -> JSONReader.Value? {
        let channels = try await run("stream-list", "--json").result?["channels"]?.array
        return channels?.first { $0["channel"]?.string == name }
    }

    func stop(_ name: String) async throws -> JSONReader.Value {
        try #require(try await run("stream-stop", name, "--json").result)
    }

    /// Stops everything and waits for the origin's end, half a second after the last stream.
    func end() async throws {
        try await run("stream-stop", "--all", "--quiet")
        let directory = directory.path
        #expect(await eventually(within: .seconds(20)) { Self.processes(of: directory).isEmpty })
    }

    /// The codecs that ffprobe finds at an address.
    static func codecs(_ address: String, within limit: Span = .seconds(20)) async throws -> [String] {
        let program = try Program([
            "ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", address,
        ])
        #expect(await program.wait(within: limit) == .exited(0), "\(address): \(program.errors)")
        return program.output.split(separator: "\n").map { String($0.filter { $0 != "," }) }
    }

    /// Processes that have this state directory in their environment.
    static func processes(of directory: String) -> [Int32] {
        let mark = Array("SLUICE_STATE_DIR=\(directory)/".utf8)
        return fileNames(in: "/proc").compactMap(Int32.init).filter { pid in
            // A process that has ended and was not buried yet has none.
            pid != getpid() && contents(ofFile: "/proc/\(pid)/environ")?.firstRange(of: mark) != nil
        }
    }

    func log(_ name: String) -> String {
        String(decoding: contents(ofFile: directory.file("state/" + name)) ?? [], as: UTF8.self)
    }
}

/// What `stream-start --json` has said.
struct Started {
    let run: SluiceRun
    var result: JSONReader.Value? { run.result }
    var rtmp: String { result?["watch"]?["rtmp"]?.string ?? "" }
    var publish: String { result?["publish_url"]?.string ?? "" }
    var streamID: String? { result?["stream_id"]?.string }
    var state: String? { result?["state"]?.string }
    var worker: Int32? { result?["pid"]?.int.map { Int32($0) } }
    var origin: Int32? { result?["origin_pid"]?.int.map { Int32($0) } }
}

/// Whether the process is there, and more than its remains.
func isRunning(_ pid: Int32) -> Bool {
    guard let stat = contents(ofFile: "/proc/\(pid)/stat"), let bracket = stat.lastIndex(of: UInt8(ascii: ")"))
    else {
        return false
    }
    return stat.dropFirst(bracket - stat.startIndex + 2).first != UInt8(ascii: "Z")
}
