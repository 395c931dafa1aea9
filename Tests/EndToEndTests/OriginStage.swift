// An origin as `stream-start` begins it, with a publisher, for the players of others to be tried on.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

final class OriginStage: Sendable {
    /// What is published.
    enum Source: String, Sendable, CaseIterable {
        /// 640x360 at 30 fps with the wall clock as a barcode, GOP of 2 s, and a tone.
        case stamped
        case bFrames, fullHD, soundOnly
    }

    private let directory: TempDirectory
    private let result: JSONReader.Value
    private let camera: StampedPublisher?
    private let program: Program?

    static func begin(_ source: Source = .stamped) async throws -> OriginStage {
        let directory = try TempDirectory("stage")
        let run = try await sluice(
            ["stream-start", "demo", "--rtmp-port", "0", "--http-port", "0", "--json"], directory)
        let stage = try OriginStage(directory, #require(run.result, "\(run.errors)"), source)
        let isLive = try await eventually(within: .seconds(20), every: .milliseconds(200)) {
            let listed = try await sluice(["stream-list", "--json"], directory)
            return listed.result?["channels"]?.array?.first?["state"]?.string == "live"
        }
        guard isLive else { throw LabError("nobody publishes: \(stage.program?.errors ?? "")") }
        return stage
    }

    /// The origin goes as soon as its stream has.
    private static func sluice(_ words: [String], _ directory: TempDirectory) async throws -> SluiceRun {
        try await SluiceBinary.run(
            words,
            environment: ["SLUICE_STATE_DIR": directory.file("state"), "SLUICE_ORIGIN_LINGER": "300ms"])
    }

    private init(_ directory: TempDirectory, _ result: JSONReader.Value, _ source: Source) throws {
        self.directory = directory
        self.result = result
        let target = try #require(result["publish_url"]?.string)
        guard source != .stamped else {
            camera = try StampedPublisher(to: target)
            program = nil
            return
        }
        camera = nil
        let picture = { (size: String) in ["-re", "-f", "lavfi", "-i", "testsrc2=size=\(size):rate=25"] }
        let sound = ["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"]
        let video = [
            "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "50", "-sc_threshold", "0",
        ]
        let words: [String] =
            switch source {
            case .stamped: []
            case .bFrames: picture("320x180") + sound + video + ["-bf", "3", "-b_strategy", "0"]
            case .fullHD: picture("1920x1080") + sound + video + ["-tune", "zerolatency", "-b:v", "4M"]
            case .soundOnly: sound
            }
        program = try Program(
            ["ffmpeg", "-nostdin", "-v", "error"] + words + ["-c:a", "aac", "-f", "flv", target])
    }

    /// `rtmp`, `flv`, `hls`: as `stream-start` prints them. `feed`: the browsers' one beside them.
    func address(_ kind: String) throws -> String {
        if kind == "feed" { return try address("flv").replacing(".flv", with: ".mp4") }
        return try #require(result["watch"]?[kind]?.string)
    }

    /// The stream ends for everybody.
    func stop() async throws { _ = try await Self.sluice(["stream-stop", "--all", "--quiet"], directory) }

    func end() async throws {
        await camera?.stop()
        await program?.stop()
        try await stop()
        let origin = try #require(result["origin_pid"]?.int)
        #expect(await eventually(within: .seconds(20)) { kill(pid_t(origin), 0) != 0 })
    }

    /// Words that run a program as an ordinary user: Chromium and VLC do not run as root.
    static func asUser(_ words: [String], home: TempDirectory) -> [String] {
        chmod(home.path, 0o777)
        let user = geteuid() == 0 ? ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] : []
        return user + ["env", "HOME=\(home.path)", "TMPDIR=\(home.path)", "XDG_RUNTIME_DIR=\(home.path)"] + words
    }
}
