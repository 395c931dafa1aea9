import Model
import TestSupport
import Testing

// The rest of the lab: programs, ports, directories, the screen, the camera, the peers.
#if canImport(Glibc)
    import Glibc
#endif

@Suite struct LabTests {
    @Test func program_isHeardAndWaitedFor() async throws {
        let program = try Program(["sh", "-c", "cat; echo word >&2; exit 7"], input: .bytes(Array("hello".utf8)))
        #expect(await program.wait(within: .seconds(10)) == .exited(7))
        #expect(program.output == "hello")
        #expect(program.errors == "word\n")
        #expect(program.usage != nil)
    }

    @Test func program_thatHangs_isKilledWithItsChildren() async throws {
        let directory = try TempDirectory()
        let mark = directory.file("pid")
        let program = try Program(["sh", "-c", "sleep 600 & echo $! > \(mark); wait"])
        #expect(await eventually(within: .seconds(5)) { (contents(ofFile: mark)?.count ?? 0) > 1 })
        #expect(await program.wait(within: .milliseconds(100)) == nil)
        await program.stop()
        #expect(program.isRunning == false)
        let text = String(decoding: contents(ofFile: mark) ?? [], as: UTF8.self)
        let child = try #require(pid_t(text.filter(\.isNumber)))
        // A killed grandchild is a zombie until init reaps it.
        #expect(
            await eventually(within: .seconds(5)) {
                kill(child, 0) != 0
                    || String(decoding: contents(ofFile: "/proc/\(child)/stat") ?? [], as: UTF8.self).contains(
                        ") Z")
            })
    }

    @Test func program_thatIsMissing_says127() async throws {
        let program = try Program(["no-such-program-anywhere"])
        #expect(await program.wait(within: .seconds(5)) == .exited(127))
    }

    @Test func program_withClosedStdout_getsSIGPIPE() async throws {
        let program = try Program(["sh", "-c", "while :; do echo x; done"], output: .closed)
        #expect(await program.wait(within: .seconds(5)) == .signalled(SIGPIPE))
    }

    @Test func directory_goesWithItsOwner() throws {
        var path = ""
        do {
            let directory = try TempDirectory()
            path = directory.path
            mkdir(directory.file("deep"), 0o755)
            try directory.write("text", to: "deep/file")
            #expect(contents(ofFile: directory.file("deep/file")) == Array("text".utf8))
        }
        #expect(access(path, F_OK) != 0)
    }

    @Test func barcode_survivesBothWays() {
        for value in [0, 1, UInt64.max, 0x0123_4567_89AB_CDEF, 1_795_000_000_000] {
            var luma = [UInt8](repeating: 90, count: 640 * 64)
            #expect(Barcode.read(luma[...], width: 640, stride: 640) == nil)
            Barcode.draw(value, into: &luma, width: 640, stride: 640)
            #expect(Barcode.read(luma[...], width: 640, stride: 640) == value)
        }
    }

    @Test(arguments: [
        ("{\"a\":[1,-2.5e1,true,null,\"x\\n\\u00e9\"]}", true), ("{\"a\":1", false), ("[1,]", false),
        ("{} {}", false), ("\"\t\"", false), ("{}", true), (" [ ] ", true),
    ])
    func json_isReadStrictly(text: String, isGood: Bool) {
        #expect((JSONReader.parse(text) != nil) == isGood)
    }

    @Test func camera_keepsTimeAndCounts() async throws {
        let directory = try TempDirectory()
        let file = directory.file("raw.yuv")
        let handle = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        let camera = StampedSource(to: handle, width: 128, height: 64, length: .seconds(1), stamp: .number(from: 5))
        close(handle)
        #expect(await eventually(within: .seconds(5)) { camera.frames == 30 })
        let size = 128 * 64 * 3 / 2
        let bytes = try #require(contents(ofFile: file))
        #expect(bytes.count == 30 * size)
        for index in 0..<30 {
            #expect(Barcode.read(bytes[(index * size)...], width: 128, stride: 128) == UInt64(5 + index))
        }
    }

    @Test func servers_doTheirOneThing() async throws {
        let silent = try await ScriptedServer.start(.silence)
        #expect(try RawClient(port: silent.port).receive(within: .milliseconds(200)) == .nothing)
        let closing = try await ScriptedServer.start(.close)
        #expect(try RawClient(port: closing.port).receive(within: .seconds(3)) == .ended)
        let http = try await ScriptedServer.start(
            .stream(contentType: "text/plain", program: ["printf", "hello"]))
        let client = try RawClient(port: http.port)
        _ = client.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        let answer = String(decoding: client.receive(exactly: 4096, within: .seconds(5)), as: UTF8.self)
        #expect(answer.hasPrefix("HTTP/1.1 200") && answer.hasSuffix("5\r\nhello\r\n0\r\n\r\n"))
    }
}

@Suite(.serialized, .takesTurns) struct LabPeerTests {
    @Test func nginx_relaysAStampedStreamToAScreen() async throws {
        let server = try await NginxRTMP.start()
        let screen = try await XvfbScreen.start()
        let publisher = try StampedPublisher(to: server.url("cam"), gop: 15)
        #expect(await server.waitForPublisher("cam"))
        let environment = screen.environment.merging(["SDL_AUDIODRIVER": "dummy"]) { $1 }
        let player = try Program(
            ["ffplay", "-fflags", "nobuffer", "-loglevel", "error", server.url("cam")], environment: environment)
        #expect(await screen.firstBarcode(within: .seconds(20)) != nil)
        // ffplay shows few pictures of thirty a second while both cores are busy; it is the screen that is tested.
        let seen = await screen.sightings(for: .seconds(4))
        #expect(seen.count > 5)
        #expect(seen.allSatisfy { $0.delay > .zero && $0.delay < .seconds(20) })
        #expect(screen.litShare() > 0.5)
        await player.stop()
        await publisher.stop()
        await server.stop()
    }

    @Test func nginx_refusesWhoMayNotPublish() async throws {
        let server = try await NginxRTMP.start()
        let publisher = try StampedPublisher(to: server.url("x", application: "closed"))
        let exit = await publisher.program.wait(within: .seconds(10))
        #expect(exit != nil && exit != .exited(0))
    }
}
