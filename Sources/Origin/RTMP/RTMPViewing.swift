// The viewer's side of a connection: from `play` to the end of the stream.
import Model
import NIOCore
import Wire

extension RTMPConnection: StreamViewer {
    func play(_ request: RTMPStreamName) {
        guard let found = core.hub.stream(named: request.name), let channel else {
            return refuse("NetStream.Play.StreamNotFound", "no stream of this name is open", request.name)
        }
        stream = found
        options = ViewerOptions { request.value(of: $0) }
        outbox = ViewerOutbox(channel, account: found, settings: core.settings) { $0.rtmp }
        ticket.spoke()
        core.log(.debug, "rtmp: \(name) plays \(request.name) (\(session.clientName))")
        send(session.acceptPlay())
        begin()
        watchPatience()
    }

    private func begin() {
        outbox?.gather { attachment = stream?.attach(self, options) }
    }

    /// A player that is paused misses what comes, and begins anew when it goes on.
    func pause(_ isPaused: Bool) {
        if !isPaused, attachment == nil { return begin() }
        if isPaused, let attachment {
            stream?.detach(attachment)
            self.attachment = nil
        }
    }

    /// Looks from time to time whether anybody publishes.
    private func watchPatience() {
        let limit = core.settings.viewerPatience
        watch(limit) { connection in
            guard let stream = connection.stream else { return }
            guard stream.state == .waiting else { return connection.watchPatience() }
            connection.leave(keepingOutbox: true)
            let words = connection.session.refuse(
                code: "NetStream.Play.StreamNotFound", description: "nobody publishes this stream")
            connection.sendLast(words)
        }
    }

    /// Ends the viewing, if there is one.
    func leave(keepingOutbox: Bool = false) {
        if let attachment { stream?.detach(attachment) }
        attachment = nil
        stream = nil
        guard !keepingOutbox else { return }
        outbox?.close()
        outbox = nil
    }

    // MARK: - From the hub

    func deliver(_ batch: TagBatch) { outbox?.put(batch) }

    var queuedBytes: Int { outbox?.queuedBytes ?? 0 }

    func end(_ reason: StreamEnd) {
        attachment = nil
        stream = nil
        sendLast(session.ending())
    }
}
