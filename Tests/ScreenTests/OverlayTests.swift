import Testing

@testable import Screen

@Suite struct OverlayTests {
    @Test func everyGlyphIsDrawnAndDistinct() {
        var seen: [UInt64: Character] = [:]
        for code in UInt8(33)..<127 {
            let character = Character(UnicodeScalar(code))
            let rows = Glyphs.rows(of: character)
            #expect(rows != 0, "nothing is drawn for \(character)")
            #expect(seen[rows] == nil, "\(character) looks like \(seen[rows] ?? " ")")
            for row in 0..<8 { #expect((rows >> UInt64(8 * row)) & 0xE0 == 0, "\(character) is wider than five") }
            seen[rows] = character
        }
        #expect(Glyphs.rows(of: " ") == 0)
        #expect(Glyphs.rows(of: "é") == Glyphs.rows(of: "語"))
    }

    @Test func lettersAreWhereTheyBelong() throws {
        let image = try #require(OverlayImage(lines: ["", "L"], scale: 2))
        #expect(image.width == (6 + 8) * 2)
        #expect(image.height == (20 + 8) * 2)
        // The foot of the L: row 6 of the second line, all five columns, each two pixels wide.
        let y = (4 + 10 + 1 + 6) * 2
        let row = (0..<image.width).map { image.pixels[(y * image.width + $0) * 4 + 3] == 255 }
        #expect(row == (0..<28).map { (8..<18).contains($0) })
    }

    @Test func noTextIsNoBoxAndLongTextIsCut() {
        #expect(OverlayImage(lines: [], scale: 1) == nil)
        #expect(OverlayImage(lines: ["", ""], scale: 1) == nil)
        let long = OverlayImage(lines: Array(repeating: String(repeating: "x", count: 1000), count: 1000), scale: 1)
        #expect((long?.width ?? .max) < 800 && (long?.height ?? .max) < 500)
    }
}
