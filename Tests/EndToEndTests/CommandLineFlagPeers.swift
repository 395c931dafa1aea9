// Small peers that only the flag table needs: an RTSP server up to SETUP, HLS with two variants, a server
// with a certificate of its own making.
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// Answers OPTIONS and DESCRIBE, and notes what SETUP asks for. One connection; python's socket server keeps
/// it short.
final class RTSPStage: Sendable {
    let port: Int
    private let program: Program

    static func start() async throws -> RTSPStage {
        let server = try RTSPStage()
        guard await server.program.says("ready", within: .seconds(10)) else { throw LabError("no RTSP server") }
        return server
    }

    private init() throws {
        port = try FreePort.tcp()
        let script = """
            import socket, sys
            sdp = ("v=0\\r\\no=- 1 1 IN IP4 127.0.0.1\\r\\ns=x\\r\\nc=IN IP4 127.0.0.1\\r\\nt=0 0\\r\\n"
                   "m=video 0 RTP/AVP 96\\r\\na=rtpmap:96 H264/90000\\r\\n"
                   "a=fmtp:96 packetization-mode=1\\r\\na=control:track1\\r\\n")
            server = socket.create_server(("127.0.0.1", \(port)))
            print("ready", flush=True)
            peer, _ = server.accept()
            stream = peer.makefile("rwb")
            while True:
                head = []
                while True:
                    line = stream.readline().decode()
                    if not line.strip():
                        break
                    head.append(line.strip())
                if not head:
                    break
                fields = {h.split(":", 1)[0].lower(): h.split(":", 1)[1].strip() for h in head[1:]}
                answer = f"RTSP/1.0 200 OK\\r\\nCSeq: {fields.get('cseq')}\\r\\n"
                if head[0].startswith("SETUP"):
                    print("transport", fields.get("transport"), flush=True)
                    answer = f"RTSP/1.0 461 Unsupported Transport\\r\\nCSeq: {fields.get('cseq')}\\r\\n\\r\\n"
                elif head[0].startswith("DESCRIBE"):
                    answer += f"Content-Type: application/sdp\\r\\nContent-Length: {len(sdp)}\\r\\n\\r\\n{sdp}"
                else:
                    answer += "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\\r\\n\\r\\n"
                stream.write(answer.encode())
                stream.flush()
            """
        program = try Program(["python3", "-c", script])
    }

    /// The Transport header of the first SETUP.
    func transport(within limit: Span) async -> String? {
        await firstValue(within: limit) {
            program.output.split(separator: "\n").first { $0.hasPrefix("transport ") }
                .map { String($0.dropFirst("transport ".count)) }
        }
    }
}

/// A finished HLS presentation of two variants, 160x90 and 320x180, one second long.
final class HLSVariants: Sendable {
    let address: String
    private let directory: TempDirectory
    private let program: Program

    static func start() async throws -> HLSVariants {
        let directory = try TempDirectory("variants")
        for (name, size) in [("low", "160x90"), ("high", "320x180")] {
            let made = try Program([
                "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=\(size):rate=25:duration=1", "-c:v",
                "libx264", "-pix_fmt", "yuv420p", "-g", "25", "-f", "hls", "-hls_time", "1",
                "-hls_playlist_type", "vod", directory.file(name + ".m3u8"),
            ])
            guard await made.wait(within: .seconds(20)) == .exited(0) else { throw LabError(made.errors) }
        }
        try directory.write(
            """
            #EXTM3U
            #EXT-X-STREAM-INF:BANDWIDTH=200000,RESOLUTION=160x90
            low.m3u8
            #EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=320x180
            high.m3u8

            """, to: "master.m3u8")
        let port = try FreePort.tcp()
        let server = try HLSVariants(directory, port)
        guard await eventually(within: .seconds(10), { FreePort.answers(port) }) else {
            throw LabError("the web server does not start")
        }
        return server
    }

    private init(_ directory: TempDirectory, _ port: Int) throws {
        self.directory = directory
        address = "http://127.0.0.1:\(port)/master.m3u8"
        program = try Program(
            ["python3", "-m", "http.server", "\(port)", "--bind", "127.0.0.1"], directory: directory.path)
    }
}

/// openssl's server with a certificate that nobody has signed.
final class SelfSignedServer: Sendable {
    let port: Int
    private let directory: TempDirectory
    private let program: Program

    static func start() async throws -> SelfSignedServer {
        let directory = try TempDirectory("tls")
        let made = try Program(
            [
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out",
                "cert.pem", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
            ], directory: directory.path)
        guard await made.wait(within: .seconds(20)) == .exited(0) else { throw LabError(made.errors) }
        let server = try SelfSignedServer(directory)
        guard await eventually(within: .seconds(10), { FreePort.answers(server.port) }) else {
            throw LabError("openssl does not listen")
        }
        return server
    }

    private init(_ directory: TempDirectory) throws {
        self.directory = directory
        port = try FreePort.tcp()
        program = try Program(
            [
                "openssl", "s_server", "-accept", "\(port)", "-cert", "cert.pem", "-key", "key.pem", "-WWW",
                "-quiet",
            ],
            directory: directory.path)
    }
}
