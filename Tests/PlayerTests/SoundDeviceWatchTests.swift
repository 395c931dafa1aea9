import Model
import Screen
import Testing

@testable import Player

/// A device as the watch sees it: `at` moves only while the device takes sound.
@Suite struct SoundDeviceWatchTests {
    private var watch = SoundDeviceWatch()
    private let begin = HostTime(nanoseconds: 5_000_000_000)

    /// Asks each 50 ms of a span, with the position as it was at `at`.
    private mutating func ask(
        _ span: ClosedRange<Double>, queued: Int = 9600, state: AudioPosition.State = .playing,
        at: (HostTime) -> HostTime
    ) -> [SoundDeviceWatch.Judgement] {
        stride(from: span.lowerBound, through: span.upperBound, by: 50).map { milliseconds in
            let now = begin + .milliseconds(milliseconds)
            let position = AudioPosition(frames: 0, at: at(now), latency: .milliseconds(25), state: state)
            return watch.judge(position, queued: queued, now: now)
        }
    }

    @Test mutating func deviceThatTakesSound_runs() {
        #expect(ask(0...2_000) { $0 }.allSatisfy { $0 == .runs })
    }

    @Test mutating func deviceThatWakesUpLate_isWaitedFor() {
        let judged = ask(0...1_650) { _ in .zero }
        #expect(judged.prefix(4).allSatisfy { $0 == .runs })
        #expect(judged.dropFirst(4).allSatisfy { $0 == .standsStill })
        #expect(ask(1_700...2_000) { $0 }.allSatisfy { $0 == .runs })
    }

    @Test mutating func deviceThatIsGone_isNotWaitedForAndMayComeBack() {
        let judged = ask(0...5_000) { _ in .zero }
        #expect(judged.filter { $0 == .isGone(isNews: true) }.count == 1)
        #expect(judged.firstIndex(of: .isGone(isNews: true)) == 61, "3 s")
        #expect(judged.last == .isGone(isNews: false))
        #expect(ask(5_050...5_200) { $0 } == [.isBack, .runs, .runs, .runs])
    }

    @Test mutating func deviceWithNothingToTakeOrPaused_isInOrder() {
        #expect(ask(0...1_000, queued: 0) { _ in .zero }.allSatisfy { $0 == .runs })
        #expect(ask(1_050...2_000, state: .paused) { _ in .zero }.allSatisfy { $0 == .runs })
    }
}
