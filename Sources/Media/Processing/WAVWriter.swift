// Sixteen-bit PCM in a RIFF file or pipe. Knows nothing of FFmpeg, and does no conversion of rate or
// channels: what it is given is what it writes.
public import Model

#if canImport(Glibc)
    import Glibc
#endif

/// Writes a WAV stream. One thread at a time; writes block as long as the reader of a pipe does, but not for
/// long after a cancel.
public final class WAVWriter {
    private let output: PatientOutput
    private var target: Int32 { output.descriptor }
    private var dataBytes: UInt64 = 0
    private var isFinished = false
    private static let unknownSize: UInt32 = 0xFFFF_FFFF

    /// Creates or overwrites a file.
    ///
    /// - Parameter cancel: Once set, opening and writing wait for no reader any more, and return without an error.
    /// - Throws: `cannot_create` or `no_space`.
    public convenience init(
        path: String, sampleRate: Int, channels: Int, cancel: CancelFlag? = nil
    ) throws(SluiceError) {
        try self.init(
            try PatientOutput(path: path, cancel: cancel), sampleRate: sampleRate, channels: channels)
    }

    /// Writes to an open descriptor and leaves it open.
    ///
    /// - Parameter name: What error texts call it, e.g. "standard output".
    public convenience init(
        descriptor: Int32, name: String, sampleRate: Int, channels: Int, cancel: CancelFlag? = nil
    ) throws(SluiceError) {
        try self.init(
            PatientOutput(borrowing: descriptor, name: name, cancel: cancel), sampleRate: sampleRate,
            channels: channels)
    }

    private init(_ output: PatientOutput, sampleRate: Int, channels: Int) throws(SluiceError) {
        self.output = output
        // A reader of a pipe takes this size for "until the end"; a file gets the true one when it is closed.
        let header = Self.header(sampleRate: sampleRate, channels: channels, dataSize: Self.unknownSize)
        try header.withUnsafeBufferPointer { buffer throws(SluiceError) in try put(UnsafeRawBufferPointer(buffer)) }
    }

    deinit {
        if !isFinished { patchSizes() }
    }

    /// Bytes of sound written so far, without the header.
    public var byteCount: UInt64 { dataBytes }

    /// Writes interleaved samples.
    ///
    /// - Throws: `no_space`, or `cannot_create` when the other end has gone (code EPIPE).
    public func write(_ samples: [Int16]) throws(SluiceError) {
        #if _endian(little)
            try samples.withUnsafeBufferPointer { buffer throws(SluiceError) in
                try put(UnsafeRawBufferPointer(buffer))
            }
        #else
            let swapped = samples.map(\.littleEndian)
            try swapped.withUnsafeBufferPointer { buffer throws(SluiceError) in
                try put(UnsafeRawBufferPointer(buffer))
            }
        #endif
        dataBytes += UInt64(samples.count * 2)
    }

    /// Writes the true sizes where the target can be rewound. Nothing may be written afterwards.
    public func finish() {
        guard !isFinished else { return }
        isFinished = true
        patchSizes()
    }

    private func patchSizes() {
        // A pipe has no position; and a file opened for appending would get the sizes at its end.
        guard fcntl(target, F_GETFL) & O_APPEND == 0 else { return }
        guard lseek(target, 0, SEEK_CUR) == off_t(dataBytes) + 44 else { return }
        let data = UInt32(min(dataBytes, UInt64(Self.unknownSize - 36)))
        Self.patch(target, at: 4, value: data + 36)
        Self.patch(target, at: 40, value: data)
    }

    private static func patch(_ descriptor: Int32, at offset: off_t, value: UInt32) {
        withUnsafeBytes(of: value.littleEndian) { _ = pwrite(descriptor, $0.baseAddress, 4, offset) }
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws(SluiceError) {
        try output.write(bytes)
    }

    static func header(sampleRate: Int, channels: Int, dataSize: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        func add(_ text: StaticString) {
            text.withUTF8Buffer { bytes.append(contentsOf: $0) }
        }
        func add32(_ value: UInt32) { for shift in [0, 8, 16, 24] { bytes.append(UInt8(value >> shift & 0xFF)) } }
        func add16(_ value: Int) { bytes += [UInt8(value & 0xFF), UInt8(value >> 8 & 0xFF)] }
        add("RIFF")
        add32(dataSize == unknownSize ? unknownSize : dataSize + 36)
        add("WAVEfmt ")
        add32(16)
        add16(1)
        add16(channels)
        add32(UInt32(sampleRate))
        add32(UInt32(sampleRate * channels * 2))
        add16(channels * 2)
        add16(16)
        add("data")
        add32(dataSize)
        return bytes
    }
}
