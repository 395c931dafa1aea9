public import Model

// A real RTMP server for tests: Debian's nginx with its RTMP module, on ports of its own.
#if canImport(Glibc)
    import Glibc
#endif

/// One nginx process in a temporary directory; ends with its owner. Applications:
/// - `live`: plain relay, viewers start at a key frame;
/// - `eager`: the same, but viewers start in the middle of wherever the stream is;
/// - `hls`: the same, and HLS with 2 s fragments;
/// - `pulled`: relays the stream `pulled` from the address that `start` was told;
/// - `pushed`: relays what is published to the address that `start` was told;
/// - `closed`: every publisher is refused (its permission request is answered by 403).
public final class NginxRTMP: Sendable {
    public let rtmpPort: Int
    public let httpPort: Int
    private let directory: TempDirectory
    private let program: Program

    public static let isInstalled =
        access("/usr/sbin/nginx", X_OK) == 0 && access("/usr/lib/nginx/modules/ngx_rtmp_module.so", R_OK) == 0

    /// Starts it and waits until it accepts connections.
    public static func start(pingSeconds: Int = 60, pull: String? = nil, push: String? = nil) async throws
        -> NginxRTMP
    {
        guard isInstalled else { throw LabError("nginx with its RTMP module is not installed") }
        // The two ports are only known to be free; another process may be faster.
        for _ in 0..<3 {
            let server = try NginxRTMP(pingSeconds: pingSeconds, pull: pull, push: push)
            let isReady = await eventually(within: .seconds(10)) {
                !server.program.isRunning
                    || (FreePort.answers(server.rtmpPort) && FreePort.answers(server.httpPort))
            }
            if isReady, server.program.isRunning { return server }
        }
        throw LabError("nginx does not start")
    }

    private init(pingSeconds: Int, pull: String?, push: String?) throws {
        rtmpPort = try FreePort.tcp()
        httpPort = try FreePort.tcp()
        directory = try TempDirectory("nginx")
        mkdir(directory.file("hls"), 0o777)
        try directory.write(
            Self.configuration(rtmpPort, httpPort, pingSeconds, directory.path, pull, push), to: "nginx.conf")
        program = try Program(["/usr/sbin/nginx", "-e", "stderr", "-p", directory.path, "-c", "nginx.conf"])
    }

    /// The address of a stream; `application` is one of those above, or one that does not exist.
    public func url(_ stream: String, application: String = "live") -> String {
        "rtmp://127.0.0.1:\(rtmpPort)/\(application)/\(stream)"
    }

    /// The playlist of a stream of the application `hls`.
    public func playlist(_ stream: String) -> String { "http://127.0.0.1:\(httpPort)/hls/\(stream).m3u8" }

    /// Where HLS fragments are written, and whatever else HTTP is to serve under `/hls`.
    public var hlsDirectory: String { directory.file("hls") }

    /// What the server has logged: one line a connection, publish, play and close.
    public var log: String { program.errors }

    /// Waits for a publisher (or player) of this name.
    public func waitForPublisher(_ stream: String, within limit: Span = .seconds(10)) async -> Bool {
        await eventually(within: limit) { log.contains("publish: name='\(stream)'") }
    }

    public func waitForPlayer(_ stream: String, within limit: Span = .seconds(10)) async -> Bool {
        await eventually(within: limit) { log.contains("play: name='\(stream)'") }
    }

    /// How many players of this name have come so far.
    public func players(_ stream: String) -> Int { log.split(separator: "play: name='\(stream)'").count - 1 }

    /// Ends it; connections are reset.
    public func stop() async { await program.stop() }

    /// The module takes its paths from the working directory, not from the prefix, so they are absolute.
    /// One process without a master: it ends when told, leaves no worker behind, and needs no second user.
    private static func configuration(
        _ rtmp: Int, _ http: Int, _ ping: Int, _ home: String, _ pull: String?, _ push: String?
    ) -> String {
        let pulled = pull.map { "application pulled { live on; pull \($0) name=pulled static; }" } ?? ""
        let pushed = push.map { "application pushed { live on; push \($0); }" } ?? ""
        return """
            load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
            daemon off; master_process off; pid nginx.pid; error_log stderr info;
            events { worker_connections 512; }
            rtmp { access_log off; server { listen 127.0.0.1:\(rtmp); chunk_size 4096; ping \(ping)s;
              application live { live on; wait_key on; }
              application eager { live on; }
              application hls { live on; wait_key on; hls on; hls_path \(home)/hls; hls_fragment 2s; }
              \(pulled) \(pushed)
              application closed { live on; notify_method get; on_publish http://127.0.0.1:\(http)/refuse; } } }
            http { access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
              uwsgi_temp_path uwsgi; scgi_temp_path scgi;
              types { application/vnd.apple.mpegurl m3u8; video/mp2t ts; }
              server { listen 127.0.0.1:\(http); location /refuse { return 403; }
                location /hls { root .; add_header Cache-Control no-cache; } } }

            """
    }
}
