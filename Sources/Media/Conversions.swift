// Between FFmpeg's ticks and the project's nanoseconds. The magic AV_NOPTS_VALUE stops here.
import CFFmpeg
import Model

extension Rational {
    init(_ value: AVRational) { self.init(Int(value.num), Int(value.den)) }

    /// nil where a part does not fit FFmpeg's 32 bits or the value is unknown.
    var native: AVRational? {
        guard let num = Int32(exactly: numerator), let den = Int32(exactly: denominator), den != 0 else {
            return nil
        }
        return AVRational(num: num, den: den)
    }

    /// The value where it is known and positive.
    static func positive(_ value: AVRational) -> Rational? {
        value.num > 0 && value.den > 0 ? Rational(value) : nil
    }
}

extension AVRational {
    var isUsable: Bool { num > 0 && den > 0 }
}

extension MediaTime {
    /// nil for AV_NOPTS_VALUE, an unusable time base or an overflow.
    init?(ticks: Int64, base: AVRational) {
        guard ticks != SLUICE_NOPTS, base.isUsable else { return nil }
        let value = av_rescale_q(ticks, base, SLUICE_NANOSECONDS)
        guard value != Int64.min else { return nil }
        self.init(nanoseconds: value)
    }

    /// Nearest tick; AV_NOPTS_VALUE where it does not fit.
    func ticks(in base: AVRational) -> Int64 {
        base.isUsable ? av_rescale_q(nanoseconds, SLUICE_NANOSECONDS, base) : SLUICE_NOPTS
    }
}

extension Optional where Wrapped == MediaTime {
    /// Nearest tick; AV_NOPTS_VALUE for nil.
    func ticks(in base: AVRational) -> Int64 { self?.ticks(in: base) ?? SLUICE_NOPTS }
}

extension Span {
    /// nil for AV_NOPTS_VALUE, zero and negative lengths: FFmpeg uses 0 for "unknown".
    init?(ticks: Int64, base: AVRational) {
        guard ticks != SLUICE_NOPTS, ticks > 0, base.isUsable else { return nil }
        let value = av_rescale_q(ticks, base, SLUICE_NANOSECONDS)
        guard value != Int64.min else { return nil }
        self.init(nanoseconds: value)
    }

    func ticks(in base: AVRational) -> Int64 {
        base.isUsable ? av_rescale_q(nanoseconds, SLUICE_NANOSECONDS, base) : 0
    }
}

/// A C string that FFmpeg owns, copied; nil for NULL and for the empty string.
func text(_ pointer: UnsafePointer<CChar>?) -> String? {
    guard let pointer, pointer.pointee != 0 else { return nil }
    return String(cString: pointer)
}

/// A copy of `count` bytes.
func bytes(_ pointer: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
    guard let pointer, count > 0 else { return [] }
    return Array(UnsafeBufferPointer(start: pointer, count: count))
}
