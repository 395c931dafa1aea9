// Lines of text as pixels: white letters on a dark see-through box, made anew only when the text changes.

/// Premultiplied by nothing: B, G, R, A bytes, rows packed.
struct OverlayImage: Equatable, Sendable {
    let width: Int
    let height: Int
    let pixels: [UInt8]
    /// Of the box, of 255.
    static let boxAlpha: UInt8 = 160
    private static let margin = 4
    /// More is cut off: an overlay must not become a page.
    private static let lineLimit = 40
    private static let columnLimit = 120

    /// `scale` pixels for each of the glyph's; `nil` for no text.
    init?(lines: [String], scale: Int) {
        let lines = lines.prefix(Self.lineLimit).map { $0.prefix(Self.columnLimit) }
        let columns = lines.map(\.count).max() ?? 0
        guard columns > 0 else { return nil }
        let scale = max(1, scale)
        let width = (columns * Glyphs.cellWidth + 2 * Self.margin) * scale
        let height = (lines.count * Glyphs.cellHeight + 2 * Self.margin) * scale
        var pixels = [UInt8](repeating: 0, count: width * height * 4)
        for pixel in stride(from: 3, to: pixels.count, by: 4) { pixels[pixel] = Self.boxAlpha }
        for (row, line) in lines.enumerated() {
            for (column, character) in line.enumerated() where character != " " {
                let bits = Glyphs.rows(of: character)
                let left = (Self.margin + column * Glyphs.cellWidth) * scale
                let top = (Self.margin + row * Glyphs.cellHeight + 1) * scale
                for y in 0..<8 * scale {
                    let glyphRow = bits >> UInt64(56 - 8 * (y / scale))
                    for x in 0..<5 * scale where glyphRow >> UInt64(4 - x / scale) & 1 == 1 {
                        let at = ((top + y) * width + left + x) * 4
                        pixels[at] = 255
                        pixels[at + 1] = 255
                        pixels[at + 2] = 255
                        pixels[at + 3] = 255
                    }
                }
            }
        }
        self.width = width
        self.height = height
        self.pixels = pixels
    }
}
