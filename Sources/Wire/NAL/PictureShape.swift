// Small tables that sequence parameter sets share: pixel shapes, FFmpeg's pixel format names, fractions.
import Model

enum SampleAspect {
    /// Table E-1, from index 1.
    private static let table: [(Int, Int)] = [
        (1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11), (80, 33), (18, 11),
        (15, 11), (64, 33), (160, 99), (4, 3), (3, 2), (2, 1),
    ]

    static func read(_ bits: inout BitReader) throws(WireError) -> Rational? {
        let index = try bits.bits(8)
        if index == 255 {
            let width = try bits.bits(16)
            let height = try bits.bits(16)
            return width > 0 && height > 0 ? reduced(width, height) : nil
        }
        guard (1...table.count).contains(index) else { return nil }
        return Rational(table[index - 1].0, table[index - 1].1)
    }
}

enum PixelFormatName {
    static func of(chroma: Int, luma: Int, chromaDepth: Int, isFullRange: Bool) -> String? {
        let base: String
        switch chroma {
        case 0: return luma == 8 ? "gray" : "gray\(luma)le"
        case 1: base = "420"
        case 2: base = "422"
        case 3: base = "444"
        default: return nil
        }
        guard luma == chromaDepth else { return nil }
        return luma == 8 ? "yuv\(isFullRange ? "j" : "")\(base)p" : "yuv\(base)p\(luma)le"
    }
}

/// The fraction in lowest terms; both parts positive.
func reduced(_ numerator: Int, _ denominator: Int) -> Rational {
    var a = numerator
    var b = denominator
    while b != 0 { (a, b) = (b, a % b) }
    return a > 0 ? Rational(numerator / a, denominator / a) : Rational(numerator, denominator)
}
