// The law of reconnecting in simulated time: servers that come back early, late or never.
import Model
import Testing

@testable import Timing

@Suite struct ReconnectPolicyTests {
    private static let lost = SluiceError(.connectionLost, "cannot play it", why: "it broke", isMidStream: true)
    private static let refused = SluiceError(.refused, "cannot play it", why: "connection refused")
    private static let silent = SluiceError(.notLive, "cannot play it", why: "no media came")

    private func at(_ seconds: Double) -> HostTime { HostTime(seconds: 1000 + seconds) }

    /// What happened to a stream that broke at `broke` and was never seen again.
    private struct Course {
        var begins: [Double] = []
        var attempts: [Int] = []
        var end: Double?
        var error: SluiceError?
    }

    /// Each further attempt fails after `length`, or is cut short by the deadline.
    private func course(
        _ options: ReconnectOptions, broke: Double?, length: Double = 0, error: SluiceError = refused,
        until limit: Double = 4000
    ) -> Course {
        var policy = ReconnectPolicy(options, now: at(0))
        policy.began(at: at(0))
        var now = broke ?? length
        var course = Course()
        var decision = policy.ended(broke == nil ? error : Self.lost, hadMedia: broke != nil, at: at(now))
        while now < limit {
            switch decision {
            case .end(let error):
                course.end = now
                course.error = error
                return course
            case .retry(let attempt, let pause):
                #expect(pause >= .zero)
                now += pause.seconds
                course.begins.append(now)
                course.attempts.append(attempt)
                policy.began(at: at(now))
                now += length
                if let deadline = policy.deadline, deadline < at(now) {
                    now = (deadline - at(0)).seconds
                    decision = .end(policy.exhausted(error, at: deadline))
                } else {
                    decision = policy.ended(error, hadMedia: false, at: at(now))
                }
            }
        }
        return course
    }

    private func options(_ limit: ReconnectLimit = .forever, giveUp: Span? = .seconds(600), wait: StreamWait? = nil)
        -> ReconnectOptions
    {
        var options = ReconnectOptions()
        (options.limit, options.giveUp, options.wait) = (limit, giveUp, wait)
        return options
    }

    @Test func anEstablishedSession_isRetriedAtOnceThenEachSecondThenBacksOff() {
        let course = course(options(giveUp: nil), broke: 20)
        let distances = course.begins.map { $0 - 20 }
        #expect(distances.prefix(61) == (0...60).map { Double($0) }[...], "at once, then each second for a minute")
        let pauses = zip(distances.dropFirst(61), distances.dropFirst(60)).map { $0 - $1 }
        #expect(pauses.prefix(7) == [2, 4, 8, 16, 30, 30, 30])
        #expect(pauses.dropFirst(5).allSatisfy { $0 == 30 })
        #expect(course.attempts == Array(1...course.attempts.count))
        #expect(course.end == nil, "never given up")
    }

    @Test func attemptsThatTakeTheirTime_followEachOther() {
        let course = course(options(giveUp: nil), broke: 20, length: 10, until: 90)
        #expect(course.begins == [20, 30, 40, 50, 60, 70, 82])
    }

    @Test(arguments: [0.0, 3, 10]) func itIsGivenUpWhenItsTimeIsOver(length: Double) {
        let course = course(options(giveUp: .seconds(100)), broke: 20, length: length)
        let end = course.end ?? 0
        #expect(end >= 120 && end <= 121, "\(end)")
        #expect((course.begins.last ?? 0) > 80)
        #expect(course.error?.isMidStream == true && course.error?.reason == .refused)
        let why = course.error?.why ?? ""
        #expect(why.hasPrefix("connection refused; given up after \(course.begins.count) attempts in 10"), "\(why)")
    }

    @Test func patienceCountsFromTheLastInterruption() {
        var policy = ReconnectPolicy(options(giveUp: .seconds(10)), now: at(0))
        for start in stride(from: 0.0, to: 500, by: 50) {
            policy.began(at: at(start))
            guard case .retry(1, .zero) = policy.ended(Self.lost, hadMedia: true, at: at(start + 49)) else {
                Issue.record("at \(start)")
                return
            }
        }
    }

    @Test func afterNAttemptsWithoutMedia_itIsOver() {
        let course = course(options(.times(3)), broke: 20)
        #expect(course.begins == [20, 21, 22] && course.end == 22)
        #expect(course.error?.why == "connection refused; given up after 3 attempts in 2 s")
        // Media in between start the count anew.
        var policy = ReconnectPolicy(options(.times(2)), now: at(0))
        for round in 0..<20 {
            let now = at(Double(round) * 10)
            policy.began(at: now)
            #expect(
                policy.ended(Self.lost, hadMedia: true, at: now + .seconds(5)) == .retry(attempt: 1, after: .zero))
            policy.began(at: now + .seconds(5))
            #expect(
                policy.ended(Self.refused, hadMedia: false, at: now + .seconds(6))
                    == .retry(attempt: 2, after: .zero))
        }
    }

    @Test func off_meansTheFirstBreakIsTheEnd() {
        var policy = ReconnectPolicy(options(.off, wait: .forever), now: at(0))
        policy.began(at: at(0))
        #expect(policy.ended(Self.lost, hadMedia: true, at: at(5)) == .end(Self.lost))
        #expect(course(options(.times(0)), broke: 20).begins.isEmpty)
    }

    @Test func aServerThatThrowsEverybodyOut_isAskedOnceASecond() {
        var policy = ReconnectPolicy(options(), now: at(0))
        var now = at(0)
        for _ in 0..<100 {
            policy.began(at: now)
            let begin = now
            now += .milliseconds(20)
            guard case .retry(1, let pause) = policy.ended(Self.lost, hadMedia: true, at: now) else {
                Issue.record("no retry")
                return
            }
            now += pause
            #expect(now - begin == .seconds(1))
        }
    }

    @Test func aFirstFailure_endsAtOnce_unlessToldToWait() {
        #expect(course(options(), broke: nil).end == 0)
        #expect(course(options(), broke: nil).error == Self.refused, "as it is")
        let patient = course(options(giveUp: .seconds(5), wait: .forever), broke: nil, until: 7200)
        #expect(patient.end == nil)
        #expect(patient.begins == (1...7200).map { Double($0) }, "each second, for as long as it takes")
    }

    @Test func waitingHasItsTime() {
        let course = course(options(wait: .atMost(.seconds(4.5))), broke: nil)
        #expect(course.begins == [1, 2, 3, 4, 4.5] && course.end == 4.5)
        #expect(course.error?.reason == .refused && course.error?.isMidStream == false)
        #expect(
            course.error?.why == "connection refused; waited for 5 s"
                || course.error?.why == "connection refused; waited for 4 s")
        // A server that takes everybody in and says nothing.
        let silent = self.course(options(wait: .atMost(.seconds(25))), broke: nil, length: 10, error: Self.silent)
        #expect(silent.begins == [10, 20] && silent.end == 25)
        #expect(silent.error?.why == "no media came; waited for 25 s")
    }

    @Test func aCleanEnd_isTheEnd() {
        for hadMedia in [true, false] {
            var policy = ReconnectPolicy(options(wait: .forever), now: at(0))
            policy.began(at: at(0))
            #expect(policy.ended(nil, hadMedia: hadMedia, at: at(5)) == .end(nil))
        }
    }

    @Test func aPublisherThatHasGone_isWaitedForAndThenItIsOver() {
        let gone = SluiceError(.notLive, "cannot play it", why: "nobody publishes", isMidStream: true)
        for (last, end) in [(Self.silent, nil), (Self.refused, Reason.refused)] {
            var policy = ReconnectPolicy(options(.times(2)), now: at(0))
            policy.began(at: at(0))
            #expect(policy.ended(gone, hadMedia: true, at: at(10)) == .retry(attempt: 1, after: .zero))
            policy.began(at: at(10))
            #expect(policy.ended(Self.silent, hadMedia: false, at: at(20)) == .retry(attempt: 2, after: .zero))
            policy.began(at: at(20))
            guard case .end(let error) = policy.ended(last, hadMedia: false, at: at(30)) else {
                Issue.record("goes on")
                return
            }
            #expect(error?.reason == end)
        }
    }

    @Test(arguments: [nil, 90.0]) func anEndThatIsAnInterruption_isWaitedOut(giveUp: Double?) {
        var options = options(giveUp: .seconds(10))
        options.streamEnd = .interruption(giveUp: giveUp.map { .seconds($0) })
        var policy = ReconnectPolicy(options, now: at(0))
        policy.began(at: at(0))
        var gone = Self.silent
        gone.isMidStream = true
        var now = 60.0
        var pauses: [Double] = []
        var decision = policy.ended(gone, hadMedia: true, at: at(now))
        while case .retry(_, let pause) = decision, now < 4_000 {
            pauses.append(pause.seconds)
            now += pause.seconds
            policy.began(at: at(now))
            if let deadline = policy.deadline { #expect(deadline >= at(now)) }
            now += 0.1
            decision = policy.ended(Self.silent, hadMedia: false, at: at(now))
        }
        #expect(pauses.max() ?? 99 <= 5, "nobody waits half a minute for a beginning")
        if giveUp == nil {
            #expect(now >= 4_000)
        } else {
            #expect(decision == .end(nil), "what was waited for did not come: a clean end")
            #expect(now > 149 && now < 153, "\(now)")
        }
        // A line that breaks is another matter: its patience is its own.
        var line = ReconnectPolicy(options, now: at(0))
        line.began(at: at(0))
        _ = line.ended(Self.lost, hadMedia: true, at: at(60))
        #expect(line.deadline == at(70))
    }

    @Test func aProcessThatStoodStill_doesNotGiveUpForIt() {
        var policy = ReconnectPolicy(options(giveUp: .seconds(60)), now: at(0))
        policy.began(at: at(0))
        _ = policy.ended(Self.lost, hadMedia: true, at: at(10))
        policy.began(at: at(10))
        // Stopped for an hour in the middle of an attempt.
        policy.stoodStill(for: .seconds(3600))
        #expect(policy.deadline == at(3670))
        guard case .retry = policy.ended(Self.refused, hadMedia: false, at: at(3611)) else {
            Issue.record("given up")
            return
        }
        // Stopped in a pause, unnoticed: the attempt after it still has its second.
        policy.began(at: at(9000))
        #expect(policy.deadline == at(9001))
    }

    @Test func whatARetryCannotChange_isFinal() {
        let always: Set<Reason> = [
            .refused, .unreachable, .notLive, .nameInUse, .alreadyStreaming, .connectionLost, .timeout,
            .serverError,
        ]
        let later: Set<Reason> = [.noApp, .unknownHost, .corrupt, .noMedia, .portInUse]
        for reason in Reason.allCases {
            let error = SluiceError(reason, "cannot play it", why: "because")
            func goesOn(_ first: Bool, _ hadMedia: Bool) -> Bool {
                var policy = ReconnectPolicy(options(wait: .forever), now: at(0))
                policy.began(at: at(0))
                if !first { _ = policy.ended(Self.lost, hadMedia: true, at: at(5)) }
                if case .retry = policy.ended(error, hadMedia: hadMedia, at: at(6)) { return true }
                return false
            }
            #expect(goesOn(true, false) == always.contains(reason), "\(reason) at first")
            #expect(goesOn(false, false) == always.union(later).contains(reason), "\(reason) later")
            #expect(
                goesOn(false, true) == always.union(later).union([.tls]).contains(reason), "\(reason) mid-stream")
        }
    }

    @Test func reasonsThatSayNeverBegan_areNotTheLastWordOfAStreamThatRan() {
        let error = SluiceError(.noApp, "cannot play it", why: "no such application")
        let course = course(options(.times(1)), broke: 20, error: error)
        #expect(course.error?.reason == .connectionLost && course.error?.isMidStream == true)
        #expect(course.error?.why == "no such application; given up after 1 attempt")
    }
}
