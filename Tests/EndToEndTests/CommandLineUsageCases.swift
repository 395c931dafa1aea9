// Bad command lines of `probe` and `record`, for CommandLineUsageTests.
import TestSupport
import Testing

extension CommandLineUsageTests {
    static let probeCases: [Case] = [
        Case("probe: <url> is missing", "probe", hint: "see 'sluice probe --help'"),
        Case("probe: <url> is missing", "probe ''"),
        Case("probe: <url> is missing", "probe --wait"),
        Case("b: one argument too many", "probe a b", hint: "probe takes one input"),
        Case("b: one argument too many", "probe -i a b"),
        Case("-t: \"0\" must be more than zero", "probe a -t 0"),
        Case("--wait: \"0\" must be more than zero", "probe a --wait=0"),
        Case("--wait: \"\" is not a duration (such as 500ms, 2s, 1h30m)", "probe a --wait="),
        // The word after a bare --wait is an operand.
        Case("5s: one argument too many", "probe a --wait 5s", hint: "probe takes one input"),
        Case("--wait-value: unknown option", "probe a --wait-value 3", hint: "did you mean --wait?"),
        Case("cannot use ftp://h/x: unknown URL scheme \"ftp\"", "probe ftp://h/x"),
        Case(
            "cannot push to http://h/x: http is not a way to send a stream", "probe a --loopback http://h/x"),
        Case(
            "--loopback: \"b.flv\" is not an address that streams can be sent to", "probe a --loopback b.flv"),
        Case("--latency: takes no value", "probe a --latency=sei"),
        Case("--reconnect: unknown option", "probe a --reconnect 3"),
    ]

    static let recordCases: [Case] = [
        Case("record: <url> is missing", "record", hint: "see 'sluice record --help'"),
        Case("record: <url> is missing", "record -o a.mp4"),
        Case("b: one argument too many", "record a b", hint: "record takes one input"),
        Case("-t: \"0\" must be more than zero", "record a -t 0"),
        Case("--format: \"avi\" is not one of mp4, mkv, ts, flv", "record a --format avi"),
        Case("--segment: \"soon\" is not off or a duration (such as 500ms, 2s, 1h30m)", "record a --segment soon"),
        Case("--segment: \"999ms\" is too short: the least is 1s", "record a --segment 999ms"),
        Case("--segment: \"0\" is too short: the least is 1s", "record a --segment 0"),
        Case("--reconnect: \"0\" is not off, forever or a number of tries (1 or more)", "record a --reconnect 0"),
        Case(
            "--reconnect: \"often\" is not off, forever or a number of tries (1 or more)",
            "record a --reconnect often"),
        Case("--give-up: \"x\" is not a duration (such as 500ms, 2s, 1h30m)", "record a --give-up x"),
        Case("--max-disk: \"much\" is not a size on disk (such as 500M, 10G)", "record a --max-disk much"),
        Case("--max-disk: \"10\" is too small: the least is 1M", "record a --max-disk 10"),
        Case("-o: \"\" is not a file name or -", "record a -o ''"),
        Case("-o: \"http://h/x\" is not a file name or -", "record a -o http://h/x"),
        Case(
            "-o: \"a.avi\" does not say which container: .avi is none of mp4, mkv, ts, flv", "record a -o a.avi",
            hint: "--format says it"),
        Case("cannot record to {who}.mp4: the template has braces that mean nothing", "record a -o {who}.mp4"),
        Case("cannot record to {name.mp4: the template has braces that mean nothing", "record a -o {name.mp4"),
        // Things that do not go together
        Case("--segment: standard output is one piece, not a row of files", "record a -o - --segment 10s"),
        Case("--at-clock: standard output is one piece, not a row of files", "record a -o - --at-clock"),
        Case("--max-disk: standard output is one piece, not a row of files", "record a -o - --max-disk 1G"),
        Case("--at-clock: --segment off never begins a new file", "record a --segment off --at-clock"),
        Case(
            "--max-disk: --segment off leaves no finished files to make room with",
            "record a --segment off --max-disk 1G"),
        Case("--give-up: --reconnect off gives up at once", "record a --reconnect off --give-up 5s"),
        Case(
            "--list: \"rtmp://h/a/b\" is an input, not the name of a recording", "record --list . rtmp://h/a/b"),
        Case("--list: \"\" is not a directory", "record --list ''"),
        Case("b: one argument too many", "record --list . a b", hint: "--list takes one name"),
        Case("-o: it does not go with --list: it reads what has been recorded", "record --list . -o x.mp4"),
        Case("-i: it does not go with --list: it reads what has been recorded", "record --list . -i x"),
        Case("--wait: it does not go with --list: it reads what has been recorded", "record --list . --wait"),
        Case(
            "--timeout: it does not go with --list: it reads what has been recorded", "record --list . --timeout 3"),
        Case("--repair: it does not go with --list: it reads what has been recorded", "record --list . --repair ."),
        Case("a: one argument too many", "record --repair . a", hint: "--repair takes a directory alone"),
        Case(
            "--segment: it does not go with --repair: it closes what has been recorded",
            "record --repair . --segment 5s"),
        Case(
            "--reconnect: it does not go with --repair: it closes what has been recorded",
            "record --repair . --reconnect off"),
        // play --record
        Case("--record: \"-\" is not a file name", "play a --record -"),
        Case(
            "--record: \"a.avi\" does not say which container: .avi is none of mp4, mkv, ts, flv",
            "play a --record a.avi"),
    ]
}
