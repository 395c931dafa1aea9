// Rows of the flag table: what is pushed, at which pace, and how it is encoded.
import Model
import TestSupport
import Testing

extension FlagTable {
    static let pushRows: [FlagRow] = [
        FlagRow("push", "-i") { lab in
            try await lab.run("push", "-i", FlagLab.clip, "out.mkv")
            #expect(try await lab.probe("out.mkv").codecs == ["h264", "aac"])
        },
        FlagRow("push", "--loop") { lab in
            try await lab.run("push", "--loop=3", FlagLab.clip, "three.mkv")
            let three = try await lab.probe("three.mkv")
            #expect((2.7...3.2).contains(three.length), "\(three.length)")
            #expect(three.pictures == 75)
            try await lab.run("push", "--loop", FlagLab.clip, "out.mkv", "-t", "2500ms")
            #expect((2.2...2.8).contains(try await lab.probe("out.mkv").length))
        },
        FlagRow("push", "--start-at") { lab in
            try await lab.run("push", FlagLab.clip, "out.mkv", "--start-at", "600ms")
            #expect((0.2...0.5).contains(try await lab.probe("out.mkv").length))
        },
        FlagRow("push", "-t", "--duration") { lab in
            for option in ["-t", "--duration"] {
                try await lab.run("push", FlagLab.clip, "out.mkv", option, "400ms")
                #expect((0.2...0.5).contains(try await lab.probe("out.mkv").length), "\(option)")
            }
        },
        FlagRow("push", "--no-pace") { lab in
            let address = "udp://127.0.0.1:\(try FreePort.tcp())"
            let paced = try await lab.run("push", "--loop=3", FlagLab.clip, address)
            #expect(paced.took > .seconds(2.5))
            // Half a minute of media, so that a busy machine cannot take as long for it.
            let unpaced = try await lab.run("push", "--loop=30", FlagLab.clip, address, "--no-pace")
            #expect(unpaced.took < .seconds(20))
        },
        FlagRow("push", "--live") { lab in
            let address = "udp://127.0.0.1:\(try FreePort.tcp())"
            let live = try await lab.run("push", "--loop=30", FlagLab.clip, address, "--live", "on")
            #expect(live.took < .seconds(20))
            let file = try await lab.run("push", "--loop=3", FlagLab.clip, address, "--live", "off")
            #expect(file.took > .seconds(2.5))
        },
        FlagRow("push", "--format") { lab in
            let transport = try await lab.run("push", FlagLab.clip, "-", "--format", "mpegts")
            #expect(transport.output.first == 0x47 && transport.output.count % 188 == 0)
            let flash = try await lab.run("push", FlagLab.clip, "-", "--format", "flv")
            #expect(flash.output.starts(with: Array("FLV".utf8)))
        },
        FlagRow("push", "--input-format", "--input-pix-fmt", "--input-size", "--input-fps") { lab in
            // 32 by 16 pixels: 512 bytes in grey, 1536 in BGR.
            for (format, each) in [("gray", 512), ("bgr24", 1536)] {
                try await lab.run(
                    "push", "-", "out.mkv", "--input-format", "rawvideo", "--input-pix-fmt", format,
                    "--input-size", "32x16", "--input-fps", "20", "--live", "off",
                    input: .bytes(FlagLab.pictures(30, bytesEach: each)))
                let file = try await lab.probe("out.mkv")
                #expect(file.pictures == 30, "\(format)")
                #expect(file.width == 32 && file.video?["height"]?.int == 16)
                #expect(file.video?["avg_frame_rate"]?.string == "20/1")
                #expect((1.3...1.6).contains(file.length), "\(file.length)")
            }
        },
    ]

    static let encodingRows: [FlagRow] = [
        FlagRow("push", "--video") { lab in
            try await lab.run("push", FlagLab.clip, "none.mkv", "--video", "none")
            #expect(try await lab.probe("none.mkv").codecs == ["aac"])
            try await lab.run("push", FlagLab.clip, "copy.mkv", "--video", "copy")
            #expect(try await lab.probe("copy.mkv").video?["profile"]?.string == "Main")
            try await lab.run("push", FlagLab.clip, "h264.mkv", "--video", "h264", "--profile", "high")
            #expect(try await lab.probe("h264.mkv").codecs == ["h264", "aac"])
            try await lab.run("push", FlagLab.clip, "hevc.mkv", "--video", "hevc")
            #expect(try await lab.probe("hevc.mkv").codecs == ["hevc", "aac"])
        },
        FlagRow("push", "--audio") { lab in
            try await lab.run("push", FlagLab.clip, "none.mkv", "--audio", "none")
            #expect(try await lab.probe("none.mkv").codecs == ["h264"])
            try await lab.run("push", FlagLab.clip, "opus.mkv", "--audio", "opus")
            #expect(try await lab.probe("opus.mkv").codecs == ["h264", "opus"])
            try await lab.run("push", FlagLab.clip, "copy.mkv", "--audio", "copy")
            #expect(try await lab.probe("copy.mkv").audio?["sample_rate"]?.string == "44100")
            try await lab.run("push", FlagLab.clip, "aac.mkv", "--audio", "aac")
            #expect(try await lab.probe("aac.mkv").codecs == ["h264", "aac"])
        },
        FlagRow("push", "--bitrate") { lab in
            try await lab.run("push", FlagLab.clip, "low.ts", "--bitrate", "60k", "--audio", "none")
            try await lab.run("push", FlagLab.clip, "high.ts", "--bitrate", "1.2M", "--audio", "none")
            #expect(try lab.bytes("high.ts").count > 3 * lab.bytes("low.ts").count)
        },
        FlagRow("push", "--size") { lab in
            try await lab.run("push", FlagLab.clip, "out.mkv", "--size", "128x72")
            let file = try await lab.probe("out.mkv")
            #expect(file.width == 128 && file.video?["height"]?.int == 72)
        },
        FlagRow("push", "--fps") { lab in
            try await lab.run("push", FlagLab.clip, "out.mkv", "--fps", "10")
            #expect((9...11).contains(try await lab.probe("out.mkv").pictures))
        },
        FlagRow("push", "--gop") { lab in
            try await lab.run("push", FlagLab.clip, "out.mkv", "--gop", "400ms")
            let times = try await lab.probe("out.mkv").keyframes
            #expect(times.count == 3)
            #expect(zip(times.dropFirst(), times).allSatisfy { (0.35...0.45).contains($0 - $1) })
        },
        FlagRow("push", "--preset") { lab in
            // ultrafast has no CABAC and no 8x8 transform, which makes it the baseline.
            try await lab.run("push", FlagLab.clip, "fast.mkv", "--preset", "ultrafast")
            #expect(try await lab.probe("fast.mkv").video?["profile"]?.string?.hasSuffix("Baseline") == true)
            try await lab.run("push", FlagLab.clip, "slow.mkv", "--preset", "slow")
            #expect(try await lab.probe("slow.mkv").video?["profile"]?.string == "High")
        },
        FlagRow("push", "--tune") { lab in
            try await lab.run("push", FlagLab.clip, "grain.ts", "--tune", "grain", "--audio", "none")
            try await lab.run("push", FlagLab.clip, "quick.ts", "--tune", "zerolatency", "--audio", "none")
            #expect(try lab.bytes("grain.ts") != lab.bytes("quick.ts"))
        },
        FlagRow("push", "--profile") { lab in
            try await lab.run("push", FlagLab.clip, "out.mkv", "--profile", "baseline")
            #expect(try await lab.probe("out.mkv").video?["profile"]?.string?.hasSuffix("Baseline") == true)
            try await lab.run("push", FlagLab.clip, "main.mkv", "--profile", "main")
            #expect(try await lab.probe("main.mkv").video?["profile"]?.string == "Main")
        },
        FlagRow("push", "--audio-bitrate") { lab in
            // The tone of a sine is easy to code, so an upper bound shows more than the file's size.
            try await lab.run(
                "push", "--loop=3", FlagLab.clip, "low.ts", "--audio-bitrate", "24k", "--video", "none")
            try await lab.run(
                "push", "--loop=3", FlagLab.clip, "high.ts", "--audio-bitrate", "192k", "--video", "none")
            #expect(try lab.bytes("high.ts").count > 3 * lab.bytes("low.ts").count / 2)
        },
        FlagRow("push", "--no-marks") { lab in
            let server = try await NginxRTMP.start()
            for (name, extra) in [("marked", []), ("bare", ["--no-marks"])] {
                let address = server.url(name)
                let publisher = try SluiceBinary.start(
                    ["push", "--loop", FlagLab.clip, address] + extra, directory: lab.directory)
                #expect(await server.waitForPublisher(name))
                let run = try await lab.run("play", address, "--vo", "null", "--ao", "null", "-t", "1", "--json")
                #expect((run.result?["latency_ms"] == .null) == (name == "bare"), "\(name): \(run.text)")
                _ = await publisher.interrupt()
            }
        },
    ]
}
