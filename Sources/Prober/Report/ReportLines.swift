// The report for people: one line for each subject, aligned, the verdict and what led to it at the end.
import Intake
import Model

enum ReportLines {
    private static let labelWidth = 12

    static func of(_ measured: Measurements, _ hls: HLSValues?, findings: [Finding], verdict: Verdict) -> [String] {
        var lines = [measured.url]
        func add(_ label: String, _ text: String?) {
            guard let text, !text.isEmpty else { return }
            lines.append("  " + label.padded(labelWidth) + text)
        }
        add("protocol", [measured.transport, measured.server].compactMap { $0 }.joined(separator: ", "))
        add("opening", opening(measured))
        for track in measured.tracks { add(track.kind.rawValue, describe(track)) }
        if measured.observed > .zero { add("observed", Words.length(measured.observed)) }
        add("interleave", measured.interleave.map(interleave))
        add("jitter", measured.jitter.map(jitter))
        add("stalls", measured.stalls.map { $0 == 0 ? "none" : String($0) })
        add("latency", measured.latency.map(latency))
        add("hls", hls.map(describe))
        if let hls { for variant in hls.variants { add("variant", describe(variant)) } }
        lines.append(verdict.rawValue)
        let codeWidth = (findings.map(\.code.count).max() ?? 0) + 2
        for finding in findings {
            lines.append(
                "  " + finding.severity.rawValue.padded(6) + finding.code.padded(codeWidth) + finding.message)
        }
        return lines
    }

    static func summary(_ findings: [Finding], _ verdict: Verdict) -> String {
        let alarming = findings.filter { $0.severity > .info }.map(\.code)
        return alarming.isEmpty ? verdict.rawValue : "\(verdict.rawValue): \(alarming.joined(separator: ", "))"
    }

    private static func opening(_ measured: Measurements) -> String {
        [
            ("connected", measured.connect), ("first byte", measured.firstByte),
            ("first key frame", measured.firstKeyframe),
        ]
        .compactMap { name, span in span.map { "\(name) after \(Words.length($0))" } }.joined(separator: ", ")
    }

    private static func describe(_ track: Measurements.TrackValues) -> String {
        var words = [track.codec]
        if let profile = track.profile { words[0] += " \(profile)" }
        if let width = track.width, let height = track.height {
            words.append("\(width)x\(height)" + (track.pixelFormat.map { " \($0)" } ?? ""))
        }
        if let rate = track.frameRate { words.append("\(Words.decimal(rate, 2)) fps") }
        if let rate = track.sampleRate { words.append("\(rate) Hz") }
        if let channels = track.channels {
            words.append(channels == 1 ? "mono" : channels == 2 ? "stereo" : "\(channels) channels")
        }
        if let rate = track.bitRate {
            words.append(Words.rate(rate))
        } else if let rate = track.declaredBitRate {
            words.append("\(Words.rate(Double(rate))) declared")
        }
        if let gop = track.gop { words.append(describe(gop)) }
        if let bFrames = track.bFrames { words.append(bFrames ? "B-frames" : "no B-frames") }
        return words.joined(separator: ", ")
    }

    private static func describe(_ gop: GOPObserver.Lengths) -> String {
        guard gop.most - gop.least > .milliseconds(100) else { return "GOP \(Words.length(gop.median))" }
        return "GOP \(Words.length(gop.median)) (\(Words.length(gop.least)) to \(Words.length(gop.most)))"
    }

    private static func interleave(_ span: Span) -> String {
        span.magnitude < .milliseconds(0.5)
            ? "sound with the picture"
            : "sound \(Words.length(span.magnitude)) \(span > .zero ? "ahead of" : "behind") the picture"
    }

    private static func jitter(_ jitter: Measurements.Jitter) -> String {
        percentiles(jitter.p50, jitter.p95, jitter.p99) + ", at most \(Words.length(jitter.most))"
            + " (RFC 3550: \(Words.decimal(jitter.rfc3550.milliseconds, 1)) ms)"
    }

    private static func percentiles(_ p50: Span, _ p95: Span, _ p99: Span) -> String {
        "p50 \(Words.length(p50)), p95 \(Words.length(p95)), p99 \(Words.length(p99))"
    }

    private static func latency(_ latency: LatencyValues) -> String {
        let bound = latency.error.map { "± \(Words.length($0))" } ?? "error unknown"
        let how =
            switch latency.method {
            case .sei: "by the marks in the stream, \(bound)"
            case .programDate: "by the playlist's dates, \(bound)"
            case .loopback: "by our own marks, \(bound)"
            case .excess: "more than the best seen: the stream does not tell its times"
            }
        return "\(percentiles(latency.p50, latency.p95, latency.p99)) (\(how))"
    }

    private static func describe(_ hls: HLSValues) -> String {
        var words = ["target duration \(Words.length(hls.targetDuration))"]
        if let shortest = hls.shortest, let longest = hls.longest {
            words.append(
                longest - shortest < .milliseconds(50)
                    ? "\(hls.segments) segments of \(Words.length(longest))"
                    : "\(hls.segments) segments of \(Words.length(shortest)) to \(Words.length(longest))")
        }
        if let age = hls.edgeAge { words.append("edge \(Words.length(age)) old") }
        if hls.discontinuities > 0 { words.append("cuts: \(hls.discontinuities)") }
        if hls.isEnded { words.append("ended") }
        return words.joined(separator: ", ")
    }

    private static func describe(_ variant: VariantFacts) -> String {
        var words: [String] = []
        if let width = variant.width, let height = variant.height { words.append("\(width)x\(height)") }
        if let bandwidth = variant.bandwidth { words.append(Words.rate(Double(bandwidth))) }
        if let codecs = variant.codecs { words.append(codecs) }
        return words.joined(separator: ", ")
    }
}

extension String {
    fileprivate func padded(_ width: Int) -> String {
        count >= width ? self + " " : self + String(repeating: " ", count: width - count)
    }
}
