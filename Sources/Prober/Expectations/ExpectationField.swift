// What can be expected of a stream: each field's kind of value, where it is read, how exactly it is compared.
import Model

/// A field of `--expect`, by its name there.
enum ExpectationField: String, CaseIterable {
    case video, audio, profile, pixelFormat = "pixel_format", size, width, height, fps, gop
    case bFrames = "b_frames", sampleRate = "sample_rate", channels, bitrate, videoBitrate = "video_bitrate"
    case audioBitrate = "audio_bitrate", tracks, `protocol`, connect, firstByte = "first_byte"
    case firstKeyframe = "first_keyframe", interleave, jitter, stalls
    case latency, latency95 = "latency_p95", latency99 = "latency_p99", verdict

    enum Form { case word, size, count, frameRate, duration, rate, truth }

    var form: Form {
        switch self {
        case .video, .audio, .profile, .pixelFormat, .protocol, .verdict: .word
        case .size: .size
        case .width, .height, .channels, .tracks, .stalls: .count
        case .fps: .frameRate
        case .gop, .connect, .firstByte, .firstKeyframe, .interleave, .jitter, .latency, .latency95, .latency99:
            .duration
        case .sampleRate, .bitrate, .videoBitrate, .audioBitrate: .rate
        case .bFrames: .truth
        }
    }

    /// Share by which a measured value may miss: stamps are rounded, and so is what people write.
    func tolerance(_ relation: Expectation.Relation) -> Double {
        let isExact = relation == .equal || relation == .notEqual
        return switch self {
        case .fps, .gop: 0.01
        case .bitrate, .videoBitrate, .audioBitrate: isExact ? 0.05 : 0
        default: isExact && form == .duration ? 0.05 : 0
        }
    }

    var needsLatency: Bool { self == .latency || self == .latency95 || self == .latency99 }
}

/// A value as measured, or as expected.
enum FieldValue: Equatable, Sendable {
    case word(String)
    case size(PictureSize)
    /// A number in the unit of its form: pictures a second, bits a second, seconds, pieces.
    case number(Double)
    case truth(Bool)
}

extension ExpectationField {
    /// What is expected, read from the text; nil where the text does not fit the field.
    func expected(_ text: Substring) -> FieldValue? {
        switch form {
        case .word: text.isEmpty ? nil : .word(text.lowercased())
        case .size: Quantity.size(text).map(FieldValue.size)
        case .count: Quantity.whole(text).map { .number(Double($0)) }
        case .frameRate: Quantity.frameRate(text).map(FieldValue.number)
        case .duration: Quantity.duration(text).map { .number($0.seconds) }
        case .rate: Quantity.rate(text).map(FieldValue.number)
        case .truth: Quantity.truth(text).map(FieldValue.truth)
        }
    }

    /// What was measured; nil where it is not known. Of several values the one that the relation asks about:
    /// `gop<=2s` means every GOP.
    func measured(_ all: Measurements, _ relation: Expectation.Relation) -> FieldValue? {
        func seconds(_ span: Span?) -> FieldValue? { span.map { .number($0.seconds) } }
        func count(_ value: Int?) -> FieldValue? { value.map { .number(Double($0)) } }
        func bits(_ kinds: [TrackKind]) -> FieldValue? {
            let chosen = all.tracks.filter { kinds.contains($0.kind) && $0.packets > 0 }
            let known = chosen.compactMap(\.bitRate)
            return known.isEmpty || known.count < chosen.count ? nil : .number(known.reduce(0, +))
        }
        let (video, audio) = (all.video, all.audio)
        switch self {
        case .video: return .word(video?.codec ?? "none")
        case .audio: return .word(audio?.codec ?? "none")
        case .profile:
            return (video?.profile ?? (video == nil ? audio?.profile : nil)).map { .word($0.lowercased()) }
        case .pixelFormat: return video?.pixelFormat.map(FieldValue.word)
        case .size:
            guard let width = video?.width, let height = video?.height else { return nil }
            return .size(PictureSize(width: width, height: height))
        case .width: return count(video?.width)
        case .height: return count(video?.height)
        case .fps: return video?.frameRate.map(FieldValue.number)
        case .gop:
            guard let gop = video?.gop else { return nil }
            return switch relation {
            case .atMost, .below: seconds(gop.most)
            case .atLeast, .above: seconds(gop.least)
            case .equal, .notEqual: seconds(gop.median)
            }
        case .bFrames: return video?.bFrames.map(FieldValue.truth)
        case .sampleRate: return count(audio?.sampleRate)
        case .channels: return count(audio?.channels)
        case .bitrate: return bits([.video, .audio])
        case .videoBitrate: return bits([.video])
        case .audioBitrate: return bits([.audio])
        case .tracks: return count(all.tracks.count)
        case .protocol: return all.transport.map { .word($0.lowercased()) }
        case .connect: return seconds(all.connect)
        case .firstByte: return seconds(all.firstByte)
        case .firstKeyframe: return seconds(all.firstKeyframe)
        case .interleave: return seconds(all.interleave?.magnitude)
        case .jitter: return seconds(all.jitter?.p95)
        case .stalls: return count(all.stalls)
        case .latency: return seconds(all.latency?.p50)
        case .latency95: return seconds(all.latency?.p95)
        case .latency99: return seconds(all.latency?.p99)
        // Known only when all else is.
        case .verdict: return nil
        }
    }

    /// A value as the report writes it.
    func text(_ value: FieldValue) -> String {
        switch value {
        case .word(let word): word
        case .size(let size): size.description
        case .truth(let truth): truth ? "yes" : "no"
        case .number(let number):
            switch form {
            case .duration: Words.length(Span(seconds: number))
            case .rate where self != .sampleRate: Words.rate(number)
            default: Words.decimal(number, 2)
            }
        }
    }
}

extension Expectation {
    var needsLatency: Bool { ExpectationField(rawValue: field)?.needsLatency ?? false }
}
