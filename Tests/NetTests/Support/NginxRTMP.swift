// A real nginx-rtmp on a free port, and ffmpeg as its publisher.
import Model
import NIOCore
import NIOPosix
import TestSupport

final class NginxRTMP: Sendable {
    static let module = "/usr/lib/nginx/modules/ngx_rtmp_module.so"
    let port: Int
    let directory: String
    private let process: ChildProcess

    struct NotUp: Error { var log: String }

    init() async throws {
        port = try freePort()
        directory = temporaryDirectory()
        writeFile(
            directory + "/nginx.conf",
            """
            load_module \(Self.module);
            daemon off;
            worker_processes 1;
            error_log \(directory)/error.log info;
            pid \(directory)/nginx.pid;
            events { worker_connections 64; }
            rtmp {
                access_log off;
                server {
                    listen 127.0.0.1:\(port);
                    application live { live on; }
                    application guarded { live on; deny publish all; deny play all; }
                }
            }

            """)
        process = try ChildProcess(
            ["nginx", "-p", directory, "-c", directory + "/nginx.conf"], output: directory + "/out")
        guard await accepts(port) else {
            process.stop()
            throw NotUp(log: readFile(directory + "/out"))
        }
    }

    func url(_ path: String) -> String { "rtmp://127.0.0.1:\(port)/\(path)" }

    func stop() {
        process.stop()
        removeDirectory(directory)
    }

    /// Publishes a moving picture and a tone until stopped.
    func publish(_ path: String) throws -> ChildProcess {
        try ChildProcess([
            "ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25",
            "-f", "lavfi", "-i", "sine", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g",
            "12",
            "-c:a", "aac", "-t", "60", "-f", "flv", url(path),
        ])
    }
}

/// Tries until somebody accepts on the port; for 30 s, and once more where the turn to look came later.
func accepts(_ port: Int) async -> Bool {
    await eventually(within: .seconds(30)) {
        guard
            let channel = try? await ClientBootstrap(group: ScriptedServer.group)
                .connect(host: "127.0.0.1", port: port).get()
        else { return false }
        try? await channel.close()
        return true
    }
}
