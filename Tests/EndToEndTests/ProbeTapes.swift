// The clean recordings that faults are planted in: made by ffmpeg once a test run, as FLV tags.
import Model
import TestSupport

/// One recording of each kind, made when it is first asked for.
actor ProbeTapes {
    enum Kind: String, Sendable, CaseIterable {
        /// 25 pictures a second, a key frame each second, AAC; nine seconds.
        case plain
        /// The same with B-frames.
        case bFrames
        /// Sixteen B-frames in a row.
        case manyBFrames
        /// Key frames at moments that have no pattern.
        case irregular
        /// One key frame in fourteen seconds.
        case overlong
        /// The same picture in another size, for a stream that changes.
        case wide
    }

    static let shared = ProbeTapes()
    private var made: [Kind: Task<[TapeTag], any Error>] = [:]

    /// Every tag of the recording, onMetaData and sequence headers first.
    func tags(_ kind: Kind) async throws -> [TapeTag] {
        let task = made[kind] ?? Task { try await Self.record(kind) }
        made[kind] = task
        return try await task.value
    }

    private static func record(_ kind: Kind) async throws -> [TapeTag] {
        let directory = try TempDirectory("tape")
        let path = directory.file("\(kind).flv")
        let size = kind == .wide ? "480x270" : "320x180"
        let gop =
            switch kind {
            case .irregular:
                ["-g", "250", "-force_key_frames", "0,0.2,1.6,1.8,2.0,3.8,4.0,4.2,5.9,6.1,7.9,8.1"]
            case .overlong: ["-g", "1000"]
            default: ["-g", "25", "-keyint_min", "25"]
            }
        try await Clips.ffmpeg(
            [
                "-f", "lavfi", "-i", "testsrc2=s=\(size):r=25:d=\(kind == .overlong ? 14 : 9)", "-f", "lavfi", "-i",
                "sine=frequency=440:sample_rate=44100", "-shortest", "-c:v", "libx264", "-preset", "ultrafast",
                "-bf", kind == .bFrames ? "3" : kind == .manyBFrames ? "16" : "0", "-b_strategy", "0",
                "-sc_threshold", "0", "-pix_fmt", "yuv420p",
            ] + gop + ["-c:a", "aac", "-b:a", "64k", "-flvflags", "no_duration_filesize", path])
        // Without the end of the sequence, which a live stream does not have.
        return try HandmadeFLV.tags(ofFile: path).filter { !($0.isVideo && $0.body.count > 1 && $0.body[1] == 2) }
    }
}
