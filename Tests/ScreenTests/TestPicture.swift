// Pictures with known bytes, and the arithmetic of colour in floating point to hold the fast one to.
import Model

/// Immutable planes in one array each.
final class TestPicture: Picture {
    let width: Int
    let height: Int
    let layout: PictureLayout
    let matrix: ColourMatrix
    let isFullRange: Bool
    let sampleAspect: Rational?
    let planes: [[UInt8]]
    let strides: [Int]

    init(
        _ width: Int, _ height: Int, _ layout: PictureLayout = .i420, matrix: ColourMatrix = .bt601,
        isFullRange: Bool = false, sampleAspect: Rational? = nil, padding: Int = 7,
        sample: (_ plane: Int, _ x: Int, _ y: Int) -> UInt8
    ) {
        self.width = width
        self.height = height
        self.layout = layout
        self.matrix = matrix
        self.isFullRange = isFullRange
        self.sampleAspect = sampleAspect
        let half = ((width + 1) / 2, (height + 1) / 2)
        let sizes: [(bytes: Int, rows: Int)] =
            switch layout {
            case .i420: [(width, height), half, half].map { ($0.0, $0.1) }
            case .nv12: [(width, height), (half.0 * 2, half.1)]
            default: [(width * 4, height)]
            }
        strides = sizes.map { $0.bytes + padding }
        var planes: [[UInt8]] = []
        for (index, size) in sizes.enumerated() {
            var plane = [UInt8](repeating: 0xEE, count: (size.bytes + padding) * size.rows)
            for y in 0..<size.rows {
                for x in 0..<size.bytes { plane[y * (size.bytes + padding) + x] = sample(index, x, y) }
            }
            planes.append(plane)
        }
        self.planes = planes
    }

    /// One colour all over.
    static func plain(
        _ width: Int, _ height: Int, y: UInt8, u: UInt8, v: UInt8, matrix: ColourMatrix = .bt601,
        isFullRange: Bool = false, sampleAspect: Rational? = nil
    ) -> TestPicture {
        TestPicture(
            width, height, matrix: matrix, isFullRange: isFullRange, sampleAspect: sampleAspect
        ) { plane, _, _ in [y, u, v][plane] }
    }

    func withPlanes<R>(_ body: (PicturePlanes) -> R) -> R {
        func lend(_ index: Int, _ lent: [(base: UnsafePointer<UInt8>, stride: Int)]) -> R {
            guard index < planes.count else { return body(PicturePlanes(planes: lent)) }
            return planes[index].withUnsafeBufferPointer { plane in
                guard let base = plane.baseAddress else { return body(PicturePlanes(planes: [])) }
                return lend(index + 1, lent + [(base, strides[index])])
            }
        }
        return lend(0, [])
    }
}

struct Colour: Equatable, CustomStringConvertible {
    var b: Int, g: Int, r: Int
    var description: String { "(b \(b), g \(g), r \(r))" }

    func isNear(_ other: Colour, within tolerance: Int) -> Bool {
        abs(b - other.b) <= tolerance && abs(g - other.g) <= tolerance && abs(r - other.r) <= tolerance
    }

    init(b: Int, g: Int, r: Int) { (self.b, self.g, self.r) = (b, g, r) }

    /// By the recommendations' own formulas.
    init(y: UInt8, u: UInt8, v: UInt8, matrix: ColourMatrix, isFullRange: Bool) {
        let (kr, kb): (Double, Double) =
            switch matrix {
            case .bt601: (0.299, 0.114)
            case .bt709: (0.2126, 0.0722)
            case .bt2020: (0.2627, 0.0593)
            }
        let luma = isFullRange ? Double(y) / 255 : (Double(y) - 16) / 219
        let cb = (Double(u) - 128) / (isFullRange ? 255 : 224)
        let cr = (Double(v) - 128) / (isFullRange ? 255 : 224)
        let red = luma + 2 * (1 - kr) * cr
        let blue = luma + 2 * (1 - kb) * cb
        let green = (luma - kr * red - kb * blue) / (1 - kr - kb)
        func byte(_ value: Double) -> Int { Int(max(0, min(255, (value * 255).rounded()))) }
        self.init(b: byte(blue), g: byte(green), r: byte(red))
    }

    /// From B, G, R, X rows.
    init(_ pixels: [UInt8], width: Int, x: Int, y: Int) {
        let at = (y * width + x) * 4
        guard at >= 0, at + 2 < pixels.count else {
            self.init(b: -1, g: -1, r: -1)
            return
        }
        self.init(b: Int(pixels[at]), g: Int(pixels[at + 1]), r: Int(pixels[at + 2]))
    }
}
