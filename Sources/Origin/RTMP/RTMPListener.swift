// Accepts RTMP connections. What is said on them is RTMPConnection's business.
import NIOCore

enum RTMPListener {
    static func bind(_ core: OriginCore) -> EventLoopFuture<any Channel> {
        core.listen(port: core.settings.rtmpPort, what: "rtmp") { channel, ticket in
            try channel.pipeline.syncOperations.addHandler(RTMPConnection(core, ticket))
        }
    }
}
