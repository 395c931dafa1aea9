// The publisher's side of a connection: who may publish, and when a publisher counts as lost.
import Model
import NIOCore
import Wire

extension RTMPConnection {
    func publish(_ request: RTMPStreamName) {
        guard let stream = core.hub.stream(named: request.name) else {
            return refuse("NetStream.Publish.Denied", "no stream of this name is open", request.name)
        }
        let begun = stream.publish { [weak self] _ in self?.taken() }
        guard let begun else {
            return refuse("NetStream.Publish.BadName", "somebody is publishing this stream already", request.name)
        }
        publication = begun
        lastMedia = .now()
        ticket.spoke()
        core.log(.info, "rtmp: \(name) publishes \(request.name) (\(session.clientName))")
        send(session.acceptPublish())
        watchSilence()
    }

    /// The client may ask for another stream, soon.
    func refuse(_ code: String, _ description: String, _ stream: String) {
        core.log(.info, "rtmp: \(name): \(stream) is refused: \(description)")
        send(session.refuse(code: code, description: description))
        expectRequest()
    }

    /// Looks again when the silence would be long enough.
    private func watchSilence() {
        let limit = core.settings.publisherSilence
        watch(lastMedia + limit - .now()) { connection in
            guard connection.publication != nil else { return }
            guard .now() - connection.lastMedia >= limit else { return connection.watchSilence() }
            connection.unpublish(why: "it sends nothing any more")
            connection.channel?.close(promise: nil)
        }
    }

    /// Ends the publication, if there is one.
    func unpublish(why: String) {
        settle()
        guard let publication else { return }
        self.publication = nil
        core.log(.info, "rtmp: \(name) does not publish any more: \(why)")
        publication.end()
    }

    /// The stream was closed under its publisher.
    private func taken() {
        guard publication != nil else { return }
        publication = nil
        sendLast(session.refuse(code: "NetStream.Publish.Denied", description: "the stream was stopped"))
    }
}
