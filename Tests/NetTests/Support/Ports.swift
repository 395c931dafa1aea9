// Ports that are free, or that nobody listens on.
import NIOCore
import NIOPosix

/// A port that was free a moment ago and that nobody listens on.
func closedPort() async throws -> Int {
    let channel = try await ServerBootstrap(group: ScriptedServer.group).bind(host: "127.0.0.1", port: 0).get()
    let port = channel.localAddress?.port ?? 1
    try await channel.close()
    return port
}
