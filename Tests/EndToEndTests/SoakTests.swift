// A push and a play for as long as a night's run allows: memory must stay flat. In every run it is a minute,
// which finds what leaks with each loop or picture.
import Glibc
import Model
import TestSupport
import Testing

@Suite(.takesTurns) struct SoakTests {
    private static let length = Span.seconds(getenv("SLUICE_LONG") == nil ? 40 : 1200)

    private func residentKilobytes(_ pid: Int32) -> Int? {
        guard let file = fopen("/proc/\(pid)/statm", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, 128, file) != nil else { return nil }
        let words = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).split(
            separator: " ")
        return words.count > 1 ? Int(words[1]).map { $0 * 4 } : nil
    }

    @Test func aLoopOfAShortClip_andItsPlayer_keepTheirSize() async throws {
        let server = try await NginxRTMP.start()
        // A clip of half a second: eighty passes in the short run.
        let directory = try TempDirectory("soak")
        let made = try await SluiceBinary.run(
            ["push", SluiceBinary.clip("bbb-360p.mp4"), "short.mp4", "-t", "500ms", "-q"], directory: directory)
        #expect(made.status == 0)
        let push = try SluiceBinary.start(
            ["push", "short.mp4", "--loop", server.url("soak"), "--json"], directory: directory)
        #expect(await push.event("push_begins") != nil)
        let play = try SluiceBinary.start(
            ["play", server.url("soak"), "--vo", "null", "--ao", "null", "--json"])
        #expect(await play.event("playback_begins") != nil)

        await watch(for: .seconds(10))
        let pushBefore = try #require(residentKilobytes(push.program.pid))
        let playBefore = try #require(residentKilobytes(play.program.pid))
        await watch(for: Self.length)
        let pushAfter = try #require(residentKilobytes(push.program.pid))
        let playAfter = try #require(residentKilobytes(play.program.pid))
        #expect(pushAfter - pushBefore < 4096)
        #expect(playAfter - playBefore < 4096)

        let played = await play.interrupt()
        let pushed = await push.interrupt()
        #expect(played.result?["shown_frames"]?.int ?? 0 > 500)
        #expect(pushed.result?["ended_by"]?.string == "signal")
        await server.stop()
    }
}
