import Model
import Testing

@testable import Screen

@Suite struct LetterboxTests {
    @Test(arguments: [
        (640, 360, nil, 640, 360, PixelRect(x: 0, y: 0, width: 640, height: 360)),
        (640, 360, nil, 640, 480, PixelRect(x: 0, y: 60, width: 640, height: 360)),
        (640, 480, nil, 640, 360, PixelRect(x: 80, y: 0, width: 480, height: 360)),
        // DV widescreen: 64:45 pixels make 720x576 16:9.
        (720, 576, Rational(64, 45), 1024, 768, PixelRect(x: 0, y: 96, width: 1024, height: 576)),
        (1, 4000, nil, 10, 10, PixelRect(x: 4, y: 0, width: 1, height: 10)),
        // Unknown and absurd shapes of pixels count as square.
        (100, 100, Rational(0, 0), 100, 100, PixelRect(x: 0, y: 0, width: 100, height: 100)),
        (100, 100, Rational(5000, 1), 100, 100, PixelRect(x: 0, y: 0, width: 100, height: 100)),
        (0, 0, nil, 100, 50, PixelRect(x: 0, y: 0, width: 100, height: 50)),
        (640, 360, nil, 0, 0, PixelRect(x: 0, y: 0, width: 1, height: 1)),
    ])
    func fits(_ width: Int, _ height: Int, _ aspect: Rational?, _ outer: Int, _ outerHeight: Int, _ want: PixelRect)
    {
        let got = Letterbox.fit(
            width: width, height: height, sampleAspect: aspect, intoWidth: outer, height: outerHeight)
        #expect(got == want)
    }

    @Test func naturalSizeWidensOrHeightens() {
        #expect(Letterbox.naturalSize(width: 720, height: 576, sampleAspect: Rational(16, 15)) == (768, 576))
        #expect(Letterbox.naturalSize(width: 720, height: 480, sampleAspect: Rational(8, 9)) == (720, 540))
        #expect(Letterbox.naturalSize(width: 640, height: 360, sampleAspect: nil) == (640, 360))
    }

    @Test func aWindowThatGrowsStaysOnTheScreen() {
        let screen = PixelRect(x: 0, y: 24, width: 1920, height: 1056)
        let middle = PixelRect(x: 640, y: 372, width: 640, height: 360)
        #expect(
            Letterbox.place(width: 1280, height: 720, around: middle, on: screen)
                == PixelRect(x: 320, y: 192, width: 1280, height: 720))
        #expect(
            Letterbox.place(width: 1877, height: 1056, around: middle, on: screen)
                == PixelRect(x: 22, y: 24, width: 1877, height: 1056))
        let corner = PixelRect(x: 1280, y: 720, width: 640, height: 360)
        #expect(
            Letterbox.place(width: 1280, height: 720, around: corner, on: screen)
                == PixelRect(x: 640, y: 360, width: 1280, height: 720))
        #expect(Letterbox.place(width: 3840, height: 2160, around: middle, on: screen).x == 0)
    }
}
