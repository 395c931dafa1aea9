// Producer, consumer and observers at full speed. Under the thread sanitizer:
// swift test --sanitize=thread --filter AudioRingHammer
import Model
import Synchronization
import Testing

@testable import Screen

@Suite struct AudioRingHammer {
    @Test func nothingIsLostRepeatedOrTorn() throws {
        let ring = try #require(AudioRing(sampleRate: 48000, channels: 2, leastFrames: 1024))
        let hammer = Hammer(ring: ring)
        let threads = [
            NamedThread("hammer-write") { hammer.produce() },
            NamedThread("hammer-read") { hammer.consume() },
            NamedThread("hammer-look") { hammer.observe() },
        ]
        for thread in threads { thread.join() }
        #expect(hammer.faults.withLock { $0 } == [])
        #expect(ring.position(latency: .zero).frames == Int64(Hammer.total))
    }
}

private final class Hammer: Sendable {
    /// Frames; whole numbers below 2^24 are exact in a float.
    static let total = 2_000_000
    let ring: AudioRing
    let faults = Mutex<[String]>([])
    private let finished = Atomic<Bool>(false)

    init(ring: AudioRing) { self.ring = ring }

    private func fault(_ text: String) { faults.withLock { if $0.count < 5 { $0.append(text) } } }

    func produce() {
        var random = SplitMix(state: 1)
        var next = 0
        var block: [Float] = []
        while next < Self.total, !finished.load(ordering: .relaxed) {
            let frames = min(Self.total - next, Int.random(in: 1...700, using: &random))
            block.removeAll(keepingCapacity: true)
            for frame in next..<next + frames {
                block.append(Float(frame))
                block.append(-Float(frame))
            }
            let taken = block.withUnsafeBufferPointer { ring.write($0) }
            if taken < 0 || taken > frames { fault("took \(taken) of \(frames)") }
            next += taken
        }
        ring.finish()
    }

    func consume() {
        var random = SplitMix(state: 2)
        var out = [Float](repeating: 0, count: 1400)
        var expected = 0
        var device = 0
        while expected < Self.total {
            // No more than is queued: cross-fades would change the numbers.
            let frames = min(ring.queuedFrames, Int.random(in: 1...700, using: &random))
            if frames == 0 { continue }
            let now = HostTime(
                nanoseconds: Int64(device / 48000) * 1_000_000_000 + Int64(device % 48000) * 1_000_000_000 / 48000)
            out.withUnsafeMutableBufferPointer { ring.render($0.baseAddress, frames: frames, now: now) }
            for frame in 0..<frames
            where out[2 * frame] != Float(expected + frame) || out[2 * frame + 1] != -Float(expected + frame) {
                fault("frame \(expected + frame) was \(out[2 * frame]), \(out[2 * frame + 1])")
                break
            }
            expected += frames
            device += frames
        }
        finished.store(true, ordering: .releasing)
    }

    /// The published values must belong together: the consumer is always on time, so the frame tells
    /// the time.
    func observe() {
        var last: Int64 = 0
        while !finished.load(ordering: .acquiring) {
            let position = ring.position(latency: .zero)
            let time = position.frames / 48000 * 1_000_000_000 + position.frames % 48000 * 1_000_000_000 / 48000
            if position.at.nanoseconds != time { fault("frame \(position.frames) at \(position.at)") }
            if position.frames < last { fault("went back from \(last) to \(position.frames)") }
            if ring.queuedFrames > ring.capacityFrames { fault("fuller than full") }
            last = position.frames
        }
    }
}
