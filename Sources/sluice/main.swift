// The way in. Runs on the process's initial thread and stays there: the window system wants it.
// Nothing may be done here that `sluice --version` does not need.
#if canImport(Glibc)
    import Glibc
#endif

let processStart = ProcessStart.estimate()

StandardStreams.reserve()
let words = Array(CommandLine.arguments.dropFirst())
if words.first == "--version" {
    exit(Version.print(asJSON: words.contains("--json")))
}
StopSignals.prepare()
if let status = OriginCommand.run(words) ?? WorkerCommand.run(words) { exit(status) }
exit(Entry.run(words, processStart: processStart))
