// The manual pages say what the program does: the sections, the exit statuses, every event and field.
import Model
import TestSupport
import Testing

@Suite struct CommandLineManualTests {
    static let pages = [
        "sluice.1", "sluice-push.1", "sluice-play.1", "sluice-record.1", "sluice-probe.1", "sluice-json.7",
        "sluice-stream-start.1", "sluice-stream-stop.1", "sluice-stream-list.1",
    ]

    @Test func manualPages_haveTheirSections() throws {
        for page in Self.pages {
            let bytes = try #require(contents(ofFile: Repository.root + "/man/" + page))
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            for section in ["EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES"] {
                #expect(lines.contains(Substring(".Sh " + section)), "\(page): \(section)")
            }
        }
    }

    @Test func everyEventAndField_isInTheManual() async throws {
        let server = try await NginxRTMP.start()
        let address = server.url("documented")
        let publisher = try SluiceBinary.start(["push", "testsrc", address, "--size", "160x90", "--json"])
        #expect(await server.waitForPublisher("documented"))
        let played = try await SluiceBinary.run(
            ["play", address, "--vo", "null", "--ao", "null", "-t", "2500ms", "--snapshot", "a.png", "--json"])
        let pushed = await publisher.interrupt()
        let failed = try await SluiceBinary.run(["play", server.url("nothing"), "--timeout", "1s", "--json"])
        let page = try manual("sluice-json.7")
        let events = played.events + pushed.events + failed.events
        let names = Set(events.compactMap { $0["event"]?.string })
        #expect(names.isSuperset(of: ["status", "result", "error"]))
        var words: Set<String> = []
        for event in events {
            guard case .object(let fields) = event else { continue }
            words.formUnion(fields.keys)
            if let name = event["event"]?.string { words.insert(name) }
            for case .object(let inner) in fields.values { words.formUnion(inner.keys) }
        }
        for word in words.sorted() { #expect(page.contains(word), "\(word)") }
    }

    @Test func everyExitStatus_isInEachPage() throws {
        for page in Self.pages {
            let text = try manual(page)
            for status in ["0", "3", "64", "65", "66", "68", "69", "70", "73", "74", "75", "77", "78"] {
                #expect(text.contains(status), "\(page): \(status)")
            }
        }
    }

    /// Of the sources' findings, `.warn, "stall"` and its like.
    @Test func everyFinding_isInTheManual() async throws {
        let program = try Program([
            "grep", "-rhoE", "\\.(info|warn|fail), \"[a-z_0-9]+\"", Repository.root + "/Sources/Prober",
        ])
        #expect(await program.wait(within: .seconds(10)) == .exited(0))
        let codes = Set(program.output.split(separator: "\n").compactMap { $0.split(separator: "\"").last })
        #expect(codes.count > 20)
        let page = try manual("sluice-probe.1")
        for code in codes.sorted() { #expect(page.contains(String(code)), "\(code)") }
    }

    /// The words of a page.
    private func manual(_ page: String) throws -> Set<String> {
        let bytes = try #require(contents(ofFile: Repository.root + "/man/" + page))
        return Set(String(decoding: bytes, as: UTF8.self).split { " \n,.".contains($0) }.map(String.init))
    }
}
