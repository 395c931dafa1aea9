// Finished recordings in the players that people have: ffprobe, mpv, VLC and Chromium play all of them.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite(.takesTurns) struct RecordPlayerTests {
    /// One finished recording: the second of several files of a stream with B-frames, so that it begins in the middle
    /// of the stream.
    private struct Recording {
        let directory: TempDirectory
        let path: String
        let pictures: Int
        let length: Double
    }

    private func recording() async throws -> Recording {
        let directory = try TempDirectory("players")
        let tape = try await RecordTapes.shared.tape(.reordered)
        let server = try RecordTapeServer(tape, .init(speed: nil))
        let run = try await SluiceBinary.run(
            ["record", server.url("cam"), "--segment", "5s", "--reconnect", "off", "--json"], directory: directory)
        #expect(run.status == 0, "\(run.errors)")
        let files = RecordShelf.names(in: directory.path)
        #expect(files.count >= 3)
        let shelf = try await RecordShelf(directory.path, tape)
        let name = try #require(shelf.files.dropFirst().first).name
        // A name without spaces or colons for all four.
        let path = directory.file("second.mp4")
        #expect(rename(directory.file(name), path) == 0)
        return Recording(
            directory: directory, path: path, pictures: try await Clips.packetCount(path, "video"),
            length: try await Clips.duration(path))
    }

    /// Chromium and VLC do not run as root.
    private func asUser(_ words: [String], home: TempDirectory) -> [String] {
        chmod(home.path, 0o777)
        let user = geteuid() == 0 ? ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] : []
        return user + ["env", "HOME=\(home.path)", "TMPDIR=\(home.path)", "XDG_RUNTIME_DIR=\(home.path)"] + words
    }

    @Test func ffprobe_decodesIt() async throws {
        let recording = try await recording()
        let program = try Program([
            "ffprobe", "-v", "warning", "-count_frames", "-show_entries", "stream=codec_type,nb_read_frames", "-of",
            "csv=p=0", recording.path,
        ])
        #expect(await program.wait(within: .seconds(30)) == .exited(0))
        #expect(program.output.contains("video,\(recording.pictures)\n"), "\(program.output)")
        #expect(program.errors == "")
    }

    @Test func mpv_showsEveryPicture() async throws {
        let recording = try await recording()
        let program = try Program([
            "mpv", "--no-config", "--vo=null", "--ao=null", "--ao-null-untimed=yes", "--untimed",
            "--term-status-msg=at ${=time-pos} of ${=duration} wide ${width};", recording.path,
        ])
        #expect(await program.wait(within: .seconds(30)) == .exited(0))
        let said = program.output + program.errors
        let shown = Set(
            said.split(separator: ";").compactMap { word in
                word.firstRange(of: "at ").map { mark in String(word[mark.lowerBound...]) }
            })
        #expect(shown.count >= recording.pictures * 9 / 10, "\(shown.count) of \(recording.pictures)")
        #expect(shown.allSatisfy { $0.contains("wide 160") })
        #expect(said.contains("(End of file)"))
    }

    @Test func vlc_decodesIt() async throws {
        let recording = try await recording()
        let home = try TempDirectory("vlc")
        let out = home.file("out.ts")
        let program = try Program(
            asUser(
                [
                    "cvlc", "-I", "dummy", "--no-dbus", "--play-and-exit", "--sout",
                    "#transcode{vcodec=mp2v,vb=400,acodec=mpga,ab=64}:std{access=file,mux=ts,dst=\(out)}",
                    recording.path, "vlc://quit",
                ], home: home))
        #expect(await program.wait(within: .seconds(30)) == .exited(0), "\(program.errors)")
        let streams = try await Clips.streams(out)
        #expect(streams.map { $0["codec_type"] ?? "" }.sorted() == ["audio", "video"])
        // Its own encoder leaves some pictures out at the end.
        let decoded = try await Clips.packetCount(out, "video")
        #expect(decoded >= recording.pictures * 9 / 10, "\(decoded) of \(recording.pictures)")
    }

    @Test func chromium_playsItToItsEndAndSeeks() async throws {
        let recording = try await recording()
        // The page tells by asking for pictures that are not there.
        let server = try await ScriptedServer.start(
            .respond(
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", body: [], closes: true))
        try recording.directory.write(
            """
            <video id="v" muted></video><script>
            const v = document.getElementById("v"), told = "http://127.0.0.1:\(server.port)/";
            const tell = word => new Image().src = told
                + [word, v.currentTime, v.duration, v.videoWidth, v.error ? v.error.message : "fine"].join("/") + "/";
            v.onerror = () => tell("error");
            v.onended = () => { v.onended = null; tell("ended"); v.onseeked = () => tell("seeked"); v.currentTime = v.duration / 2 };
            v.onloadedmetadata = () => { v.playbackRate = 4; v.play() };
            v.src = "second.mp4";
            </script>
            """, to: "page.html")
        let home = try TempDirectory("chromium")
        let program = try Program(
            asUser(
                [
                    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--mute-audio",
                    "--disable-dev-shm-usage",
                    "--no-first-run", "--user-data-dir=\(home.file("profile"))",
                    "--autoplay-policy=no-user-gesture-required", "file://\(recording.directory.path)/page.html",
                ], home: home))
        let told = { String(decoding: server.received, as: UTF8.self) }
        let isOver = await eventually(within: .seconds(40)) {
            !program.isRunning || told().contains("/seeked/") || told().contains("/error/")
        }
        #expect(isOver, "\(program.errors.suffix(2000))")
        let ended = try #require(
            told().split(separator: "\n").first { $0.contains("/ended/") },
            "\(told()) \(String(describing: program.exit)) \(program.errors.suffix(2000))")
        let fields = ended.split(separator: "/")
        try #require(fields.count > 4)
        let end = try #require(Double(fields[2]))
        let length = try #require(Double(fields[3]))
        #expect(abs(end - length) < 0.1, "\(told())")
        #expect(abs(length - recording.length) < 0.1)
        #expect(fields[4] == "160")
        #expect(told().contains("/seeked/"))
        program.kill()
        _ = await program.wait(within: .seconds(5))
    }
}
