// Digits and a few signs as bitmaps, for the clock burnt into the test picture. Not a text renderer.

/// Glyphs of 5 × 7 points; each row is five bits, the leftmost the highest.
enum BitmapFont {
    static let width = 5
    static let height = 7

    /// The rows of a glyph from top to bottom; an unknown character is blank.
    static func rows(of character: UInt8) -> [UInt8] {
        switch character {
        case UInt8(ascii: "0"): [0x0E, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0E]
        case UInt8(ascii: "1"): [0x04, 0x0C, 0x04, 0x04, 0x04, 0x04, 0x0E]
        case UInt8(ascii: "2"): [0x0E, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1F]
        case UInt8(ascii: "3"): [0x1F, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0E]
        case UInt8(ascii: "4"): [0x02, 0x06, 0x0A, 0x12, 0x1F, 0x02, 0x02]
        case UInt8(ascii: "5"): [0x1F, 0x10, 0x1E, 0x01, 0x01, 0x11, 0x0E]
        case UInt8(ascii: "6"): [0x06, 0x08, 0x10, 0x1E, 0x11, 0x11, 0x0E]
        case UInt8(ascii: "7"): [0x1F, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08]
        case UInt8(ascii: "8"): [0x0E, 0x11, 0x11, 0x0E, 0x11, 0x11, 0x0E]
        case UInt8(ascii: "9"): [0x0E, 0x11, 0x11, 0x0F, 0x01, 0x02, 0x0C]
        case UInt8(ascii: ":"): [0x00, 0x04, 0x04, 0x00, 0x04, 0x04, 0x00]
        case UInt8(ascii: "."): [0x00, 0x00, 0x00, 0x00, 0x00, 0x0C, 0x0C]
        default: [0, 0, 0, 0, 0, 0, 0]
        }
    }

    /// `HH:MM:SS.mmm` of a wall time, UTC. The date is left out: the clock exists to be subtracted.
    static func clockText(nanosecondsSince1970 time: Int64) -> [UInt8] {
        let milliseconds = time / 1_000_000
        let day: Int64 = 86_400_000
        let ofDay = Int(((milliseconds % day) + day) % day)
        func digits(_ value: Int, _ count: Int) -> [UInt8] {
            var left = value
            var out = [UInt8](repeating: 0, count: count)
            for index in stride(from: count - 1, through: 0, by: -1) {
                out[index] = UInt8(ascii: "0") + UInt8(left % 10)
                left /= 10
            }
            return out
        }
        let colon = UInt8(ascii: ":")
        var text = digits(ofDay / 3_600_000, 2) + [colon]
        text += digits(ofDay / 60_000 % 60, 2) + [colon]
        text += digits(ofDay / 1000 % 60, 2) + [UInt8(ascii: ".")]
        return text + digits(ofDay % 1000, 3)
    }
}
