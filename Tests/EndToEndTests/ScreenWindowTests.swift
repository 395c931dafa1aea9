import Model
import TestSupport
import Testing

// The real window on a real X server: what a user sees, read back from the frame buffer.
#if canImport(Glibc)
    import Glibc
#endif

@Suite(.serialized, .takesTurns) struct ScreenWindowTests {
    let directory: TempDirectory
    init() throws { directory = try TempDirectory("window") }

    private func start(_ arguments: [String], on screen: XvfbScreen) throws -> RunningSluice {
        try SluiceBinary.start(["play"] + arguments, environment: screen.environment, directory: directory)
    }

    @Test func live_isOnTheScreenAtOnceAndSoon() async throws {
        let server = try await NginxRTMP.start()
        let screen = try await XvfbScreen.start()
        let publisher = try StampedPublisher(to: server.url("cam"), gop: 15)
        #expect(await server.waitForPublisher("cam"))
        let play = try start(["--nobuffer", server.url("cam"), "-t", "6", "--json"], on: screen)
        #expect(await screen.firstBarcode(within: .seconds(10)) != nil)
        let first = HostTime.now() - play.program.startedAt
        #expect(first < .seconds(3), "first picture after \(first.seconds) s")
        let seen = await screen.sightings(for: .seconds(3))
        let delays = seen.map(\.delay.milliseconds).sorted()
        #expect(seen.count > 40, "\(seen.count) pictures in 3 s")
        #expect(delays[delays.count / 2] < 1_000, "\(delays[delays.count / 2]) ms")
        #expect(zip(seen.dropFirst(), seen).allSatisfy { $0.value > $1.value }, "never a step back")
        let run = await play.finish(within: .seconds(15))
        #expect(run.status == 0)
        let told = try #require(run.result?["first_frame_ms"]?.number)
        #expect(told > 20 && told <= first.milliseconds + 200)
        await publisher.stop()
    }

    @Test func endToEnd_bySluiceAlone() async throws {
        let server = try await NginxRTMP.start()
        let screen = try await XvfbScreen.start()
        let push = try SluiceBinary.start(
            [
                "push", "-", "tone", server.url("own"), "--input-format", "rawvideo", "--input-pix-fmt", "yuv420p",
                "--input-size", "640x360", "--input-fps", "30",
            ], input: .pipe)
        let camera = StampedSource(to: try #require(push.program.inputDescriptor))
        push.program.closeInput()
        #expect(await server.waitForPublisher("own"))
        let play = try start(["--nobuffer", server.url("own"), "-t", "8", "--json"], on: screen)
        #expect(await screen.firstBarcode(within: .seconds(10)) != nil)
        let seen = await screen.sightings(for: .seconds(4)).suffix(90)
        let delays = seen.map(\.delay.milliseconds).sorted()
        #expect(delays.count > 60)
        let middle = try #require(delays.dropFirst(delays.count / 2).first)
        #expect(middle > 0 && middle < 500)
        let run = await play.finish(within: .seconds(15))
        #expect(run.status == 0)
        // What the player says of itself and what the screen shows are the same story.
        let told = try #require(run.result?["latency_ms"]?["p50"]?.number)
        #expect(abs(told - middle) < 100, "says \(told), seen \(middle)")
        camera.stop()
        _ = await push.interrupt()
    }

    @Test(arguments: [0, 2])
    func file_isShownPictureByPicture(bFrames: Int) async throws {
        let screen = try await XvfbScreen.start()
        let clip = directory.file("numbered.mp4")
        try await Clips.numbered(clip, frames: 100, extra: ["-bf", "\(bFrames)", "-g", "25"])
        let play = try start([clip, "-autoexit", "--json"], on: screen)
        #expect(await screen.firstBarcode(within: .seconds(10)) != nil)
        let seen = await screen.sightings(for: .seconds(3.5))
        let numbers = seen.map { Int($0.value) - Int(StampedSource.numberBase) }
        #expect(numbers.allSatisfy { (0..<100).contains($0) })
        #expect(steps(numbers).allSatisfy { $0 > 0 })
        #expect(numbers.count > 70, "\(numbers.count) of 100 seen")
        // At its own speed: picture k comes k / 25 s after picture 1; picture 0 does not wait for the sound to begin.
        let first = try #require(seen.first { $0.value > seen[0].value })
        let last = try #require(seen.last)
        let expected = Double(last.value - first.value) * 40
        #expect(abs((last.at - first.at).milliseconds - expected) < 150)
        #expect(await play.finish(within: .seconds(10)).status == 0)
    }

    @Test func otherShape_isLetterboxed() async throws {
        let screen = try await XvfbScreen.start(width: 640, height: 640)
        let clip = directory.file("numbered.mp4")
        try await Clips.numbered(clip, frames: 100)
        let play = try start([clip, "--fullscreen"], on: screen)
        #expect(
            await eventually(within: .seconds(10)) { screen.barcode(top: 140) != nil },
            "360 of 640 lines, in the middle")
        #expect(screen.colour(320, 60) == (0, 0, 0))
        #expect(screen.colour(320, 600) == (0, 0, 0))
        _ = await play.interrupt()
    }

    @Test func window_isAsLargeAsThePictureOrAsTold() async throws {
        let screen = try await XvfbScreen.start(width: 1280, height: 720)
        let clip = directory.file("numbered.mp4")
        try await Clips.numbered(clip, frames: 150)
        let plain = try start([clip], on: screen)
        #expect(await eventually(within: .seconds(10)) { screen.barcode(width: 640, left: 320, top: 180) != nil })
        _ = await plain.interrupt()
        let large = try start([clip, "--size", "1280x720"], on: screen)
        #expect(
            await eventually(within: .seconds(10)) {
                Barcode.read(width: 1280) { screen.colour($0, 2 * $1).green } != nil
            }, "scaled up to the screen"
        )
        _ = await large.interrupt()
    }

    @Test func keyQ_quits() async throws {
        let screen = try await XvfbScreen.start()
        let clip = directory.file("numbered.mp4")
        try await Clips.numbered(clip, frames: 250)
        let play = try start([clip, "--json"], on: screen)
        #expect(await screen.firstBarcode(within: .seconds(10)) != nil)
        // There is no window manager to give the focus away: xdotool asks for it. The window may be gone before the
        // key is up again, which xdotool calls an error.
        let keys = try Program(
            ["xdotool", "search", "--onlyvisible", "--name", ".", "windowfocus", "--sync", "key", "q"],
            environment: screen.environment)
        #expect(await keys.wait(within: .seconds(5)) != nil)
        let run = await play.finish(within: .seconds(5))
        #expect(run.status == 0)
        #expect(run.result?["ended_by"]?.string == "user")
    }
}
