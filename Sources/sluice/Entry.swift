// From the words of the command line to an exit status: parse, check, work, tell. Every way out of the
// program but the second signal passes here.
import ArgumentParser
import Model

enum Entry {
    /// On the initial thread, with the stop signals blocked.
    static func run(_ words: [String], processStart: HostTime) -> Int32 {
        let command: any ParsableCommand
        do {
            command = try SluiceCommand.parseAsRoot(try Rewriting.arguments(words))
        } catch {
            return ended(by: error, words)
        }
        guard let capability = command as? any Capability else {
            var command = command
            do {
                try command.run()
                return ExitStatus.success
            } catch {
                return ended(by: error, words)
            }
        }
        return perform(capability, processStart: processStart)
    }

    private static func perform<C: Capability>(_ capability: C, processStart: HostTime) -> Int32 {
        let cancel = CancelFlag()
        let settings: C.Settings
        let console: Console
        do throws(SluiceError) {
            settings = try capability.settings(processStart: processStart)
            if capability.common.json, capability.writesMediaToOutput(settings) {
                // Whoever reads standard output expects media there, so not even this error goes to it.
                let error = UsageErrors.error(
                    "--json", "standard output already takes the media",
                    hint: "--stats FILE or --stats fd:3 takes the events")
                Console(capability.common.diagnostics, cancel: cancel).fail(error)
                return ExitStatus.usage
            }
            if capability.writesMediaToOutput(settings), !StandardStreams.hasOutput {
                throw SluiceError(
                    .cannotCreate, "cannot write to standard output", why: "it is closed",
                    hint: "name a file, or leave out >&-")
            }
            console = try capability.common.console(cancel: cancel) { capability.prepare(&$0) }
        } catch {
            let json = capability.common.json
            return refuse(
                error, capability.common.diagnostics, json: json, result: C.emptyResult)
        }
        let signals = StopSignals(cancel: cancel)
        for note in capability.notes(settings) { console.log(.notice, note) }
        let status = finish(capability, settings, console: console, cancel: cancel, signals: signals)
        if let number = signals.received { StopSignals.die(by: number) }
        return status
    }

    private static func finish<C: Capability>(
        _ capability: C, _ settings: C.Settings, console: Console, cancel: CancelFlag, signals: StopSignals
    ) -> Int32 {
        var error: SluiceError?
        var isTold = false
        var result = capability.emptyResult(settings)
        do throws(SluiceError) {
            let outcome = try capability.work(settings, console: console, cancel: cancel)
            result = outcome.event
            error = outcome.error
            isTold = outcome.errorIsTold
            console.deliver(outcome.lines)
            // The error line says how it ended; totals beside it would only bury it.
            if outcome.error == nil, let summary = outcome.summary { console.log(.notice, summary) }
        } catch let thrown {
            error = thrown
        }
        // What fails because the work was told to stop is not a failure.
        if cancel.isSet, let failed = error, failed.isConsequenceOfStopping {
            console.log(.debug, "after the stop: \(failed)")
            error = nil
            result.set("ended_by", .string(EndedBy.signal.rawValue))
        }
        if let error, !isTold { console.fail(error) }
        console.report(result)
        if let failed = console.finish(), error == nil {
            console.fail(failed, asEvent: false)
            return ExitStatus.of(failed)
        }
        return error.map(ExitStatus.of) ?? ExitStatus.success
    }

    /// An error before anything was opened.
    private static func refuse(
        _ error: SluiceError, _ diagnostics: Console.Settings, json: Bool, result: Event
    ) -> Int32 {
        var settings = diagnostics
        settings.json = json
        let console = Console(settings, cancel: CancelFlag())
        console.fail(error)
        console.report(result)
        _ = console.finish()
        return ExitStatus.of(error)
    }

    /// The parser ended the program: with help, with something it was asked to print, or with an error.
    private static func ended(by error: any Error, _ words: [String]) -> Int32 {
        if SluiceCommand.exitCode(for: error) == .success {
            let text = Rewriting.help(SluiceCommand.fullMessage(for: error))
            return StandardOutput.write(text.hasSuffix("\n") ? text : text + "\n")
                ? ExitStatus.success : ExitStatus.inputOutput
        }
        let name = words.first.flatMap { word in
            SluiceCommand.configuration.subcommands.first { $0.configuration.commandName == word }
        }
        let stranger = words.first.flatMap { name == nil && $0 != "help" && !$0.hasPrefix("-") ? $0 : nil }
        let options = words.prefix { $0 != "--" }
        var diagnostics = Console.Settings()
        diagnostics.colour = Terminal.allowsColour(options.contains("--no-color"))
        let result = (name as? any Capability.Type)?.emptyResult
        return refuse(
            UsageErrors.from(error, command: name?.configuration.commandName, stranger: stranger), diagnostics,
            json: options.contains("--json"),
            result: result ?? Event("result", [.init("ended_by", .string(EndedBy.error.rawValue))]))
    }
}

extension SluiceError {
    /// Interrupted waits and closed connections, which a stop brings about.
    fileprivate var isConsequenceOfStopping: Bool {
        switch reason {
        case .connectionLost, .timeout, .refused, .unreachable, .notLive, .unknownHost, .noMedia, .serverError: true
        default: false
        }
    }
}

extension Event {
    /// Gives a field that is there another value.
    mutating func set(_ name: String, _ value: JSONValue) {
        guard let index = fields.firstIndex(where: { $0.name == name }) else { return }
        fields[index].value = value
    }
}
