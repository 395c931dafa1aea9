// An RTSP server for tests, of which Debian's ffmpeg has none: python speaks RTSP and passes on, inside that one
// connection, the RTP that an ffmpeg beside it makes. Knows nothing of what is in the packets.
import Model

/// A picture of 320x180 at 25 fps with a key frame a second, and a tone; as long as its owner lives. Whoever comes
/// gets what is made from then on.
public final class RTSPServer: Sendable {
    public let port: Int
    public var address: String { "rtsp://127.0.0.1:\(port)/live/cam" }
    private let program: Program
    private let directory: TempDirectory

    /// Starts it and waits until it can be asked.
    /// - Parameter port: nil: a free one.
    public static func start(port: Int? = nil) async throws -> RTSPServer {
        let server = try RTSPServer(port ?? FreePort.tcp())
        guard await server.program.says("ready", within: .seconds(20)) else {
            throw LabError("no RTSP server: \(server.program.errors)")
        }
        return server
    }

    private init(_ port: Int) throws {
        self.port = port
        directory = try TempDirectory("rtsp")
        program = try Program(
            ["python3", "-c", Self.script, "\(port)", directory.file("cam.sdp")], directory: directory.path)
    }

    /// Ends it and its connections, without a word to anybody.
    public func stop() async {
        program.kill()
        _ = await program.wait(within: .seconds(3))
    }

    private static let script = """
        import os, selectors, socket, subprocess, sys, threading, time
        port, path = int(sys.argv[1]), sys.argv[2]

        def pair():
            while True:
                rtp, rtcp = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
                rtp.bind(("127.0.0.1", 0))
                try:
                    rtcp.bind(("127.0.0.1", rtp.getsockname()[1] + 1))
                    return [rtp, rtcp]
                except OSError:
                    pass

        sockets = pair() + pair()
        target = lambda n: f"rtp://127.0.0.1:{sockets[n].getsockname()[1]}?pkt_size=1200"
        source = subprocess.Popen(
            ["ffmpeg", "-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25"]
            + ["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"]
            + ["-map", "0:v", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25"]
            + ["-pix_fmt", "yuv420p", "-flags", "+global_header", "-f", "rtp", "-sdp_file", path, target(0)]
            + ["-map", "1:a", "-c:a", "aac", "-b:a", "64k", "-flags", "+global_header", "-f", "rtp", target(2)])
        while not os.path.exists(path) or open(path).read().count("m=") < 2:
            time.sleep(0.01)
        lines, tracks = [], 0
        for line in open(path).read().splitlines():
            if line.startswith("m="):
                words = line.split()
                lines += [" ".join([words[0], "0"] + words[2:]), f"a=control:track{tracks}"]
                tracks += 1
            elif not line.startswith(("SDP:", "a=control")):
                lines.append(line)
        sdp = "".join(line + "\\r\\n" for line in lines if line)
        playing, lock = [], threading.Lock()

        def relay():
            selector = selectors.DefaultSelector()
            for number, one in enumerate(sockets):
                selector.register(one, selectors.EVENT_READ, number)
            while True:
                for key, _ in selector.select():
                    data = key.fileobj.recv(65536)
                    with lock:
                        for peer in list(playing):
                            try:
                                peer.sendall(b"$" + bytes([key.data]) + len(data).to_bytes(2, "big") + data)
                            except OSError:
                                playing.remove(peer)

        def serve(peer):
            stream = peer.makefile("rb")
            while True:
                line = stream.readline()
                if not line:
                    break
                if line[:1] == b"$":
                    # The viewer's own reports: $, channel, length, bytes, without the end of a line.
                    head = line + stream.read(max(0, 4 - len(line)))
                    stream.read(max(0, int.from_bytes(head[2:4], "big") + 4 - len(head)))
                    continue
                head = [line.decode().strip()]
                while head[-1]:
                    head.append(stream.readline().decode().strip())
                fields = {h.split(":", 1)[0].lower(): h.split(":", 1)[1].strip() for h in head[1:] if h}
                answer = f"RTSP/1.0 200 OK\\r\\nCSeq: {fields.get('cseq')}\\r\\nSession: 1\\r\\nServer: lab\\r\\n"
                body = ""
                verb = head[0].split()[0]
                if verb == "DESCRIBE":
                    body = sdp
                    answer += f"Content-Type: application/sdp\\r\\nContent-Length: {len(sdp)}\\r\\n"
                elif verb == "SETUP":
                    answer += f"Transport: {fields.get('transport')}\\r\\n"
                elif verb == "OPTIONS":
                    answer += "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\\r\\n"
                with lock:
                    peer.sendall((answer + "\\r\\n" + body).encode())
                    if verb == "PLAY":
                        playing.append(peer)
                if verb == "TEARDOWN":
                    break

        def attend(peer):
            try:
                serve(peer)
            except OSError:
                pass

        listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=relay, daemon=True).start()
        print("ready", flush=True)
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=attend, args=(peer,), daemon=True).start()
        """
}
