import Model
import Testing

@testable import Screen

@Suite struct PixelsTests {
    static let all: [(ColourMatrix, Bool)] = [
        (.bt601, false), (.bt601, true), (.bt709, false), (.bt709, true), (.bt2020, false), (.bt2020, true),
    ]

    /// Odd sizes reach the code after the vector loop, and the row and column without a partner.
    @Test(arguments: all, [PictureLayout.i420, .nv12])
    func everyPixelIsWithinTwoOfTheFormula(_ space: (ColourMatrix, Bool), _ layout: PictureLayout) {
        var generator = SplitMix(state: 7)
        for (width, height) in [(16, 2), (67, 5), (1, 1), (33, 4), (15, 3)] {
            let picture = TestPicture(width, height, layout, matrix: space.0, isFullRange: space.1) { _, _, _ in
                UInt8(truncatingIfNeeded: generator.next())
            }
            var out = [UInt8](repeating: 0, count: width * height * 4)
            out.withUnsafeMutableBufferPointer { buffer in
                if let base = buffer.baseAddress { Pixels.convert(picture, to: base, stride: width * 4) }
            }
            for y in 0..<height {
                for x in 0..<width {
                    let chroma = (y / 2) * picture.strides[1]
                    let u =
                        layout == .i420 ? picture.planes[1][chroma + x / 2] : picture.planes[1][chroma + x / 2 * 2]
                    let v =
                        layout == .i420
                        ? picture.planes[2][chroma + x / 2] : picture.planes[1][chroma + x / 2 * 2 + 1]
                    let want = Colour(
                        y: picture.planes[0][y * picture.strides[0] + x], u: u, v: v, matrix: space.0,
                        isFullRange: space.1)
                    let got = Colour(out, width: width, x: x, y: y)
                    #expect(got.isNear(want, within: 2), "\(width)x\(height) at \(x),\(y): \(got), not \(want)")
                }
            }
        }
    }

    @Test func bgrxRowsAreCopied() {
        let picture = TestPicture(3, 2, .bgrx) { _, x, y in UInt8(x + 16 * y) }
        var out = [UInt8](repeating: 0, count: 24)
        out.withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress { Pixels.convert(picture, to: base, stride: 12) }
        }
        #expect(out == (0..<12).map { UInt8($0) } + (16..<28).map { UInt8($0) })
    }
}

/// A small seeded generator, so that failures repeat.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
