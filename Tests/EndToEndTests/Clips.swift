// Inputs made by ffmpeg for one test, and ffprobe's view of what came out.
import Model
import TestSupport

enum Clips {
    /// Runs ffmpeg to its end.
    static func ffmpeg(_ words: [String], input: Program.Input = .null) async throws {
        let program = try Program(["ffmpeg", "-v", "error", "-y"] + words, input: input)
        let exit = await program.wait(within: .seconds(60))
        guard exit == .exited(0) else { throw LabError("ffmpeg \(words): \(program.errors)") }
    }

    /// A clip whose picture k carries the number `StampedSource.numberBase + k`. No sound.
    static func numbered(
        _ path: String, frames: Int, width: Int = 640, height: Int = 360, extra: [String] = []
    ) async throws {
        var painter = StampedPainter(width: width, height: height)
        var bytes: [UInt8] = []
        for index in 0..<frames { bytes += painter.frame(index, StampedSource.numberBase + UInt64(index)) }
        try await ffmpeg(
            ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "\(width)x\(height)", "-r", "25", "-i", "-"]
                + ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "18"] + extra + [path], input: .bytes(bytes))
    }

    /// ffprobe's facts about each stream of a file or an address.
    static func streams(_ input: String, options: [String] = []) async throws -> [[String: String]] {
        let program = try Program(
            ["ffprobe", "-v", "error"] + options + ["-show_streams", "-of", "default=noprint_wrappers=0", input])
        guard await program.wait(within: .seconds(20)) == .exited(0) else {
            throw LabError("ffprobe \(input): \(program.errors)")
        }
        var found: [[String: String]] = []
        for line in program.output.split(separator: "\n") {
            if line == "[STREAM]" { found.append([:]) }
            guard let mark = line.firstIndex(of: "="), !found.isEmpty else { continue }
            found[found.count - 1][String(line[..<mark])] = String(line[line.index(after: mark)...])
        }
        return found
    }

    /// Seconds that the container says.
    static func duration(_ path: String) async throws -> Double {
        let program = try Program([
            "ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path,
        ])
        _ = await program.wait(within: .seconds(20))
        return Double(program.output.filter { !$0.isWhitespace }) ?? -1
    }

    /// How many packets a file has of "video" or "audio".
    static func packetCount(_ path: String, _ kind: String) async throws -> Int {
        let program = try Program([
            "ffprobe", "-v", "error", "-show_entries", "packet=codec_type", "-of", "csv=p=0", path,
        ])
        _ = await program.wait(within: .seconds(20))
        return program.output.split(separator: "\n").filter { $0.hasPrefix(kind) }.count
    }

    /// dts of every packet of a file, by stream ("video", "audio"), in seconds, in file order. Matroska keeps none
    /// for the first pictures of a stream with B-frames.
    static func packetTimes(_ path: String) async throws -> [String: [Double]] {
        let program = try Program([
            "ffprobe", "-v", "error", "-show_entries", "packet=codec_type,dts_time", "-of", "csv=p=0", path,
        ])
        _ = await program.wait(within: .seconds(20))
        var times: [String: [Double]] = [:]
        for line in program.output.split(separator: "\n") {
            let fields = line.split(separator: ",")
            if fields.count >= 2, let time = Double(fields[1]) {
                times[String(fields[0]), default: []].append(time)
            }
        }
        return times
    }

    /// Loudest sample in dB.
    static func peak(_ path: String) async throws -> Double? {
        let program = try Program(["ffmpeg", "-nostdin", "-i", path, "-af", "volumedetect", "-f", "null", "-"])
        _ = await program.wait(within: .seconds(30))
        guard let mark = program.errors.firstRange(of: "max_volume: ") else { return nil }
        return Double(program.errors[mark.upperBound...].prefix { $0 != " " })
    }
}

/// Steps between neighbours.
func steps(_ values: [Int]) -> [Int] { zip(values.dropFirst(), values).map { $0 - $1 } }
