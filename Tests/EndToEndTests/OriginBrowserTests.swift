// The origin's streams in Chromium: the feed by Media Source Extensions, HLS as the browser itself plays it. The pages
// read the barcode off what is shown, and tell by asking a server for pictures that are not there.
import Model
import TestSupport
import Testing

@Suite(.takesTurns) struct OriginBrowserTests {
    private struct Seen {
        var pictures: Int
        /// From the page's start.
        var firstMilliseconds: Double
        var delayMilliseconds: (p50: Double, p95: Double)
    }

    private func watch(_ page: String, _ address: String) async throws -> Seen {
        let server = try await ScriptedServer.start(
            .respond(
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", body: [], closes: true))
        let home = try TempDirectory("chromium")
        let text = page.replacing("TOLD", with: "http://127.0.0.1:\(server.port)/").replacing(
            "ADDRESS", with: address)
        try home.write(text, to: "page.html")
        let program = try Program(
            OriginStage.asUser(
                [
                    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--mute-audio",
                    "--disable-dev-shm-usage", "--no-first-run", "--user-data-dir=\(home.file("profile"))",
                    "--remote-debugging-port=0", "--autoplay-policy=no-user-gesture-required",
                    "file://\(home.path)/page.html",
                ], home: home))
        let told = { String(decoding: server.received, as: UTF8.self) }
        let isOver = await eventually(within: .seconds(60)) {
            !program.isRunning || told().contains("GET /seen/") || told().contains("GET /error/")
        }
        #expect(isOver && !told().contains("GET /error/"), "\(told()) \(program.errors.suffix(2000))")
        program.kill()
        _ = await program.wait(within: .seconds(5))
        let line = try #require(told().split(separator: "\n").first { $0.contains("GET /seen/") })
        let fields = line.split(separator: "/").dropFirst().compactMap { Double($0) }
        try #require(fields.count >= 4, "\(line)")
        return Seen(
            pictures: Int(fields[0]), firstMilliseconds: fields[1], delayMilliseconds: (fields[2], fields[3]))
    }

    /// 212 ms were measured on a quiet machine; the other core may be busy here.
    @Test func theFeedPlaysWithLittleDelay() async throws {
        let stage = try await OriginStage.begin()
        let seen = try await watch(BrowserPages.feed, stage.address("feed"))
        #expect(seen.pictures > 60, "\(seen)")
        #expect(seen.firstMilliseconds < 5000, "\(seen)")
        #expect(seen.delayMilliseconds.p50 < 1500, "\(seen)")
        try await stage.end()
    }

    @Test func theBrowserItselfPlaysHLS() async throws {
        let stage = try await OriginStage.begin()
        let seen = try await watch(BrowserPages.hls, stage.address("hls"))
        #expect(seen.pictures > 20, "\(seen)")
        #expect(seen.delayMilliseconds.p50 < 12000, "\(seen)")
        try await stage.end()
    }
}
