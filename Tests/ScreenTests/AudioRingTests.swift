import Model
import Testing

@testable import Screen

/// The callback's behaviour, driven by hand: no device, no clock.
@Suite struct AudioRingTests {
    /// Renders as a device would that asks every `frames` frames exactly on time.
    struct Device {
        let ring: AudioRing
        var taken = 0
        mutating func take(_ frames: Int, lateBy late: Span = .zero) -> [Float] {
            var out = [Float](repeating: .nan, count: frames * ring.channels)
            let at = HostTime(seconds: Double(taken) / Double(ring.sampleRate)) + late
            out.withUnsafeMutableBufferPointer { ring.render($0.baseAddress, frames: frames, now: at) }
            taken += frames
            return out
        }
    }

    static func ring(channels: Int = 1, frames: Int = 4096) throws -> AudioRing {
        try #require(AudioRing(sampleRate: 48000, channels: channels, leastFrames: frames))
    }

    @discardableResult
    static func write(_ ring: AudioRing, _ samples: [Float]) -> Int {
        samples.withUnsafeBufferPointer { ring.write($0) }
    }

    static func largestStep(_ samples: [Float]) -> Float {
        zip(samples, samples.dropFirst()).map { abs($0 - $1) }.max() ?? 0
    }

    @Test func playsWhatWasWrittenBitByBitAcrossTheWrap() throws {
        let ring = try Self.ring(channels: 2, frames: 256)
        var device = Device(ring: ring)
        var next: Float = 0
        var expected: Float = 0
        for _ in 0..<40 {
            let block = (0..<200).map { next + Float($0) }
            next += Float(Self.write(ring, block) * 2)
            for sample in device.take(100) {
                #expect(sample == expected)
                expected += 1
            }
        }
        #expect(ring.counters == AudioCounters(underruns: 0, silentFrames: 0))
        #expect(ring.position(latency: .zero).frames == 4000)
    }

    @Test func takesNoMoreThanFits() throws {
        let ring = try Self.ring(frames: 256)
        #expect(Self.write(ring, [Float](repeating: 1, count: 300)) == 256)
        #expect(Self.write(ring, [1]) == 0)
        #expect(ring.queuedFrames == 256 && ring.capacityFrames == 256 && ring.writtenFrames == 256)
    }

    @Test func runningDryIsSilenceCountedOnceAndWithoutAClick() throws {
        let ring = try Self.ring()
        var device = Device(ring: ring)
        #expect(device.take(256).allSatisfy { $0 == 0 })
        #expect(ring.counters.underruns == 0, "nothing was playing yet")
        Self.write(ring, [Float](repeating: 1, count: 300))
        var heard = device.take(256) + device.take(256) + device.take(512)
        #expect(ring.position(latency: .zero).state == .starved)
        #expect(ring.counters == AudioCounters(underruns: 1, silentFrames: 212 + 512))
        Self.write(ring, [Float](repeating: 1, count: 2048))
        heard += device.take(512)
        #expect(ring.position(latency: .zero).state == .playing)
        #expect(ring.counters.underruns == 1)
        // 5 ms of cross-fade at 48 kHz is 240 steps.
        #expect(Self.largestStep(Array(heard.dropFirst(1))) <= 1.01 / 240)
        #expect(heard.last == 1)
    }

    @Test func theEndOfInputIsNotAnUnderrun() throws {
        let ring = try Self.ring()
        var device = Device(ring: ring)
        Self.write(ring, [Float](repeating: 1, count: 100))
        ring.finish()
        _ = device.take(256)
        #expect(ring.counters.underruns == 0)
        #expect(ring.position(latency: .zero).state == .idle)
        Self.write(ring, [Float](repeating: 1, count: 100))
        _ = device.take(256)
        #expect(ring.counters.underruns == 1, "the write took the end back")
    }

    @Test func volumeAndMutingAreRamped() throws {
        let ring = try Self.ring()
        var device = Device(ring: ring)
        Self.write(ring, [Float](repeating: 1, count: 4096))
        var heard = device.take(100)
        ring.setVolume(0.25)
        heard += device.take(600)
        #expect(heard.last == 0.25)
        ring.setMuted(true)
        heard += device.take(600)
        #expect(heard.last == 0)
        ring.setVolume(0.5)
        heard += device.take(100)
        #expect(heard.last == 0, "a volume set while muted waits")
        ring.setMuted(false)
        heard += device.take(600)
        #expect(heard.last == 0.5)
        #expect(Self.largestStep(heard) <= 1.01 / 480)
    }

    @Test func pauseFadesThenHoldsTheQueue() throws {
        let ring = try Self.ring()
        var device = Device(ring: ring)
        Self.write(ring, [Float](repeating: 1, count: 4096))
        var heard = device.take(512)
        ring.pause(true)
        heard += device.take(512) + device.take(512)
        let held = ring.queuedFrames
        heard += device.take(512)
        #expect(ring.queuedFrames == held && held == 4096 - 1024)
        #expect(ring.position(latency: .zero).state == .paused)
        ring.pause(false)
        heard += device.take(512)
        #expect(Self.largestStep(heard) <= 1.01 / 240)
        #expect(heard.last == 1)
        #expect(ring.counters.underruns == 0)
    }

    @Test func theGateOpensOnTheFrame() throws {
        let ring = try Self.ring()
        var device = Device(ring: ring)
        _ = device.take(480)
        ring.start(handedOverAt: HostTime(milliseconds: 25))
        Self.write(ring, [Float](repeating: 1, count: 4096))
        // Late wake-ups do not move the clock that the gate is measured by.
        let heard = device.take(480, lateBy: .milliseconds(3)) + device.take(480, lateBy: .milliseconds(7))
        #expect(heard.firstIndex(of: 1) == 720, "25 ms are frame 1200, 480 of them before")
        #expect(ring.counters.underruns == 0)
        let position = ring.position(latency: .milliseconds(20))
        #expect(position.frames == 240)
        #expect(position.heard(0, sampleRate: 48000) == HostTime(milliseconds: 45))
        #expect(abs(position.frameHeard(at: HostTime(milliseconds: 46), sampleRate: 48000) - 48) < 0.01)
    }

    @Test func discardAndFlushMoveOnWithoutAClick() throws {
        let ring = try Self.ring()
        var device = Device(ring: ring)
        Self.write(ring, [Float](repeating: 1, count: 1000))
        Self.write(ring, [Float](repeating: -1, count: 1000))
        var heard = device.take(500)
        ring.discard(frames: 500)
        heard += device.take(500)
        #expect(heard.last == -1)
        #expect(ring.position(latency: .zero).frames == 1500)
        ring.flush()
        Self.write(ring, [Float](repeating: 1, count: 1000))
        heard += device.take(500)
        #expect(heard.last == 1)
        #expect(ring.position(latency: .zero).frames == 2500)
        ring.discard(frames: 100_000)
        _ = device.take(100)
        #expect(ring.position(latency: .zero).frames == 3000)
        #expect(Self.largestStep(heard) <= 2.01 / 240)
    }

    @Test func theClockFollowsADeviceThatStalled() throws {
        let ring = try Self.ring()
        var device = Device(ring: ring)
        for _ in 0..<100 { _ = device.take(480) }
        for _ in 0..<10 { _ = device.take(480, lateBy: .milliseconds(40)) }
        #expect(
            ring.position(latency: .zero).at == HostTime(milliseconds: 1100), "a tenth of a second is not enough")
        for _ in 0..<20 { _ = device.take(480, lateBy: .milliseconds(40)) }
        #expect(ring.position(latency: .zero).at == HostTime(milliseconds: 1340))
        // A small shift takes the whole window.
        for _ in 0..<110 { _ = device.take(480, lateBy: .milliseconds(45)) }
        #expect(ring.position(latency: .zero).at == HostTime(milliseconds: 2445))
    }

    @Test func absurdFormatsAreRefused() {
        #expect(AudioRing(sampleRate: 48000, channels: 0, leastFrames: 100) == nil)
        #expect(AudioRing(sampleRate: 48000, channels: 9, leastFrames: 100) == nil)
        #expect(AudioRing(sampleRate: 0, channels: 2, leastFrames: 100) == nil)
        #expect(AudioRing(sampleRate: 48000, channels: 2, leastFrames: .max) == nil)
    }
}
