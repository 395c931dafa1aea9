// Bit rates, frame rates and picture sizes as people write them.
import Model

enum RateArgument {
    /// Bits per second: 800k, 2.5M, 64000.
    static func parse(_ text: String) throws(ArgumentProblem) -> Int {
        let problem = ArgumentProblem("is not a bit rate (such as 800k, 2.5M)")
        var digits = text[...]
        var factor = 1.0
        switch text.last {
        case "k", "K": factor = 1e3
        case "M": factor = 1e6
        case "G": factor = 1e9
        default: break
        }
        if factor > 1 { digits = digits.dropLast() }
        guard let value = DurationArgument.decimal(digits) else { throw problem }
        let rate = value * factor
        guard rate >= 1000 else { throw ArgumentProblem("is too low: the least is 1k") }
        guard rate <= 10e9 else { throw ArgumentProblem("is too high: the most is 10G") }
        return Int(rate.rounded())
    }
}

enum FrameRateArgument {
    /// Pictures per second: 25, 29.97, 30000/1001.
    static func parse(_ text: String) throws(ArgumentProblem) -> Rational {
        let problem = ArgumentProblem("is not a frame rate (such as 25, 29.97, 30000/1001)")
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        var rate: Rational
        if parts.count == 2 {
            guard let top = whole(parts[0]), let bottom = whole(parts[1]) else { throw problem }
            rate = Rational(top, bottom)
        } else {
            guard let value = DurationArgument.decimal(text[...]) else { throw problem }
            rate = rational(value)
        }
        guard let value = rate.positiveValue, (0.1...1000).contains(value) else {
            throw ArgumentProblem("is not between 0.1 and 1000 pictures a second")
        }
        return rate
    }

    /// 23.976, 29.97 and 59.94 are the television rates over 1001.
    private static func rational(_ value: Double) -> Rational {
        let television = (value * 1.001).rounded()
        let isWhole = value.rounded() == value
        if !isWhole, (television * 1000 / 1001 - value).magnitude < 0.005 {
            return Rational(Int(television) * 1000, 1001)
        }
        return isWhole ? Rational(Int(value), 1) : Rational(Int((value * 1000).rounded()), 1000)
    }

    private static func whole(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.count <= 9, text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return Int(text)
    }
}

enum SizeArgument {
    /// WIDTHxHEIGHT in pixels.
    static func parse(_ text: String) throws(ArgumentProblem) -> PictureSize {
        let parts = text.split(separator: "x", omittingEmptySubsequences: false)
        guard parts.count == 2, let width = side(parts[0]), let height = side(parts[1]) else {
            throw ArgumentProblem("is not a size (such as 1280x720)")
        }
        return PictureSize(width: width, height: height)
    }

    /// One side, in pixels.
    static func parseSide(_ text: String) throws(ArgumentProblem) -> Int {
        guard let value = side(text[...]) else { throw ArgumentProblem("is not a number of pixels") }
        return value
    }

    private static func side(_ text: Substring) -> Int? {
        guard (1...5).contains(text.count), text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        guard let value = Int(text), (1...16384).contains(value) else { return nil }
        return value
    }
}
