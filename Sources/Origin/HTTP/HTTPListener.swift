// Accepts HTTP connections. What is asked on them is HTTPConnection's business.
import NIOCore
import NIOHTTP1

enum HTTPListener {
    /// On the core's loop, which carries everything.
    static func bind(_ core: OriginCore) -> EventLoopFuture<any Channel> {
        let packages = StreamPackages(core)
        return core.listen(port: core.settings.httpPort, what: "http") { channel, ticket in
            try prepare(channel, HTTPConnection(core, packages, ticket))
        }
    }

    /// Only the requests are decoded by a handler: a viewer's bytes pass none on their way out.
    static func prepare(_ channel: any Channel, _ connection: HTTPConnection) throws {
        let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes))
        try channel.pipeline.syncOperations.addHandlers([decoder, connection])
    }
}
