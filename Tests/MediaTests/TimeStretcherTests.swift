// Sound at another speed: its pitch, its length, its seams, and the account of what it is made of.
import Media
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct TimeStretcherTests {
    private let rate = 48_000

    /// A tone whose phase tells the place: what comes out can be compared with the account.
    private func tone(_ range: Range<Int>, hertz: Double = 440) -> [Float] {
        range.map { Float(sin(2 * Double.pi * hertz * Double($0) / 48_000) * 0.5) }
    }

    private func blocks(
        _ stretcher: TimeStretcher, seconds: Double, speed: (Double) -> Double, tone: (Range<Int>) -> [Float]
    ) throws -> [TimeStretcher.Block] {
        var out: [TimeStretcher.Block] = []
        let total = Int(seconds * 48_000)
        for start in stride(from: 0, to: total, by: 1024) {
            let now = Double(start) / 48_000
            let block = try stretcher.process(tone(start..<min(total, start + 1024)), speed: speed(now))
            if let block { out.append(block) }
        }
        if let block = try stretcher.process([], speed: 1) { out.append(block) }
        return out
    }

    @Test(arguments: [0.95, 1.025, 1.1, 1.15, 1.5])
    func tone_keepsItsPitchAndHasNoClicks(speed: Double) throws {
        let stretcher = try TimeStretcher(sampleRate: rate, channels: 1)
        let made = try blocks(stretcher, seconds: 4, speed: { (1...3).contains($0) ? speed : 1 }) { self.tone($0) }
        let samples = made.flatMap(\.samples)
        let expected = 2 + 2 / speed
        #expect(abs(Double(samples.count) / 48_000 - expected) < 0.012, "length")
        // Pitch: rising zero crossings of the stretched part.
        let part = Array(samples[60_000..<(60_000 + Int(1.5 / speed * 48_000))])
        let crossings = zip(part, part.dropFirst()).filter { $0 < 0 && $1 >= 0 }.count
        let hertz = Double(crossings) / (Double(part.count) / 48_000)
        #expect(abs(hertz - 440) < 2, "\(hertz) Hz")
        // Clicks: a sine of 440 Hz at 0.5 moves by at most 0.0288 a sample.
        let steepest = zip(samples, samples.dropFirst()).map { abs($0 - $1) }.max() ?? 1
        #expect(steepest < 0.06, "\(steepest)")
        #expect(samples.map { abs($0) }.max() ?? 1 < 0.6)
    }

    @Test func account_tellsWhichInputASampleIs() throws {
        // Pulses each 100 ms: where they come out is where the account says they are.
        let stretcher = try TimeStretcher(sampleRate: rate, channels: 1)
        let pulses = { (range: Range<Int>) in
            range.map { Float(($0 % 4800) < 240 ? sin(Double($0 % 4800) * 0.4) * 0.8 : 0.0) }
        }
        let made = try blocks(
            stretcher, seconds: 8,
            speed: { $0 < 1 ? 1 : $0 < 2 ? 1.05 : $0 < 4 ? 1.1 : $0 < 5 ? 1.075 : $0 < 6 ? 1 : 0.95 }, tone: pulses)
        var worst = 0.0
        var found = 0
        var quiet = 10_000
        for block in made {
            for (index, sample) in block.samples.enumerated() {
                if abs(sample) > 0.2, quiet > 1500 {
                    let place = block.start + Double(index) * block.speed
                    let distance = (place / 4800).rounded() * 4800 - place
                    worst = max(worst, abs(distance))
                    found += 1
                }
                quiet = abs(sample) > 0.05 ? 0 : quiet + 1
            }
        }
        #expect(found >= 75, "\(found)")
        #expect(worst / 48 < 25, "\(worst / 48) ms")
        #expect(!stretcher.isActive)
    }

    @Test func speedOne_passesSamplesUntouched() throws {
        let stretcher = try TimeStretcher(sampleRate: rate, channels: 2)
        let samples: [Float] = (0..<2048).map { Float($0) / 4096 }
        let out = try stretcher.process(samples, speed: 1)
        #expect(out?.samples == samples)
        #expect(out?.start == 0)
        #expect(stretcher.held == 0)
        #expect(try stretcher.process(samples, speed: 1)?.start == 1024)
    }
}
