// Bad command lines of the stream commands, for CommandLineUsageTests.
import TestSupport
import Testing

extension CommandLineUsageTests {
    private static let nameHint =
        "1 to 64 letters, digits, points, dashes and underscores; the first is a letter or a digit"

    static let streamCases: [Case] = [
        Case("stream-start: <name> is missing", "stream-start", hint: "see 'sluice stream-start --help'"),
        Case("stream-start: <name> is missing", "stream-start --foreground"),
        Case("<name>: \"a/b\" is not a name for a channel", "stream-start a/b", hint: nameHint),
        Case("<name>: \"..\" is not a name for a channel", "stream-start ..", hint: nameHint),
        Case("<name>: \"\" is not a name for a channel", "stream-start ''", hint: nameHint),
        Case("<name>: \"-\" is not a name for a channel", "stream-start -", hint: nameHint),
        Case(
            "<name>: \"rtmp://h/a?key=***\" is not a name for a channel", "stream-start rtmp://h/a?key=hush",
            hint: nameHint),
        Case("-: standard input ends with this command", "stream-start demo -", hint: "add --foreground"),
        Case("-: standard input ends with this command", "stream-start demo -i -"),
        Case("push -: standard input can be read only once", "stream-start demo - - --foreground"),
        Case("push: an input's name is empty", "stream-start demo ''"),
        Case("--loop: without an <input> nothing is pushed that it could apply to", "stream-start demo --loop"),
        Case("--size: without an <input> nothing is pushed that it could apply to", "stream-start demo --size 2x2"),
        Case(
            "--input-format: without an <input> nothing is pushed that it could apply to",
            "stream-start demo --input-format flv"),
        Case(
            "--timeout: without an <input> nothing is pushed that it could apply to",
            "stream-start demo --timeout 1"),
        Case(
            "--print: \"page\" is not one of channel, channel_id, stream_id, publish_url, watch.rtmp, watch.flv, "
                + "watch.hls, state, pid, origin_pid", "stream-start demo --print page"),
        Case(
            "--rtmp-port: \"65536\" is not a port (0 to 65535; 0 is any free one)",
            "stream-start demo --rtmp-port 65536"),
        Case(
            "--http-port: \"www\" is not a port (0 to 65535; 0 is any free one)",
            "stream-start demo --http-port www"),
        Case("--quota: \"0\" is not a number of channels (1 or more)", "stream-start demo --quota 0"),
        Case(
            "--stream-id: \"a.b\" is not a stream id (1 to 128 letters, digits, dashes and underscores)",
            "stream-start demo --stream-id a.b"),
        Case(
            "--bitrate: --video copy leaves the picture as it is", "stream-start demo a --video copy --bitrate 1M"),
        Case(
            "--format: \"mp4\" cannot be sent to an rtmp address, which carries flv",
            "stream-start demo a --format mp4"),
        Case("--server: unknown option", "stream-start demo --server embedded"),
        Case("--record: unknown option", "stream-start demo --record"),
        Case(
            "stream-stop: <name> is missing", "stream-stop",
            hint: "'sluice stream-list' shows what is running; --all stops it"),
        Case("b: one argument too many", "stream-stop a b", hint: "stream-stop takes one name, or --all"),
        Case("--all: \"a\" is a single channel", "stream-stop a --all"),
        Case("<name>: \"a/b\" is not a name for a channel", "stream-stop a/b"),
        Case("b: one argument too many", "stream-list a b", hint: "stream-list takes one name"),
        Case("<name>: \"a/b\" is not a name for a channel", "stream-list a/b"),
    ]
}
