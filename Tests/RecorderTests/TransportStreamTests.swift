// Recording what comes as a transport stream: its sound has headers of its own, which MP4 must not have.
import Media
import Model
import Recorder
import TestSupport
import Testing

@Suite struct TransportStreamTests {
    private struct Silent: Reporter {
        func report(_ event: Event) {}
        func log(_ level: LogLevel, _ message: @autoclosure () -> String) {}
    }

    @Test(arguments: RecordFormat.allCases)
    func everyPacketIsKept(_ format: RecordFormat) async throws {
        let directory = try TempDirectory("ts")
        let made = try Program([
            "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=4", "-f", "lavfi",
            "-i",
            "sine=r=48000:d=4", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "aac",
            directory.file("in.ts"),
        ])
        try #require(await made.wait(within: .seconds(60)) == .exited(0))
        let input = try MediaAddress(directory.file("in.ts"))
        var settings = RecordSettings(source: input)
        settings.output = .template(directory.file("out/{start}." + format.rawValue))
        settings.format = format
        settings.segment = .seconds(2)
        let recording = try Recording(settings, isLive: false, reporter: Silent())
        let demuxer = try Demuxer(.address(input))
        try recording.begin(tracks: demuxer.tracks)
        var sent = 0
        reading: while true {
            switch try demuxer.read() {
            case .packet(let packet):
                try recording.write(packet)
                sent += 1
            case .tracksChanged(let tracks): try recording.begin(tracks: tracks)
            case .endOfInput: break reading
            }
        }
        try recording.finish()
        #expect(recording.files.count == 2)
        #expect(recording.refusedPackets == 0)
        var kept = 0
        for file in recording.files {
            let decoded = try Program(
                ["ffmpeg", "-nostdin", "-v", "error", "-xerror", "-i", file.path, "-f", "null", "-"])
            #expect(await decoded.wait(within: .seconds(60)) == .exited(0))
            #expect(decoded.errors == "")
            let counted = try Program([
                "ffprobe", "-v", "quiet", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of",
                "csv=p=0",
                file.path,
            ])
            #expect(await counted.wait(within: .seconds(60)) == .exited(0))
            // A transport stream is listed twice: by itself and in its programme.
            let numbers = counted.output.split(separator: "\n").prefix(2).compactMap { Int($0) }
            kept += numbers.reduce(0, +)
        }
        #expect(kept == sent)
    }
}
