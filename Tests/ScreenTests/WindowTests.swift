import Model
import Testing

@testable import Screen

extension Devices {
    /// Windows of SDL's dummy driver: real drawing into memory, no display.
    @Suite(.serialized) struct WindowTests {
        init() {
            set("SDL_VIDEODRIVER", "dummy")
            set("SDL_RENDER_DRIVER", nil)
        }

        static let drawings: [Window.Drawing] = [.surface, .softwareRenderer]

        static func open(_ width: Int, _ height: Int, _ drawing: Window.Drawing) throws -> Window {
            try Window(.init(width: width, height: height, drawing: drawing))
        }

        @Test(arguments: drawings, [ColourMatrix.bt601, .bt709])
        func coloursAndBars(_ drawing: Window.Drawing, _ matrix: ColourMatrix) throws {
            let window = try Self.open(64, 64, drawing)
            defer { window.close() }
            let picture = TestPicture.plain(64, 32, y: 120, u: 90, v: 200, matrix: matrix)
            try window.show(picture)
            let shown = try #require(window.readBack())
            let want = Colour(y: 120, u: 90, v: 200, matrix: matrix, isFullRange: false)
            for (x, y) in [(0, 16), (63, 16), (0, 47), (63, 47), (30, 30)] {
                let got = Colour(shown, width: 64, x: x, y: y)
                #expect(got.isNear(want, within: 4), "\(got), not \(want), at \(x),\(y)")
            }
            for (x, y) in [(0, 0), (63, 15), (0, 48), (63, 63)] {
                #expect(Colour(shown, width: 64, x: x, y: y) == Colour(b: 0, g: 0, r: 0))
            }
        }

        @Test(arguments: drawings) func fullRangeIsNotStretched(_ drawing: Window.Drawing) throws {
            let window = try Self.open(32, 32, drawing)
            defer { window.close() }
            try window.show(TestPicture.plain(32, 32, y: 16, u: 128, v: 128, isFullRange: true))
            let got = Colour(try #require(window.readBack()), width: 32, x: 5, y: 5)
            #expect(got.isNear(Colour(b: 16, g: 16, r: 16), within: 2))
        }

        @Test(arguments: drawings) func widePixelsAndOtherSizesAreScaled(_ drawing: Window.Drawing) throws {
            let window = try Self.open(80, 80, drawing)
            defer { window.close() }
            let picture = TestPicture.plain(40, 40, y: 200, u: 128, v: 128, sampleAspect: Rational(2, 1))
            try window.show(picture)
            let shown = try #require(window.readBack())
            #expect(Colour(shown, width: 80, x: 40, y: 19) == Colour(b: 0, g: 0, r: 0))
            #expect(Colour(shown, width: 80, x: 1, y: 21).r > 200)
            #expect(Colour(shown, width: 80, x: 78, y: 58).r > 200)
            #expect(Colour(shown, width: 80, x: 40, y: 60) == Colour(b: 0, g: 0, r: 0))
        }

        @Test(arguments: drawings, [PictureLayout.i420, .nv12, .bgrx])
        func layoutsAndSizesMayChangeFromPictureToPicture(_ drawing: Window.Drawing, _ layout: PictureLayout) throws
        {
            let window = try Self.open(48, 48, drawing)
            defer { window.close() }
            try window.show(TestPicture.plain(16, 16, y: 16, u: 128, v: 128))
            try window.show(
                TestPicture(48, 48, layout) { plane, x, _ in
                    layout == .bgrx ? [10, 20, 30, 0][x % 4] : plane == 0 ? 180 : 128
                })
            let got = Colour(try #require(window.readBack()), width: 48, x: 24, y: 24)
            let grey = Colour(y: 180, u: 128, v: 128, matrix: .bt601, isFullRange: false)
            #expect(got.isNear(layout == .bgrx ? Colour(b: 10, g: 20, r: 30) : grey, within: 2))
        }

        @Test(arguments: drawings) func overlayIsOverThePictureAndGoesAway(_ drawing: Window.Drawing) throws {
            let window = try Self.open(64, 64, drawing)
            defer { window.close() }
            try window.show(TestPicture.plain(64, 32, y: 235, u: 128, v: 128), overlay: ["HHH", "HHH", "HHH"])
            var shown = try #require(window.readBack())
            // The box darkens white to 95/255 of it, a letter's stem is white, and outside nothing changes.
            #expect(Colour(shown, width: 64, x: 1, y: 20).isNear(Colour(b: 95, g: 95, r: 95), within: 3))
            #expect(Colour(shown, width: 64, x: 4, y: 26) == Colour(b: 255, g: 255, r: 255))
            #expect(Colour(shown, width: 64, x: 60, y: 20).r > 250)
            #expect(Colour(shown, width: 64, x: 4, y: 6).r == 255, "letters reach into the bars")
            try window.setOverlay([])
            shown = try #require(window.readBack())
            #expect(Colour(shown, width: 64, x: 1, y: 20).r > 250)
            #expect(Colour(shown, width: 64, x: 4, y: 6) == Colour(b: 0, g: 0, r: 0))
        }

        @Test(arguments: drawings) func theOverlayDoesNotDarkenTwice(_ drawing: Window.Drawing) throws {
            let window = try Self.open(64, 64, drawing)
            defer { window.close() }
            try window.show(TestPicture.plain(32, 16, y: 235, u: 128, v: 128), overlay: ["i"])
            let once = try #require(window.readBack())
            try window.redraw()
            #expect(window.readBack() == once)
        }

        @Test func whatCannotBeDrawnIsRefused() throws {
            let window = try Self.open(32, 32, .surface)
            defer { window.close() }
            let picture = TestPicture(8, 8, .other) { _, _, _ in 0 }
            #expect(window.wantsConversion(for: picture))
            #expect(throws: SluiceError.self) { try window.show(picture) }
        }

        @Test func wakingEndsAWaitOnceHoweverOftenItIsCalled() throws {
            let window = try Self.open(32, 32, .surface)
            defer { window.close() }
            _ = window.waitEvents(until: .now())
            for _ in 0..<100_000 { window.waker.wake() }
            #expect(window.waitEvents(until: .now() + .seconds(5)) == [.wake])
            let before = HostTime.now()
            #expect(window.waitEvents(until: before + .milliseconds(30)) == [])
            let slept = HostTime.now() - before
            #expect(slept >= .milliseconds(30))
            let waker = window.waker
            let thread = NamedThread("wake") { waker.wake() }
            #expect(window.waitEvents(until: .now() + .seconds(5)) == [.wake])
            thread.join()
        }

        @Test func wakingAClosedWindowIsHarmless() throws {
            let window = try Self.open(32, 32, .surface)
            window.close()
            window.waker.wake()
            window.close()
        }

        @Test func noDisplayIsSaidSo() {
            set("SDL_VIDEODRIVER", "x11")
            set("DISPLAY", ":59999")
            defer { set("SDL_VIDEODRIVER", "dummy") }
            let error = #expect(throws: SluiceError.self) { try Window(.init()) }
            #expect(error?.reason == .unreachable)
            #expect(error?.hint?.contains("--vo null") == true)
            // SDL's own way out, a driver that draws where nobody looks, is not taken.
            set("SDL_VIDEODRIVER", nil)
            #expect(throws: SluiceError.self) { try Window(.init()) }
            set("DISPLAY", nil)
            #expect(!Display.isAvailable)
            #expect(throws: SluiceError.self) { try Window(.init()) }
        }
    }
}

@Suite struct KeyTests {
    @Test(
        arguments: [
            ("q", Key.q), ("f", .f), (" ", .space), ("l", .l), ("m", .m), ("9", .digit9), ("0", .digit0), ("s", .s),
            ("i", .i), ("h", .h), ("\u{1b}", .escape),
        ] as [(Unicode.Scalar, Key)])
    func lettersAreThemselves(_ letter: Unicode.Scalar, _ key: Key) {
        #expect(WindowEvents.key(symbol: letter.value, place: 0, modifiers: 0, isRepeat: false) == key)
        // Control is bit 6, Alt bit 8, Num Lock bit 12.
        #expect(WindowEvents.key(symbol: letter.value, place: 0, modifiers: 1 << 6, isRepeat: false) == nil)
        #expect(WindowEvents.key(symbol: letter.value, place: 0, modifiers: 1 << 8, isRepeat: false) == nil)
        #expect(WindowEvents.key(symbol: letter.value, place: 0, modifiers: 1 << 12, isRepeat: false) == key)
    }

    @Test func switchesDoNotRepeatButSteppersDo() {
        #expect(WindowEvents.key(symbol: 0x6D, place: 0, modifiers: 0, isRepeat: true) == nil)
        #expect(WindowEvents.key(symbol: 0x39, place: 0, modifiers: 0, isRepeat: true) == .digit9)
        // On a French keyboard the key of the 9 (scan code 38) types ç.
        #expect(WindowEvents.key(symbol: 0xE7, place: 38, modifiers: 0, isRepeat: false) == .digit9)
        #expect(WindowEvents.key(symbol: 0x7A, place: 29, modifiers: 0, isRepeat: false) == nil)
    }
}
