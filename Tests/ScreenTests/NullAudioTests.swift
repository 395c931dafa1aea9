import Model
import Synchronization
import Testing

@testable import Screen

@Suite struct NullAudioTests {
    final class Clock: Sendable {
        let now = Mutex(HostTime(seconds: 1000))
        func advance(_ span: Span) { now.withLock { $0 += span } }
    }

    @Test func playsAtTheSpeedOfTheClock() throws {
        let clock = Clock()
        let audio = try NullAudio(
            sampleRate: 48000, channels: 2, capacityFrames: 65536, clock: { clock.now.withLock { $0 } })
        let second = [Float](repeating: 0.5, count: 96000)
        #expect(second.withUnsafeBufferPointer { audio.write($0) } == 48000)
        clock.advance(.milliseconds(500))
        // Whole blocks of 256 frames: 24000 is 93.75 of them.
        #expect(audio.queuedFrames == 48000 - 93 * 256)
        let position = audio.position
        #expect(position.state == .playing)
        #expect(abs(position.frameHeard(at: HostTime(seconds: 1000.5), sampleRate: 48000) - 24000) < 1)
        audio.pause(true)
        clock.advance(.seconds(10))
        #expect(audio.position.state == .paused)
        #expect(audio.queuedFrames > 20000)
        audio.pause(false)
        clock.advance(.seconds(10))
        #expect(audio.queuedFrames == 0)
        #expect(audio.counters.underruns == 1)
        audio.close()
        clock.advance(.seconds(10))
        _ = second.withUnsafeBufferPointer { audio.write($0) }
        #expect(audio.queuedFrames == 48000)
    }

    @Test func daysOfRunningAreNoMatter() throws {
        let clock = Clock()
        let audio = try NullAudio(
            sampleRate: 1000, channels: 1, capacityFrames: 256, clock: { clock.now.withLock { $0 } })
        clock.advance(.seconds(86400 * 3))
        #expect(audio.position.frames == 0)
        #expect(audio.counters.underruns == 0)
    }

    @Test func refusesWhatCannotBePlayed() {
        #expect(throws: SluiceError.self) { try NullAudio(sampleRate: 48000, channels: 20) }
    }
}
