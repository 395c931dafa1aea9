// Streams in which nothing is wrong, from the senders that are in use: what each consists of, and how it is made.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

struct CleanStream: Sendable, CustomTestStringConvertible {
    struct Video: Sendable {
        var width = 320
        var height = 180
        var fps = 25.0
        /// Seconds.
        var gop = 1.0
        var bFrames: Bool? = false
    }
    struct Audio: Sendable {
        var rate = 44_100
        var channels = 1
    }

    var name: String
    var protocolName = "rtmp"
    var video: Video? = .init()
    var audio: Audio? = .init()
    /// A server holds the picture back until the next key frame; after that two more are wanted.
    var seconds = 4
    /// Starts it and says where it is; what it gives back is held until the probe is over.
    var start: @Sendable (NginxRTMP) async throws -> (url: String, held: [any Sendable])

    var testDescription: String { name }
}

extension CleanStream {
    private static let picture = ["-re", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25"]
    private static let tone = ["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"]
    private static let aac = ["-c:a", "aac", "-b:a", "64k"]
    private static let zerolatency = x264("ultrafast", ["-tune", "zerolatency"])

    private static func x264(_ preset: String, _ more: [String]) -> [String] {
        ["-c:v", "libx264", "-preset", preset, "-g", "25", "-pix_fmt", "yuv420p"] + more
    }

    private static func ffmpeg(_ words: [String]) throws -> Program {
        try Program(["ffmpeg", "-nostdin", "-v", "error"] + words)
    }

    /// Published by ffmpeg to nginx.
    private static func published(
        _ name: String, video: Video? = .init(), audio: Audio? = .init(), application: String = "live",
        _ words: [String]
    ) -> CleanStream {
        CleanStream(name: name, video: video, audio: audio) { server in
            let url = server.url("clean", application: application)
            let program = try ffmpeg(words + ["-f", "flv", url])
            guard await server.waitForPublisher("clean") else { throw LabError(program.errors) }
            return (url, [program])
        }
    }

    static let fromFFmpeg: [CleanStream] = [
        published("x264 zerolatency", picture + tone + zerolatency + aac),
        published("joined in the middle of a GOP", application: "eager", picture + tone + zerolatency + aac),
        published(
            "x264 with B-frames", video: .init(bFrames: true),
            picture + tone + x264("ultrafast", ["-bf", "3", "-b_strategy", "0"]) + aac),
        published("sound alone", video: nil, tone + aac),
        published("picture alone", audio: nil, picture + zerolatency),
        published(
            "1080p", video: .init(width: 1920, height: 1080),
            ["-re", "-f", "lavfi", "-i", "smptebars=s=1920x1080:r=25"] + tone + zerolatency + aac),
        CleanStream(name: "a file, copied", video: .init(gop: 2, bFrames: true), audio: .init(channels: 2)) {
            server in
            let directory = try TempDirectory("clean")
            let file = directory.file("clip.mp4")
            try await Clips.ffmpeg([
                "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=14", "-f", "lavfi", "-i",
                "sine=frequency=440:sample_rate=44100:d=14", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2",
                "-b_strategy", "0", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2", file,
            ])
            let url = server.url("copied")
            let program = try ffmpeg(["-re", "-i", file, "-c", "copy", "-f", "flv", url])
            guard await server.waitForPublisher("copied") else { throw LabError(program.errors) }
            return (url, [program, directory])
        },
        CleanStream(name: "MPEG-TS over UDP", protocolName: "udp") { _ in
            let url = "udp://127.0.0.1:\(try FreePort.udp())"
            return (
                url, [try ffmpeg(picture + tone + zerolatency + aac + ["-f", "mpegts", url + "?pkt_size=1316"])]
            )
        },
        CleanStream(name: "MPEG-TS over HTTP", protocolName: "http") { _ in
            let server = try await ScriptedServer.start(
                .stream(
                    contentType: "video/mp2t",
                    program: ["ffmpeg", "-nostdin", "-v", "error"] + picture + tone + zerolatency + aac
                        + ["-flush_packets", "1", "-f", "mpegts", "-"]))
            return ("http://127.0.0.1:\(server.port)/live.ts", [server])
        },
        CleanStream(name: "SRT", protocolName: "srt") { _ in
            let url = "srt://127.0.0.1:\(try FreePort.udp())"
            let program = try ffmpeg(
                picture + tone + zerolatency + aac + ["-f", "mpegts", url + "?mode=listener&latency=100000"])
            return (url, [program])
        },
        CleanStream(name: "RTSP", protocolName: "rtsp") { _ in
            let server = try await RTSPServer.start()
            return (server.address, [server])
        },
        CleanStream(name: "HLS, live", protocolName: "hls", seconds: 6) { server in
            let list = server.hlsDirectory + "/live.m3u8"
            let program = try ffmpeg(
                picture + tone + zerolatency + aac + [
                    "-f", "hls", "-hls_time", "1", "-hls_list_size", "6", "-hls_flags", "program_date_time", list,
                ])
            let isThere = await eventually(within: .seconds(20)) {
                String(decoding: contents(ofFile: list) ?? [], as: UTF8.self).split(separator: ".ts\n").count > 4
            }
            guard isThere else { throw LabError(program.errors) }
            return (server.playlist("live"), [program])
        },
    ]

    static let fromGStreamer: [CleanStream] = [
        CleanStream(name: "GStreamer, rtmp2sink", audio: .init(channels: 2)) { server in
            let url = server.url("gst")
            let words = """
                gst-launch-1.0 -e videotestsrc is-live=true pattern=ball ! \
                video/x-raw,width=320,height=180,framerate=25/1 ! \
                x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 bitrate=500 ! h264parse ! \
                flvmux streamable=true name=mux ! rtmp2sink location=\(url) \
                audiotestsrc is-live=true ! audio/x-raw,rate=44100,channels=2 ! voaacenc ! aacparse ! mux.
                """
            let program = try Program(words.split(separator: " ").map(String.init))
            guard await server.waitForPublisher("gst", within: .seconds(20)) else {
                throw LabError(program.errors + program.output)
            }
            return (url, [program])
        }
    ]

    private static func pushed(
        _ name: String, video: Video?, audio: Audio?, input: Program.Input = .null, _ inputs: [String],
        _ options: [String] = []
    ) -> CleanStream {
        CleanStream(name: "sluice push, \(name)", video: video, audio: audio, seconds: 6) { server in
            let url = server.url("pushed")
            let push = try SluiceBinary.start(["push"] + inputs + [url] + options, input: input)
            var held: [any Sendable] = [push]
            if let descriptor = push.program.inputDescriptor {
                held.append(StampedSource(to: descriptor, width: 320, height: 180, framesPerSecond: 25))
                push.program.closeInput()
            }
            guard await server.waitForPublisher("pushed") else { throw LabError(push.program.errors) }
            return (url, held)
        }
    }

    static let fromSluice: [CleanStream] = [
        pushed(
            "a copied clip", video: .init(width: 640, height: 360, gop: 1, bFrames: true),
            audio: .init(rate: 48_000, channels: 2), [SluiceBinary.clip("bbb-360p.mp4")], ["--loop"]),
        pushed(
            "testsrc", video: .init(gop: 2), audio: .init(rate: 48_000, channels: 2), ["testsrc"],
            ["--size", "320x180", "--fps", "25", "--preset", "ultrafast"]),
        pushed(
            "raw pictures and a tone", video: .init(gop: 2), audio: .init(rate: 48_000, channels: 2), input: .pipe,
            ["-", "tone"],
            [
                "--input-format", "rawvideo", "--input-pix-fmt", "yuv420p", "--input-size", "320x180",
                "--input-fps", "25", "--preset", "ultrafast",
            ]),
    ]

    static let all = fromFFmpeg + fromGStreamer + fromSluice
}
