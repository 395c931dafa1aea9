import Model
import Synchronization
import Testing

@testable import Screen

extension Devices {
    /// A real window on a real X server, looked at from outside.
    @Suite(.serialized) struct RealScreenTests {
        /// Runs `body` with a fresh server; no window manager, as in a container.
        static func withScreen(_ width: Int, _ height: Int, _ body: (Xvfb) throws -> Void) throws {
            let server = try #require(Xvfb(width: width, height: height))
            defer { server.stop() }
            set("SDL_VIDEODRIVER", "x11")
            set("SDL_RENDER_DRIVER", "software")
            set("DISPLAY", server.display)
            defer {
                set("SDL_VIDEODRIVER", "dummy")
                set("SDL_RENDER_DRIVER", nil)
            }
            try body(server)
        }

        @Test func aPictureReachesTheScreenPixelForPixel() throws {
            try Self.withScreen(320, 180) { server in
                let start = HostTime.now()
                let window = try Window(.init(width: 320, height: 180))
                defer { window.close() }
                let opened = HostTime.now() - start
                let picture = TestPicture(320, 180, .bgrx) { _, x, y in
                    x % 4 == 3 ? 0 : UInt8(truncatingIfNeeded: x &* 3 &+ y &* 5)
                }
                try window.show(picture)
                #expect(window.drawingName == "surface")
                let want = picture.planes[0]
                let same = eventually(within: .seconds(2)) {
                    guard let screen = server.pixels(), screen.width == 320, screen.height == 180 else {
                        return false
                    }
                    return (0..<180).allSatisfy { y in
                        (0..<320).allSatisfy { x in
                            (0..<3).allSatisfy {
                                screen.bytes[(y * 320 + x) * 4 + $0] == want[y * picture.strides[0] + x * 4 + $0]
                            }
                        }
                    }
                }
                #expect(same, "the window covers the screen and shows the picture")
                print(
                    "window open after \(opened.milliseconds) ms, shown after \((HostTime.now() - start).milliseconds) ms"
                )
                #expect(opened < .seconds(2))
            }
        }

        @Test func theLastPictureIsDrawnAgainInANewSize() throws {
            try Self.withScreen(320, 180) { server in
                let window = try Window(.init(width: 320, height: 180))
                defer { window.close() }
                try window.show(TestPicture.plain(320, 180, y: 235, u: 128, v: 128))
                window.resize(width: 160, height: 90)
                var events: [WindowEvent] = []
                let resized = eventually {
                    events += window.waitEvents(until: .now() + .milliseconds(10))
                    return events.contains(.resized(width: 160, height: 90))
                }
                #expect(resized, "\(events)")
                let shown = try #require(window.readBack())
                #expect(shown.count == 160 * 90 * 4 && Colour(shown, width: 160, x: 80, y: 45).r > 250)
            }
        }

        @Test func aWindowThatGrowsToTheScreensSizeCoversIt() throws {
            try Self.withScreen(320, 180) { server in
                let window = try Window(.init(width: 160, height: 90))
                defer { window.close() }
                window.resize(width: 320, height: 180)
                try window.show(TestPicture.plain(320, 180, y: 235, u: 128, v: 128))
                let covered = eventually {
                    _ = window.waitEvents(until: .now() + .milliseconds(10))
                    guard let screen = server.pixels() else { return false }
                    return [(0, 0), (319, 0), (0, 179), (319, 179)].allSatisfy {
                        Colour(screen.bytes, width: screen.width, x: $0.0, y: $0.1).r > 250
                    }
                }
                #expect(covered)
            }
        }

        @Test(arguments: [true, false]) func fullScreenCoversTheScreenAndComesBack(_ fromStart: Bool) throws {
            try Self.withScreen(320, 180) { server in
                let window = try Window(.init(width: 160, height: 90, isFullscreen: fromStart))
                defer { window.close() }
                try window.show(TestPicture.plain(160, 90, y: 235, u: 128, v: 128))
                if !fromStart { window.toggleFullscreen() }
                #expect(window.isFullscreen)
                func whiteCorners() -> Int {
                    _ = window.waitEvents(until: .now() + .milliseconds(10))
                    guard let screen = server.pixels() else { return -1 }
                    return [(0, 0), (319, 0), (0, 179), (319, 179)].filter {
                        Colour(screen.bytes, width: screen.width, x: $0.0, y: $0.1).r > 250
                    }.count
                }
                #expect(eventually { whiteCorners() == 4 })
                window.toggleFullscreen()
                #expect(!window.isFullscreen)
                #expect(eventually { window.pixelSize == (160, 90) || whiteCorners() < 0 })
            }
        }

        @Test func wakingTakesLittleTimeAndDeadlinesAreKept() throws {
            try Self.withScreen(320, 180) { _ in
                let window = try Window(.init(width: 320, height: 180))
                defer { window.close() }
                while !window.waitEvents(until: .now() + .milliseconds(50)).isEmpty {}
                let called = Mutex(HostTime.zero)
                let waker = window.waker
                var delays: [Span] = []
                for _ in 0..<20 {
                    let asleep = QueueWaker()
                    let thread = NamedThread("wake") {
                        _ = asleep.wait(until: .now() + .milliseconds(5))
                        called.withLock { $0 = .now() }
                        waker.wake()
                    }
                    let events = window.waitEvents(until: .now() + .seconds(5))
                    delays.append(HostTime.now() - called.withLock { $0 })
                    #expect(events == [.wake])
                    thread.join()
                }
                // Median, because the machine may be busy with other tests.
                #expect(delays.sorted()[10] < .milliseconds(20))
                var late: [Span] = []
                for step in 0..<20 {
                    let deadline = HostTime.now() + .milliseconds(3 + Double(step) * 0.37)
                    #expect(window.waitEvents(until: deadline) == [])
                    late.append(HostTime.now() - deadline)
                }
                #expect(late.allSatisfy { $0 >= .zero })
                #expect(late.sorted()[10] < .milliseconds(2))
            }
        }
    }
}
