// Bad command lines: each ends with 64 and one line that names what is wrong, and nothing is opened.
import Model
import TestSupport
import Testing

@Suite struct CommandLineUsageTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let words: [String]
        /// The error line, after "sluice: ".
        let line: String
        var hint: String?
        var testDescription: String { words.joined(separator: " ") }

        init(_ line: String, _ words: String, hint: String? = nil) {
            self.words = words.split(separator: " ").map { $0 == "''" ? "" : String($0) }
            self.line = line
            self.hint = hint
        }
    }

    static let cases: [Case] = [
        Case(
            "foo: unknown command", "foo",
            hint: "the commands are push, play, record, probe, stream-start, stream-stop, stream-list"),
        // Hidden: nobody but stream-start starts them.
        Case("origin: unknown command", "origin"),
        Case("worker: unknown command", "worker demo"),
        Case("--what: unknown option", "--what", hint: "see 'sluice --help'"),
        Case("push: <input> and <url> are missing", "push", hint: "see 'sluice push --help'"),
        Case("push: <url> is missing: \"a\" alone does not say both what to send and where to", "push a"),
        Case("play: <url> is missing", "play", hint: "see 'sluice play --help'"),
        Case("play: <url> is missing", "play ''"),
        Case("b: one argument too many", "play a b", hint: "play takes one input"),
        Case("b: one argument too many", "play -i a b"),
        Case("--foo: unknown option", "push --foo a b", hint: "see 'sluice push --help'"),
        Case("--bitrte: unknown option", "push a b --bitrte 1M", hint: "did you mean --bitrate?"),
        Case("--vo: unknown option", "push a b --vo sdl", hint: "see 'sluice push --help'"),
        Case("-Z: unknown option", "play a -Z"),
        Case("---x: unknown option", "play ---x a"),
        Case("--loop-value: unknown option", "push a b --loop-value 3", hint: "did you mean --loop?"),
        Case("--gop: needs a value", "push a b --gop", hint: "see 'sluice push --help'"),
        Case("--volume: needs a value", "play a --volume -1"),
        Case("--nobuffer: takes no value", "play a --nobuffer=1"),
        // Delay
        Case("--mode: \"slow\" is not one of auto, nobuffer, rtc, live, smooth", "play a --mode slow"),
        Case("--mode live: --nobuffer says --mode nobuffer already", "play a --nobuffer --mode live"),
        Case("--mode rtc: --nobuffer says --mode nobuffer already", "play a -fflags nobuffer --mode rtc"),
        Case("--max-rate: \"0.9\" is not a speed from 1 to 2 (such as 1.1)", "play a --max-rate 0.9"),
        Case("--max-rate: \"fast\" is not a speed from 1 to 2 (such as 1.1)", "play a --max-rate fast"),
        Case(
            "--skip-above: \"never\" is not off or a duration (such as 500ms, 2s, 1h30m)",
            "play a --skip-above never"),
        Case("--skip-above: \"50ms\" is too short: the least is 100ms", "play a --skip-above 50ms"),
        Case("--min-delay: it is more than --max-delay", "play a --min-delay 2s --max-delay 1s"),
        Case("--target-delay: it is less than --min-delay", "play a --target-delay 1s --min-delay 2s"),
        Case("--target-delay: it is more than --max-delay", "play a --target-delay 3s --max-delay 2s"),
        Case("--max-delay: \"0\" must be more than zero", "play a --max-delay 0"),
        Case(
            "--target-delay: --mode nobuffer holds nothing back: it has no delay to aim at",
            "play a --nobuffer --target-delay 1s"),
        // Durations
        Case("--gop: \"2x\" is not a duration (such as 500ms, 2s, 1h30m)", "push a b --gop 2x"),
        Case("--gop: \"0\" must be more than zero", "push a b --gop 0"),
        Case("--start-at: \"1m2h\" is not a duration (such as 500ms, 2s, 1h30m)", "play a --start-at 1m2h"),
        Case("--start-at: \"1s1s\" is not a duration (such as 500ms, 2s, 1h30m)", "play a --start-at 1s1s"),
        Case("-ss: \"1:99\" is not a duration (such as 500ms, 2s, 1h30m)", "play a -ss 1:99"),
        Case("--timeout: \"nan\" is not a duration (such as 500ms, 2s, 1h30m)", "play a --timeout nan"),
        Case("--timeout: \"1e3\" is not a duration (such as 500ms, 2s, 1h30m)", "play a --timeout 1e3"),
        Case("--timeout: \"-5\" is not a duration (such as 500ms, 2s, 1h30m)", "play a --timeout=-5"),
        Case("--timeout: \"99999999999s\" is too long", "play a --timeout 99999999999s"),
        Case("-t: \"\" is not a duration (such as 500ms, 2s, 1h30m)", "play a -t ''"),
        // Rates and sizes
        Case("--bitrate: \"fast\" is not a bit rate (such as 800k, 2.5M)", "push a b --bitrate fast"),
        Case("--bitrate: \"12\" is too low: the least is 1k", "push a b --bitrate 12"),
        Case("--bitrate: \"99999M\" is too high: the most is 10G", "push a b --bitrate 99999M"),
        Case("--audio-bitrate: \"128kb\" is not a bit rate (such as 800k, 2.5M)", "push a b --audio-bitrate 128kb"),
        Case("--size: \"1280\" is not a size (such as 1280x720)", "push a b --size 1280"),
        Case("--size: \"0x0\" is not a size (such as 1280x720)", "play a --size 0x0"),
        Case("--size: \"99999x10\" is not a size (such as 1280x720)", "play a --size 99999x10"),
        Case("--size: \"641x360\" has an odd side; video codecs want even ones", "push a b --size 641x360"),
        Case("--fps: \"30/0\" is not between 0.1 and 1000 pictures a second", "push a b --fps 30/0"),
        Case("--fps: \"many\" is not a frame rate (such as 25, 29.97, 30000/1001)", "push a b --fps many"),
        Case("-x: \"wide\" is not a number of pixels", "play a -x wide"),
        Case("--volume: \"101\" is not between 0 and 100", "play a --volume 101"),
        Case("--loop: \"0\" is not a number of times (1 or more)", "push --loop=0 a b"),
        Case("--loop: \"\" is not a number of times (1 or more)", "push --loop= a b"),
        Case("--loop: \"-3\" is not a number of times (1 or more)", "push --loop=-3 a b"),
        Case("--gop: \"\" is not a duration (such as 500ms, 2s, 1h30m)", "push --gop= a b"),
        Case("--video-track: \"first\" is not a track number (0 is the first)", "play a --video-track first"),
        // Words
        Case("--vo: \"x11\" is not one of sdl, null", "play a --vo x11"),
        Case("--video: \"vp9\" is not one of copy, h264, hevc, none", "push a b --video vp9"),
        Case(
            "--preset: \"fst\" is not one of ultrafast, superfast, veryfast, faster, fast, medium, slow, slower, "
                + "veryslow", "push a b --preset fst"),
        Case("--live: \"maybe\" is not one of on, off", "push a b --live maybe"),
        Case(
            "--log-level: \"loud\" is not one of trace, debug, info, notice, warning, error",
            "play a --log-level loud"),
        Case("--rtsp-transport: \"sctp\" is not one of tcp, udp", "play a --rtsp-transport sctp"),
        Case("--quality: \"720\" is not best, worst or a height (such as 720p)", "play a --quality 720"),
        Case("-fflags: \"genpts\" is not known here: only nobuffer is", "play a -fflags genpts"),
        Case("--header: \"X\" is not a header (such as 'Referer: https://example.com')", "play a --header X"),
        Case("--av-option: \"probe\" is not of the form k=v", "play a --av-option probe"),
        Case("--snapshot: \"a.jpg\" is not the name of a .png file", "play a --snapshot a.jpg"),
        Case("--raw: \"http://h/x\" is not a file name or -", "play a --raw http://h/x"),
        Case("--format: \"a/b\" is not a name", "push a b --format a/b"),
        Case("--stats: \"-\" is standard output: --json writes the events there", "play a --stats -"),
        Case("--stats: \"fd:x\" is not fd: with the number of an open file descriptor", "play a --stats fd:x"),
        Case("--stats: \"fd:77\" is not open", "play a --stats fd:77"),
        Case("--stats: \"fd:0\" is open for reading only", "play a --stats fd:0"),
        // Things that do not go together
        Case("--bitrate: --video copy leaves the picture as it is", "push a b --video copy --bitrate 1M"),
        Case("--gop: --video none sends no picture", "push a b --video none --gop 1"),
        Case("--audio-bitrate: --audio none sends no sound", "push a b --audio none --audio-bitrate 96k"),
        Case("--video none: with --audio none there is nothing to send", "push a b --video none --audio none"),
        Case("--profile: \"high\" is not a profile of hevc", "push a b --video hevc --profile high"),
        Case("--no-video: with --no-audio there is nothing to play", "play a -vn -an"),
        Case("--raw: --no-video leaves no picture to write", "play a --raw x --no-video"),
        Case("--wav: --no-audio leaves no sound to write", "play a --wav x --no-audio"),
        Case("--pix-fmt: it says the format of --raw, which is missing", "play a --pix-fmt bgr24"),
        Case("--snapshot-every: --snapshot is missing: it names the file", "play a --snapshot-every 1s"),
        Case("--wav -: standard output already takes the pictures of --raw", "play a --raw - --wav -"),
        Case("--size: -x and -y say the size already", "play a -x 10 --size 10x10"),
        Case("-nodisp: --vo sdl asks for a window", "play a -nodisp --vo sdl"),
        Case("--loop: standard input cannot be played again", "push - b --loop"),
        Case("push -: standard input can be read only once", "push - - b"),
        Case(
            "push -: --format is missing: standard output has no name to take it from", "push a -",
            hint: "for instance --format mpegts"),
        Case(
            "--format: \"mp4\" cannot be sent to an rtmp address, which carries flv",
            "push a rtmp://127.0.0.1/a/b --format mp4"),
        Case("--input-size: only raw video needs it; add --input-format rawvideo", "push - b --input-size 2x2"),
        Case(
            "--input-format rawvideo: --input-pix-fmt is missing: raw pictures do not say what they are",
            "push - b --input-format rawvideo --input-size 2x2"),
        // Addresses
        Case("cannot use ftp://h/x: unknown URL scheme \"ftp\"", "play ftp://h/x"),
        Case("cannot use rtmp:///live/x: the URL has no host", "play rtmp:///live/x"),
        Case("cannot use rtmp://h:0/live/x: bad port \"0\"", "push a rtmp://h:0/live/x"),
        Case(
            "cannot push to http://h/x: http is not a way to send a stream", "push a http://h/x",
            hint: "a target is an rtmp, rtmps, srt, rtsp or udp URL, a file, or -"),
    ]

    @Test(arguments: cases + probeCases + recordCases + streamCases)
    func badLine_isRefusedInOneLine(_ bad: Case) async throws {
        let run = try await SluiceBinary.run(bad.words)
        #expect(run.status == 64)
        #expect(run.errorLines == ["sluice: " + bad.line])
        #expect(run.output.isEmpty)
        let rest = run.errors.split(separator: "\n").dropFirst()
        #expect(rest.count <= 1 && rest.allSatisfy { $0.hasPrefix("hint: ") })
        if let hint = bad.hint { #expect(rest.first.map(String.init) == "hint: " + hint) }
    }

    @Test func options_ofLaterVersions_areUnknown() async throws {
        let probe = ["--reconnect", "--give-up", "--latncy"]
        let push = [
            "--wait", "--reconnect", "--abr", "--min-bitrate", "--denoise", "--layout", "--mode", "--slate",
        ]
        let play = ["--on-reconnect", "--slate", "--layout"]
        for (command, options) in [("push", push), ("play", play), ("probe", probe)] {
            for option in options {
                let run = try await SluiceBinary.run([command, "a", "b", option])
                #expect(run.status == 64, "\(command) \(option)")
                #expect(run.errorLines == ["sluice: \(option): unknown option"])
            }
        }
    }

    @Test func json_tellsUsageErrorsToo() async throws {
        let run = try await SluiceBinary.run(["push", "a", "b", "--gop", "2x", "--json"])
        #expect(run.status == 64)
        #expect(run.events.compactMap { $0["event"]?.string } == ["error", "result"])
        #expect(run.error?["exit"]?.int == 64)
        #expect(run.error?["reason"]?.string == "usage")
        #expect(run.error?["message"]?.string == "--gop: \"2x\" is not a duration (such as 500ms, 2s, 1h30m)")
        #expect(run.result?["ended_by"]?.string == "error")
        #expect(run.result?["video_frames"]?.int == 0)
    }

    @Test(arguments: [
        ["push", "a", "-", "--format", "mpegts"], ["play", "a", "--raw", "-"], ["play", "a", "--wav", "-"],
        ["record", "a", "-o", "-"],
    ])
    func json_withMediaOnOutput_isRefusedAndNamesStats(_ words: [String]) async throws {
        let run = try await SluiceBinary.run(words + ["--json"])
        #expect(run.status == 64)
        // Whoever reads there expects media.
        #expect(run.output.isEmpty)
        #expect(run.errorLines == ["sluice: --json: standard output already takes the media"])
        #expect(run.errors.contains("hint: --stats FILE or --stats fd:3 takes the events\n"))
    }

    @Test func secrets_areNotRepeatedInUsageErrors() async throws {
        let run = try await SluiceBinary.run(["push", "a", "http://me:hush@h/x?txSecret=abc&token=def", "--json"])
        #expect(run.status == 64)
        for secret in ["hush", "abc", "def"] {
            #expect(!run.errors.contains(secret))
            #expect(!run.text.contains(secret))
        }
    }
}
