// Where a picture goes in a window: as large as fits, its shape kept. Pure arithmetic.
internal import Model

struct PixelRect: Equatable, Sendable {
    var x: Int, y: Int, width: Int, height: Int
}

enum Letterbox {
    /// Widest or tallest rectangle of the picture's shape in the middle of `outer`; never empty.
    static func fit(
        width: Int, height: Int, sampleAspect: Rational?, intoWidth outerWidth: Int, height outerHeight: Int
    ) -> PixelRect {
        guard width > 0, height > 0, outerWidth > 0, outerHeight > 0 else {
            return PixelRect(x: 0, y: 0, width: max(1, outerWidth), height: max(1, outerHeight))
        }
        // A stream that claims pixels fifty times as wide as high is wrong, not wide.
        let pixel = sampleAspect?.positiveValue.flatMap { (0.1...10).contains($0) ? $0 : nil } ?? 1
        let shape = Double(width) * pixel / Double(height)
        var w = outerWidth
        var h = outerHeight
        if shape * Double(outerHeight) > Double(outerWidth) {
            h = max(1, Int((Double(outerWidth) / shape).rounded()))
        } else {
            w = max(1, Int((Double(outerHeight) * shape).rounded()))
        }
        w = min(w, outerWidth)
        h = min(h, outerHeight)
        return PixelRect(x: (outerWidth - w) / 2, y: (outerHeight - h) / 2, width: w, height: h)
    }

    /// Size of a window that shows the picture pixel for pixel, wider where pixels are wide.
    static func naturalSize(width: Int, height: Int, sampleAspect: Rational?) -> (width: Int, height: Int) {
        let pixel = sampleAspect?.positiveValue.flatMap { (0.1...10).contains($0) ? $0 : nil } ?? 1
        return pixel >= 1
            ? (Int((Double(width) * pixel).rounded()), height)
            : (width, Int((Double(height) / pixel).rounded()))
    }

    /// Where a window of another size stays: around the same middle, and on the screen. One that is larger than the
    /// screen begins at its corner.
    static func place(width: Int, height: Int, around window: PixelRect, on screen: PixelRect) -> PixelRect {
        let x = window.x + (window.width - width) / 2
        let y = window.y + (window.height - height) / 2
        return PixelRect(
            x: max(screen.x, min(x, screen.x + screen.width - width)),
            y: max(screen.y, min(y, screen.y + screen.height - height)), width: width, height: height)
    }
}
