// A stream made of numbers: packets of a picture at 25 a second and of sound, as they would arrive, for whatever
// watches streams. A clean one by itself; tests break it.
import Intake
import Model
import Wire

@testable import Prober

struct MadeStream {
    var events: [SourceEvent] = []
    /// What is measured against; the host's clock is ahead of the stream's by this.
    static let start = HostTime(seconds: 1000)
    /// The wall clock is this much ahead of the host's.
    static let toWall = Span.seconds(1_700_000_000)
    static let frame = Span.milliseconds(40)
    static let videoTrack = Track(
        id: 0, kind: .video, codec: .h264, configuration: [1, 100, 0, 31, 0xFF, 0xE0, 0],
        video: VideoParameters(
            width: 1280, height: 720, frameRate: Rational(25, 1), pixelFormat: "yuv420p", profile: "High",
            reorderDepth: 0))
    static let audioTrack = Track(
        id: 1, kind: .audio, codec: .aac, audio: AudioParameters(sampleRate: 48000, channels: 2, profile: "LC"))

    /// What a test may change of each packet; nil leaves it out.
    typealias Edit = (Packet) -> Packet?

    /// - Parameters:
    ///   - seconds: Of media.
    ///   - gop: Pictures from key frame to key frame.
    ///   - bytes: Of a picture; key frames have four times as many.
    init(
        seconds: Double = 6, gop: Int = 25, bytes: Int = 10_000, video: Bool = true, audio: Bool = true,
        description: SourceDescription = SourceDescription(transport: "rtmp", isLive: true),
        edit: Edit = { $0 }
    ) {
        events.append(.opened(description))
        events.append(.tracks((video ? [Self.videoTrack] : []) + (audio ? [Self.audioTrack] : [])))
        var packets: [Packet] = []
        if video {
            for index in 0..<Int(seconds * 25) {
                packets.append(Self.picture(index, isKeyframe: index % gop == 0, bytes: bytes))
            }
        }
        if audio {
            for index in 0..<Int(seconds * 1000 / 21) {
                let time = MediaTime(milliseconds: Int64(index * 21))
                packets.append(
                    Packet(
                        track: 1, kind: .audio, pts: time, dts: time, isKeyframe: true,
                        data: [UInt8](repeating: 1, count: 300), arrival: Self.start + (time - .zero)))
            }
        }
        let sorted = packets.enumerated().sorted {
            ($0.element.arrival, $0.offset) < ($1.element.arrival, $1.offset)
        }.map(\.element)
        let edited = sorted.compactMap(edit).enumerated().sorted {
            ($0.element.arrival, $0.offset) < ($1.element.arrival, $1.offset)
        }
        events += edited.map { .packet($0.element) }
    }

    static func picture(_ index: Int, isKeyframe: Bool, bytes: Int) -> Packet {
        let time = MediaTime(milliseconds: Int64(index * 40))
        // One slice, so that it is an access unit.
        let size = isKeyframe ? bytes * 4 : bytes
        let slice: [UInt8] = [isKeyframe ? 0x65 : 0x41] + [UInt8](repeating: 0x88, count: size - 5)
        let data = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: slice.count >> $0) } + slice
        return Packet(
            track: 0, kind: .video, pts: time, dts: time, duration: nil, isKeyframe: isKeyframe, data: data,
            arrival: start + (time - .zero))
    }

    /// A fact, told before the first packet at or after `time`.
    mutating func insert(_ event: SourceEvent, at time: Double = 0) {
        let place = events.firstIndex {
            if case .packet(let packet) = $0 { packet.arrival - Self.start >= .seconds(time) } else { false }
        }
        events.insert(event, at: place ?? events.endIndex)
    }

    /// Watches it to its end.
    func observed(until end: Double? = nil) -> StreamObservation {
        var observation = StreamObservation()
        var last = Self.start
        for event in events {
            if case .packet(let packet) = event { last = max(last, packet.arrival) }
            observation.take(event, now: last, toWall: Self.toWall)
        }
        observation.finish(at: end.map { Self.start + .seconds($0) } ?? last)
        return observation
    }

    static func settings(_ change: (inout ProbeSettings) -> Void = { _ in }) throws -> ProbeSettings {
        var settings = ProbeSettings(source: try MediaAddress("rtmp://127.0.0.1/live/made"))
        settings.duration = .seconds(6)
        change(&settings)
        return settings
    }

    func report(
        until end: Double? = nil, _ change: (inout ProbeSettings) -> Void = { _ in }
    ) throws -> ProbeReport {
        let observation = observed(until: end)
        return ProbeReport(
            observation, settings: try Self.settings(change), began: Self.start - .milliseconds(50),
            now: observation.finishedAt ?? Self.start)
    }

    func findings(until end: Double? = nil, _ change: (inout ProbeSettings) -> Void = { _ in }) throws -> [Finding]
    {
        try report(until: end, change).findings
    }
}

extension [Finding] {
    subscript(code: String) -> Finding? { first { $0.code == code } }
    var codes: [String] { map(\.code) }
}

extension Finding {
    /// A number of the evidence.
    func number(_ name: String) -> Double? {
        switch evidence.first(where: { $0.name == name })?.value {
        case .number(let value): value
        case .int(let value): Double(value)
        default: nil
        }
    }
    /// The first of a list of numbers.
    func firstNumber(_ name: String) -> Double? {
        guard case .array(let values)? = evidence.first(where: { $0.name == name })?.value,
            case .number(let value)? = values.first
        else { return nil }
        return value
    }
}

extension Packet {
    func moved(stamps: Span = .zero, arrival late: Span = .zero) -> Packet {
        var copy = self
        copy.pts = pts.map { $0 + stamps }
        copy.dts = dts.map { $0 + stamps }
        copy.arrival = arrival + late
        return copy
    }
    var second: Double { (dts ?? .zero).seconds }
}
