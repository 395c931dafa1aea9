// What the program says about itself.
import Model
import TestSupport
import Testing

@Suite struct CommandLineHelpTests {
    static let common = [
        "--json", "--stats", "--log-level", "-q", "--quiet", "--no-color", "--version", "-h", "--help",
    ]
    static let source = [
        "--timeout", "--header", "--user-agent", "--av-option", "--rtsp-transport", "--quality", "--video-track",
        "--audio-track", "--insecure",
    ]
    static let push = [
        "-i", "--loop", "--start-at", "-t", "--duration", "--no-pace", "--live", "--format", "--input-format",
        "--input-pix-fmt", "--input-size", "--input-fps", "--video", "--audio", "--bitrate", "--size", "--fps",
        "--gop", "--preset", "--tune", "--profile", "--audio-bitrate", "--no-marks",
    ]
    static let play = [
        "-i", "--mode", "--nobuffer", "--min-delay", "--max-delay", "--target-delay", "--max-rate", "--skip-above",
        "--wait", "--reconnect", "--give-up", "--exit-on-end", "--hwaccel", "--start-at", "-ss", "-t", "--duration",
        "--no-video", "-vn", "--no-audio", "-an",
        "--vo", "--ao", "--fullscreen", "-fs", "--size", "--title", "--volume", "-volume", "--raw", "--pix-fmt",
        "--wav", "--snapshot", "--snapshot-every", "--record", "-fflags", "-flags", "-nodisp", "-autoexit", "-x",
        "-y",
        "-framedrop", "-probesize", "-analyzeduration", "-sync",
    ]

    static let probe = [
        "-i", "-t", "--duration", "--latency", "--check", "--expect", "--follow", "--loopback", "--wait",
    ]
    static let record = [
        "-i", "-o", "--format", "--segment", "--at-clock", "-t", "--duration", "--max-disk", "--list", "--repair",
        "--wait", "--reconnect", "--give-up",
    ]
    static let streamStart =
        push + [
            "--print", "--foreground", "--reuse", "--no-wait", "--stream-id", "--quota", "--rtmp-port",
            "--http-port",
        ]
    /// Those that open inputs.
    static let commands = [
        ("push", push), ("play", play), ("record", record), ("probe", probe), ("stream-start", streamStart),
    ]
    /// Those that open none.
    static let others = [("stream-stop", ["--all"]), ("stream-list", [])]

    /// The options of a command, as its definition lists them.
    static func flags(of command: String) async throws -> Set<String> {
        let run = try await SluiceBinary.run(["--experimental-dump-help"])
        let commands = JSONReader.parse(run.text)?["command"]?["subcommands"]?.array ?? []
        let found = try #require(commands.first { $0["commandName"]?.string == command })
        var names: Set<String> = []
        for entry in found["arguments"]?.array ?? [] where entry["shouldDisplay"]?.bool == true {
            for name in entry["names"]?.array ?? [] {
                let dashes = name["kind"]?.string == "long" ? "--" : "-"
                names.insert(dashes + (name["name"]?.string ?? ""))
            }
        }
        return names
    }

    @Test(arguments: commands)
    func definitions_areExactlyTheseOptions(_ command: String, _ own: [String]) async throws {
        #expect(try await Self.flags(of: command) == Set(own + Self.source + Self.common))
    }

    @Test(arguments: others)
    func definitions_ofOthers_areExactlyTheseOptions(_ command: String, _ own: [String]) async throws {
        #expect(try await Self.flags(of: command) == Set(own + Self.common))
    }

    @Test(arguments: commands.map { ($0.0, $0.1 + source) } + others)
    func help_listsEveryOption(_ command: String, _ own: [String]) async throws {
        let run = try await SluiceBinary.run([command, "--help"])
        #expect(run.status == 0)
        #expect(run.errors.isEmpty)
        let words = Set(run.text.split { " \n,[=".contains($0) }.map(String.init))
        for flag in own + Self.common { #expect(words.contains(flag), "\(flag)") }
        #expect(run.text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test func help_showsOptionalValues() async throws {
        let push = try await SluiceBinary.run(["push", "-h"])
        #expect(push.text.contains("  --loop[=<n>]            Play"))
        #expect(!push.text.contains("loop-value"))
        for command in ["record", "probe"] {
            let run = try await SluiceBinary.run([command, "-h"])
            #expect(run.text.contains("  --wait[=<duration>]     Wait"))
            #expect(!run.text.contains("wait-value"))
        }
    }

    @Test func help_comesInThreeWays() async throws {
        let long = try await SluiceBinary.run(["play", "--help"])
        #expect(try await SluiceBinary.run(["play", "-h"]).text == long.text)
        #expect(try await SluiceBinary.run(["help", "play"]).text == long.text)
    }

    @Test func nothing_printsTheHelp() async throws {
        let run = try await SluiceBinary.run([])
        #expect(run.status == 0)
        for (name, _) in Self.commands + Self.others { #expect(run.text.contains("  \(name) ")) }
        #expect(run.text == (try await SluiceBinary.run(["--help"]).text))
    }

    @Test func version_isOneLine() async throws {
        for words in [["--version"]] + (Self.commands + Self.others).map({ [$0.0, "--version"] }) {
            let run = try await SluiceBinary.run(words)
            #expect(run.status == 0)
            #expect(run.text.hasPrefix("sluice 0."))
            #expect(run.text.filter(\.isNewline).count == 1)
            #expect(run.errors.isEmpty)
        }
    }

    @Test func version_asJSON_isAResult() async throws {
        let run = try await SluiceBinary.run(["--version", "--json"])
        #expect(run.events.count == 1)
        #expect(run.result?["version"]?.string?.hasPrefix("0.") == true)
    }
}

enum Repository {
    /// Three directories above this file.
    static var root: String { "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") }
}
