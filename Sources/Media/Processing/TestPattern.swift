// The test picture: colour bars, a ramp, a box that moves and a clock. For tests of a chain, not of a screen:
// the colours are right, but it is no calibrated chart.
import CFFmpeg
public import Model

/// Draws test pictures, yuv420p, limited range. One thread at a time.
public final class TestPattern {
    /// Pixels; even.
    public let width: Int
    /// Pixels; even.
    public let height: Int
    /// Pictures a second.
    public let frameRate: Rational
    private let pool: PicturePool
    /// Everything that stands still, drawn once.
    private let background: Frame
    private let clock: Clock
    private let period: Double

    private struct Clock {
        var scale: Int
        var x: Int
        var y: Int
        var width: Int
        var height: Int
        static let columns = 12 * (BitmapFont.width + 1) + 1
        static let rows = BitmapFont.height + 2
    }

    /// - Throws: `usage` for a size below 16x16 or a frame rate that is not positive.
    public init(width: Int, height: Int, frameRate: Rational) throws(SluiceError) {
        guard width >= 16, height >= 16, width <= 16384, height <= 16384, let rate = frameRate.positiveValue else {
            throw SluiceError(
                .usage, "cannot draw a test picture", why: "\(width)x\(height) at that rate is not possible")
        }
        self.width = width & ~1
        self.height = height & ~1
        self.frameRate = frameRate
        period = 1 / rate
        pool = try PicturePool(width: self.width, height: self.height, format: AV_PIX_FMT_YUV420P)
        let scale = max(1, min(self.width * 2 / 3 / Clock.columns, self.height / 4 / Clock.rows))
        clock = Clock(
            scale: scale, x: max(0, (self.width - Clock.columns * scale) / 2 & ~1), y: self.height / 8 & ~1,
            width: Clock.columns * scale, height: Clock.rows * scale)
        background = Frame(owning: try pool.take(), kind: .video, pts: nil)
        drawBackground()
    }

    /// The picture number `index`, shown at `index` / `frameRate`, with `wall` burnt in as HH:MM:SS.mmm UTC.
    public func frame(at index: Int, wall: WallTime) throws(SluiceError) -> Frame {
        let raw = try pool.take()
        let frame = Frame(
            owning: raw, kind: .video, pts: Self.time(of: index, frameRate), duration: Span(seconds: period))
        if let from = background.raw.pointee.data.0, let to = raw.pointee.data.0 {
            to.update(from: from, count: pool.byteCount)
        }
        tag(raw)
        drawBox(raw, index)
        drawClock(raw, BitmapFont.clockText(nanosecondsSince1970: wall.nanoseconds))
        return frame
    }

    /// Exact to the nanosecond, however large the index.
    static func time(of index: Int, _ rate: Rational) -> MediaTime {
        let (whole, rest) = Int64(index).quotientAndRemainder(dividingBy: Int64(rate.numerator))
        let denominator = Int64(rate.denominator) * 1_000_000_000
        let numerator = Int64(rate.numerator)
        // rest × denominator may be large for rates like 30000/1001, so it is divided in two steps.
        let (high, low) = denominator.quotientAndRemainder(dividingBy: numerator)
        return MediaTime(nanoseconds: whole * denominator + rest * high + (rest * low + numerator / 2) / numerator)
    }

    // MARK: Drawing

    private func tag(_ raw: UnsafeMutablePointer<AVFrame>) {
        let isHD = height >= 720 || width >= 1280
        raw.pointee.color_range = AVCOL_RANGE_MPEG
        raw.pointee.colorspace = isHD ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M
        raw.pointee.color_primaries = isHD ? AVCOL_PRI_BT709 : AVCOL_PRI_SMPTE170M
        raw.pointee.color_trc = isHD ? AVCOL_TRC_BT709 : AVCOL_TRC_SMPTE170M
        raw.pointee.sample_aspect_ratio = AVRational(num: 1, den: 1)
    }

    private struct Colour {
        var y: UInt8
        var u: UInt8
        var v: UInt8

        init(red: Double, green: Double, blue: Double, isHD: Bool) {
            let (kr, kb) = isHD ? (0.2126, 0.0722) : (0.299, 0.114)
            let luma = kr * red + (1 - kr - kb) * green + kb * blue
            y = UInt8(16 + 219 * luma + 0.5)
            u = UInt8(128 + 224 * (blue - luma) / (2 * (1 - kb)) + 0.5)
            v = UInt8(128 + 224 * (red - luma) / (2 * (1 - kr)) + 0.5)
        }

        init(y: UInt8) {
            self.y = y
            u = 128
            v = 128
        }
    }

    private func drawBackground() {
        let isHD = height >= 720 || width >= 1280
        // White, yellow, cyan, green, magenta, red, blue at three quarters: each bit is a primary.
        for (bar, bits) in [7, 6, 3, 2, 5, 4, 1].enumerated() {
            func level(_ bit: Int) -> Double { bits & bit != 0 ? 0.75 : 0 }
            fill(
                background.raw, x: width * bar / 7, y: 0, width: width * (bar + 1) / 7 - width * bar / 7,
                height: height * 3 / 4,
                Colour(red: level(4), green: level(2), blue: level(1), isHD: isHD))
        }
        for step in 0..<16 {
            fill(
                background.raw, x: width * step / 16, y: height * 3 / 4,
                width: width * (step + 1) / 16 - width * step / 16, height: height - height * 3 / 4,
                Colour(y: UInt8(16 + step * 219 / 15)))
        }
        fill(background.raw, x: clock.x, y: clock.y, width: clock.width, height: clock.height, Colour(y: 16))
    }

    /// There and back in four seconds.
    private func drawBox(_ raw: UnsafeMutablePointer<AVFrame>, _ index: Int) {
        let size = max(4, height / 8 & ~1)
        let phase = (Double(index) * period / 4).truncatingRemainder(dividingBy: 1)
        let place = phase < 0.5 ? phase * 2 : 2 - phase * 2
        let x = Int(Double(width - size) * place) & ~1
        let y = height * 9 / 16 & ~1
        fill(raw, x: x, y: y, width: size, height: size, Colour(y: 235))
        fill(raw, x: x + size / 4, y: y + size / 4, width: size / 2, height: size / 2, Colour(y: 16))
    }

    private func drawClock(_ raw: UnsafeMutablePointer<AVFrame>, _ text: [UInt8]) {
        guard let luma = raw.pointee.data.0 else { return }
        let stride = Int(raw.pointee.linesize.0)
        let scale = clock.scale
        for (position, character) in text.enumerated() {
            let left = clock.x + (1 + position * (BitmapFont.width + 1)) * scale
            for (row, bits) in BitmapFont.rows(of: character).enumerated() where bits != 0 {
                let top = clock.y + (1 + row) * scale
                for column in 0..<BitmapFont.width where bits & (0x10 >> UInt8(column)) != 0 {
                    let x = left + column * scale
                    guard x + scale <= width, top + scale <= height else { continue }
                    for line in top..<top + scale {
                        (luma + line * stride + x).update(repeating: 235, count: scale)
                    }
                }
            }
        }
    }

    private func fill(
        _ raw: UnsafeMutablePointer<AVFrame>, x: Int, y: Int, width: Int, height: Int, _ colour: Colour
    ) {
        guard let luma = raw.pointee.data.0, let u = raw.pointee.data.1, let v = raw.pointee.data.2 else { return }
        let right = min(x + width, self.width)
        let bottom = min(y + height, self.height)
        guard x < right, y < bottom else { return }
        for line in y..<bottom {
            (luma + line * Int(raw.pointee.linesize.0) + x).update(repeating: colour.y, count: right - x)
        }
        for line in y / 2..<bottom / 2 {
            (u + line * Int(raw.pointee.linesize.1) + x / 2).update(repeating: colour.u, count: right / 2 - x / 2)
            (v + line * Int(raw.pointee.linesize.2) + x / 2).update(repeating: colour.v, count: right / 2 - x / 2)
        }
    }
}
