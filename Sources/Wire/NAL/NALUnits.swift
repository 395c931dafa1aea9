// Walks the NAL units of one access unit in either framing and converts between the two.
// Positions only: it copies nothing and understands no unit beyond its type.
public import Model

/// The NAL units of `data`, as ranges of its indices, without start codes or length fields.
/// Never traps on damaged input: iteration ends at the first unit that does not fit.
public struct NALUnits: Sequence, Sendable {
    /// How units are told apart.
    public enum Framing: Sendable, Equatable {
        /// Start codes 00 00 01, the form of MPEG-TS and raw files.
        case annexB
        /// A big-endian length of this many bytes (1…4) before each unit, the form of MP4 and FLV.
        case lengthPrefixed(Int)

        /// The framing that a track's decoder configuration announces: avcC and hvcC begin with 1 and name
        /// the length size; anything else is Annex B.
        public init(configuration: [UInt8], codec: Codec) {
            let position = codec == .hevc ? 21 : 4
            if configuration.first == 1, configuration.count > position {
                self = .lengthPrefixed(Int(configuration[position] & 3) + 1)
            } else {
                self = .annexB
            }
        }
    }

    public let data: [UInt8]
    public let framing: Framing

    public init(_ data: [UInt8], _ framing: Framing) {
        self.data = data
        self.framing = framing
    }

    public func makeIterator() -> Iterator { Iterator(data, framing) }

    public struct Iterator: IteratorProtocol, Sendable {
        private let data: [UInt8]
        private let framing: Framing
        private var position = 0
        /// True once a unit did not fit into the data.
        public private(set) var isDamaged = false

        init(_ data: [UInt8], _ framing: Framing) {
            self.data = data
            self.framing = framing
            if framing == .annexB { position = NALUnits.startCode(in: data, from: 0)?.upperBound ?? data.count }
        }

        public mutating func next() -> Range<Int>? {
            switch framing {
            case .annexB: nextAnnexB()
            case .lengthPrefixed(let size): nextPrefixed(size)
            }
        }

        private mutating func nextAnnexB() -> Range<Int>? {
            while position < data.count {
                let start = position
                let code = NALUnits.startCode(in: data, from: start)
                position = code?.upperBound ?? data.count
                var end = code?.lowerBound ?? data.count
                // trailing_zero_8bits belong to no unit.
                while end > start, data[end - 1] == 0 { end -= 1 }
                if end > start { return start..<end }
            }
            return nil
        }

        private mutating func nextPrefixed(_ size: Int) -> Range<Int>? {
            while position < data.count {
                guard (1...4).contains(size), data.count - position >= size else { return damaged() }
                var length = 0
                for index in position..<position + size { length = length << 8 | Int(data[index]) }
                let start = position + size
                guard length <= data.count - start else { return damaged() }
                position = start + length
                if length > 0 { return start..<position }
            }
            return nil
        }

        private mutating func damaged() -> Range<Int>? {
            isDamaged = true
            position = data.count
            return nil
        }
    }

    /// The next 00 00 01 at or after `start`.
    static func startCode(in data: [UInt8], from start: Int) -> Range<Int>? {
        data.withUnsafeBufferPointer { bytes in
            var index = start + 2
            while index < bytes.count {
                // Looks at every third byte as long as none is 0 or 1.
                switch bytes[index] {
                case 0: index += 1
                case 1:
                    if bytes[index - 1] == 0, bytes[index - 2] == 0 { return index - 2..<index + 1 }
                    index += 3
                default: index += 3
                }
            }
            return nil
        }
    }
}

// MARK: - Conversion

extension NALUnits {
    /// The same units in another framing. Fails where a unit does not fit into the data, where there is no
    /// unit at all, or where one is too long for the length field.
    public static func convert(
        _ data: [UInt8], from: Framing, to: Framing
    ) throws(WireError) -> [UInt8] {
        if from == to { return data }
        var out: [UInt8] = []
        out.reserveCapacity(data.count + 16)
        var units = NALUnits(data, from).makeIterator()
        while let unit = units.next() { try append(data[unit], to, &out) }
        guard !units.isDamaged else { throw WireError("damaged access unit: a NAL unit is longer than its packet") }
        guard !out.isEmpty || data.isEmpty else { throw WireError("damaged access unit: no NAL unit in it") }
        return out
    }

    /// Joins units that have neither start code nor length.
    public static func join(_ units: [[UInt8]], _ framing: Framing) throws(WireError) -> [UInt8] {
        var out: [UInt8] = []
        for unit in units { try append(unit[...], framing, &out) }
        return out
    }

    /// Copies of the units.
    public var units: [[UInt8]] { map { Array(data[$0]) } }

    static func append(_ unit: ArraySlice<UInt8>, _ framing: Framing, _ out: inout [UInt8]) throws(WireError) {
        switch framing {
        case .annexB: out += [0, 0, 0, 1]
        case .lengthPrefixed(let size):
            guard (1...4).contains(size), unit.count < 1 << (8 * size) else {
                throw WireError("a NAL unit of \(unit.count) bytes does not fit a length of \(size) bytes")
            }
            for shift in (0..<size).reversed() { out.append(UInt8(truncatingIfNeeded: unit.count >> (8 * shift))) }
        }
        out += unit
    }
}
