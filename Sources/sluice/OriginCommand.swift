// `sluice origin`, which only `stream-start` starts: the origin's process. No options; its settings come over a
// descriptor.
import Channels
import Model

#if canImport(Glibc)
    import Glibc
#endif

enum OriginCommand {
    /// - Returns: The exit status; nil where the words are a user's, who is told that there is no such command.
    static func run(_ words: [String]) -> Int32? {
        guard words == ["origin"], let host = OriginHost() else { return nil }
        // Nothing is opened by a relative name, and nobody's disk is to be kept busy.
        chdir("/")
        let cancel = CancelFlag()
        let console = Console(.log(.info), cancel: cancel)
        let signals = StopSignals(cancel: cancel)
        do throws(SluiceError) {
            try host.run(reporter: console, cancel: cancel)
        } catch {
            console.fail(error)
            return ExitStatus.of(error)
        }
        if let number = signals.received { StopSignals.die(by: number) }
        return ExitStatus.success
    }
}
