// Carries the bytes of segments from the fetching thread to FFmpeg's reading thread.
import Model

#if canImport(Glibc)
    import Glibc
#endif

/// A bounded pipe of byte blocks. One writer, one reader.
final class ByteChannel: @unchecked Sendable {
    // Safe because `rest` belongs to the reading thread alone and the queue is safe from any thread.
    private let queue = BoundedQueue<[UInt8]>(limit: 8 << 20) { $0.count }
    private var rest: ArraySlice<UInt8> = []

    /// Waits for room. False when the reader has gone.
    func write(_ bytes: [UInt8]) -> Bool { bytes.isEmpty || queue.push(bytes) }

    /// What was written is still read; then comes the end.
    func close() { queue.close() }

    /// Fills what it can of `buffer`, waiting for the first byte. 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        if rest.isEmpty {
            guard case .element(let bytes) = queue.pop() else { return 0 }
            rest = bytes[...]
        }
        let count = min(rest.count, buffer.count)
        rest.prefix(count).withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<count]))
        }
        rest = rest.dropFirst(count)
        return count
    }
}
