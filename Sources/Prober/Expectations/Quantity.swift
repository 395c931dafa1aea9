// Numbers with units as expectations write them: 2s, 500ms, 1m30s, 800k, 2.5M, 30000/1001, 1280x720, yes.
import Model

enum Quantity {
    /// A duration; a bare number is seconds.
    static func duration(_ text: Substring) -> Span? {
        if let value = decimal(text) { return Span(seconds: value) }
        let units: [(name: String, seconds: Double)] = [("h", 3600), ("m", 60), ("s", 1), ("ms", 0.001)]
        var rest = text
        var total = 0.0
        var nextUnit = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let value = decimal(digits) else { return nil }
            rest = rest[digits.endIndex...]
            let name = rest.prefix { $0.isLetter }
            // From the largest unit to the smallest, each at most once.
            guard let index = units.firstIndex(where: { $0.name == name }), index >= nextUnit else { return nil }
            total += value * units[index].seconds
            nextUnit = index + 1
            rest = rest[name.endIndex...]
        }
        return nextUnit > 0 ? Span(seconds: total) : nil
    }

    /// Bits (or Hertz) with k, M or G.
    static func rate(_ text: Substring) -> Double? {
        let factors: [Character: Double] = ["k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9]
        guard let last = text.last, let factor = factors[last] else { return decimal(text) }
        return decimal(text.dropLast()).map { $0 * factor }
    }

    /// Pictures a second, also as a fraction.
    static func frameRate(_ text: Substring) -> Double? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return decimal(text) }
        guard let top = decimal(parts[0]), let bottom = decimal(parts[1]), bottom > 0 else { return nil }
        return top / bottom
    }

    static func size(_ text: Substring) -> PictureSize? {
        let parts = text.split(separator: "x", omittingEmptySubsequences: false)
        guard parts.count == 2, let width = whole(parts[0]), let height = whole(parts[1]), width > 0, height > 0
        else { return nil }
        return PictureSize(width: width, height: height)
    }

    static func truth(_ text: Substring) -> Bool? {
        switch text {
        case "yes", "true", "on", "1": true
        case "no", "false", "off", "0": false
        default: nil
        }
    }

    static func whole(_ text: Substring) -> Int? {
        guard (1...9).contains(text.count), text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return Int(text)
    }

    /// Digits with at most one point; no sign, no exponent.
    static func decimal(_ text: Substring) -> Double? {
        guard text.last?.isNumber == true, text.count <= 20,
            text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") })
        else { return nil }
        return Double(text)
    }
}
