import Testing

@testable import Screen

@Suite struct LetterboxTests {
    @Test func samePictureFillsWindow() {
        #expect(
            Letterbox.fit(width: 640, height: 360, sampleAspect: nil, intoWidth: 640, height: 360)
                == PixelRect(x: 0, y: 0, width: 640, height: 360))
    }
}
