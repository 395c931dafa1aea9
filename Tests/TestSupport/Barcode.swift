// The barcode that carries a number through encoder, network, decoder and screen. The instruments of the
// benchmarks write and read the same one.

/// 64 bits, most significant first, in blocks as wide as a 64th of the picture; rows 0–15 hold the bits,
/// rows 16–31 their complement, which is how a reader knows that it looks at a barcode at all.
public enum Barcode {
    public static let height = 32
    static let white: UInt8 = 235
    static let black: UInt8 = 16

    /// Draws into a luma plane.
    public static func draw(_ value: UInt64, into luma: inout [UInt8], width: Int, stride: Int) {
        let block = width / 64
        for bit in 0..<64 {
            let isOne = (value >> UInt64(63 - bit)) & 1 == 1
            let columns = bit * block..<(bit + 1) * block
            for row in 0..<height {
                let shade = isOne == (row < 16) ? white : black
                for column in columns { luma[row * stride + column] = shade }
            }
        }
    }

    /// Reads it where it stands, or nil where none is.
    /// - Parameter sample: Brightness at a column and row.
    public static func read(width: Int, sample: (_ column: Int, _ row: Int) -> UInt8) -> UInt64? {
        let block = width / 64
        var value: UInt64 = 0
        for bit in 0..<64 {
            let column = bit * block + block / 2
            let upper = Int(sample(column, 8))
            let lower = Int(sample(column, 24))
            guard abs(upper - lower) > 60 else { return nil }
            value = value << 1 | (upper > lower ? 1 : 0)
        }
        return value
    }

    /// Reads it off packed or planar bytes, e.g. a `bgr24` frame (`pixelBytes` 3) or a luma plane (1).
    public static func read(_ bytes: ArraySlice<UInt8>, width: Int, stride: Int, pixelBytes: Int = 1) -> UInt64? {
        guard bytes.count >= 25 * stride else { return nil }
        let start = bytes.startIndex
        let green = pixelBytes >= 3 ? 1 : 0
        return read(width: width) { column, row in bytes[start + row * stride + column * pixelBytes + green] }
    }
}
