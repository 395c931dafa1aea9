// The publishing half of a session (tags out, goodbye) and the deadlines of both halves.
import Model
import NIOCore
import Wire

extension RTMPRun {
    /// Parts of a large picture are reported as they leave, so that the account of the backlog stays fine.
    private static let sliceBytes = 64 << 10

    /// From now on tags are taken.
    func openOutbox() {
        outbox.open(session?.takeTagWriter()) { [weak self] in self?.drain() }
        guard settings.address.scheme == .rtmp, let channel else { return }
        // Behind all that the loop itself may still have to write.
        channel.writeAndFlush(ByteBuffer()).whenSuccess {
            guard !self.isOver, !self.isUnpublishing else { return }
            self.outbox.share(DirectSocket(sharing: channel))
        }
    }

    /// Writes what the publisher's own threads left waiting, and flushes once.
    func drain() {
        guard !isOver, let channel, session != nil else { return }
        let (parcels, wasIdle) = outbox.takeAll()
        guard !parcels.isEmpty else { return }
        if wasIdle { lastProgress = .now() }
        for parcel in parcels { write(parcel, to: channel) }
        channel.flush()
        if outbox.backlog.bytes > RTMPOutbox.limit {
            finish(
                SluiceError(
                    .connectionLost, settings.what, why: "\(network.endpoint) does not take the stream fast enough",
                    isMidStream: true))
        }
    }

    private func write(_ parcel: RTMPOutbox.Parcel, to channel: any Channel) {
        var rest = parcel.bytes
        while rest.readableBytes > Self.sliceBytes, let slice = rest.readSlice(length: Self.sliceBytes) {
            channel.write(slice).whenSuccess { self.progressed() }
        }
        channel.write(rest).whenSuccess {
            self.outbox.wrote(parcel)
            self.progressed()
        }
    }

    private func progressed() { lastProgress = .now() }

    func unpublishAndClose(within limit: Span) {
        loop.execute {
            guard !self.isOver, !self.isUnpublishing else { return }
            // From here on the loop alone writes.
            self.outbox.close()
            self.drain()
            guard let channel = self.channel, let goodbye = self.session?.unpublish(), goodbye.readableBytes > 0,
                self.settings.role == .publish
            else { return self.finish(nil) }
            self.isUnpublishing = true
            self.watch?.cancel()
            self.watch = self.loop.scheduleTask(in: .nanoseconds(max(0, limit.nanoseconds))) {
                self.finish(self.unsentError())
            }
            // Half a close, then the server's: closing both ways with the server's messages unread would make
            // the kernel reset the connection and throw away the end of the stream.
            channel.writeAndFlush(goodbye).whenComplete { _ in channel.close(mode: .output, promise: nil) }
        }
    }

    /// What was not taken when the session ended, as an error; nil if everything was.
    func unsentError() -> SluiceError? {
        let left = outbox.backlog
        guard left.tags > 0 else { return nil }
        return SluiceError(
            .connectionLost, settings.what,
            why: "\(network.endpoint) did not take the last \(left.media.words) of the stream in time",
            isMidStream: true)
    }

    // MARK: - Deadlines

    func enter(_ next: Stage) {
        stage = next
        // The handshake and "connect" share one deadline; so do the opening and the first media.
        if next == .handshake || next == .opening || (next == .established && settings.role == .publish) {
            stageBegan = .now()
        }
        watchSilence()
    }

    private var deadline: (since: HostTime, timeout: Span?) {
        switch stage {
        case .handshake, .connecting: (stageBegan, settings.connectTimeout)
        case .opening: (stageBegan, settings.timeout)
        case .established:
            settings.role == .publish || hasMedia
                ? (lastProgress, settings.timeout) : (stageBegan, settings.timeout)
        }
    }

    /// One timer that looks how long nothing has happened, instead of one armed anew for every tag.
    func watchSilence() {
        guard !isUnpublishing else { return }
        watch?.cancel()
        watch = nil
        let (since, limit) = deadline
        guard let limit, limit > .zero, !isOver else { return }
        let left = limit - (HostTime.now() - since)
        watch = loop.scheduleTask(in: .nanoseconds(max(1_000_000, left.nanoseconds))) {
            guard !self.isOver, !self.isUnpublishing else { return }
            self.watch = nil
            let (since, _) = self.deadline
            let isIdlePublisher =
                self.stage == .established && self.settings.role == .publish
                && self.outbox.backlog.tags == 0
            if isIdlePublisher { self.lastProgress = .now() }
            if !isIdlePublisher, HostTime.now() - since >= limit { return self.expired(limit) }
            self.watchSilence()
        }
    }

    private func expired(_ limit: Span) {
        guard stage == .established, settings.role == .publish else {
            return finish(
                isMidStream
                    ? network.silent(for: limit) : words.late(stage, network: network, timeout: limit))
        }
        finish(
            SluiceError(
                .connectionLost, settings.what, why: "\(network.endpoint) took no data for \(limit.words)",
                hint: "the uplink may be too slow or gone; --timeout waits longer", isMidStream: true))
    }
}
