// Reads FLV tags out of a fetch's body and decides what its end means. Lives on the network thread.
import Model
import NIOCore
import Synchronization
import Wire

// Safe because every plain variable is touched on the network thread only, after `fetch` was set once
// before the fetch began.
final class HTTPFLVRun: @unchecked Sendable {
    let received = Atomic<Int>(0)
    let isClosing = Atomic<Bool>(false)
    weak var fetch: HTTPFetchRun?
    private let settings: HTTPFetch.Settings
    private let loop: any EventLoop
    private let onEvent: @Sendable (LiveEvent) -> Void
    private var reader = FLVStreamReader()
    private var contentType: String?
    private var isFramed = false
    private var hasItem = false
    private var hasMedia = false
    private var isOver = false
    private var firstMediaWatch: Scheduled<Void>?

    init(
        _ settings: HTTPFetch.Settings, loop: any EventLoop, onEvent: @escaping @Sendable (LiveEvent) -> Void
    ) {
        self.settings = settings
        self.loop = loop
        self.onEvent = onEvent
    }

    func take(_ event: HTTPFetch.Event) {
        guard !isOver else { return }
        switch event {
        case .connected: onEvent(.reached)
        case .redirected(let address):
            onEvent(.status(level: "status", code: "redirect", description: address.description))
        case .response(let status, let headers, let server): answered(status, headers, server)
        case .body(let bytes, let arrival):
            received.wrappingAdd(bytes.readableBytes, ordering: .relaxed)
            read(bytes, arrival)
        case .end(let isClean): ended(isClean)
        case .failed(let error):
            if error.reason == .connectionLost, !hasMedia {
                // Granted, then nothing: the name has no publisher.
                finish(notLive(error.why))
            } else {
                finish(error)
            }
        }
    }

    private func answered(_ status: Int, _ headers: [HeaderField], _ server: String?) {
        func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
        contentType = header("content-type").map { String($0.prefix { $0 != ";" }) }
        isFramed = header("content-length") != nil || header("transfer-encoding") != nil
        if let length = header("content-length").flatMap({ Int($0) }) { onEvent(.finite(length: length)) }
        onEvent(.connected(server: server))
        onEvent(.established)
        guard let timeout = settings.timeout, timeout > .zero else { return }
        firstMediaWatch = loop.scheduleTask(in: .nanoseconds(timeout.nanoseconds)) { [weak self] in
            guard let self, !self.hasMedia else { return }
            self.finish(self.notLive("the server accepted the request and sent no media within \(timeout.words)"))
        }
    }

    private func read(_ bytes: ByteBuffer, _ arrival: HostTime) {
        reader.append(bytes)
        do {
            while !isOver, let item = try reader.next() {
                hasItem = true
                switch item {
                case .header(let audio, let video): onEvent(.header(hasAudio: audio, hasVideo: video))
                case .tag(let tag):
                    if !hasMedia, tag.isMedia {
                        hasMedia = true
                        firstMediaWatch?.cancel()
                    }
                    onEvent(.tag(tag, arrival: arrival))
                }
            }
        } catch {
            finish(damaged(error, bytes))
        }
    }

    private func ended(_ isClean: Bool) {
        if isClosing.load(ordering: .acquiring) { return finish(nil) }
        guard hasMedia else { return finish(notLive("the server ended the stream before any media")) }
        // A length fulfilled or a last chunk says "over"; a mere close may be an accident as well.
        if isClean, isFramed, reader.bufferedBytes == 0 { return finish(nil) }
        finish(
            SluiceError(
                .connectionLost, settings.what,
                why: isClean
                    ? "the server closed the connection" : "the connection broke in the middle of the stream",
                isMidStream: true))
    }

    private func damaged(_ error: WireError, _ bytes: ByteBuffer) -> SluiceError {
        guard !hasItem else {
            return SluiceError(.corrupt, settings.what, why: error.message, isMidStream: hasMedia)
        }
        let start = String(decoding: bytes.readableBytesView.prefix(16), as: UTF8.self)
        if start.hasPrefix("#EXTM3U") {
            return SluiceError(
                .corrupt, settings.what, why: "the server sent an HLS playlist, not FLV",
                hint: "an address that ends in .m3u8 is played as HLS")
        }
        let kind = contentType.flatMap { $0.contains("flv") || $0.contains("octet") ? nil : $0 }
        let looksLikePage = start.trimmed.hasPrefix("<")
        let found = kind ?? (looksLikePage ? "text/html" : "something else")
        return SluiceError(
            .corrupt, settings.what, why: "the server sent \(found), not FLV", hint: "check the address")
    }

    private func notLive(_ why: String) -> SluiceError {
        SluiceError(.notLive, settings.what, why: why, hint: "is anybody publishing this stream?")
    }

    private func finish(_ error: SluiceError?) {
        guard !isOver else { return }
        isOver = true
        firstMediaWatch?.cancel()
        firstMediaWatch = nil
        fetch?.close()
        onEvent(.closed(error))
    }
}

extension FLVTag {
    /// Sound or picture, as opposed to metadata and decoder configuration, which servers keep and send
    /// for streams that nobody publishes any more.
    var isMedia: Bool {
        guard kind != .script, let first: UInt8 = body.getInteger(at: body.readerIndex) else { return false }
        let second: UInt8? = body.getInteger(at: body.readerIndex + 1)
        switch kind {
        case .video:
            if first & 0x80 != 0 { return first & 0x0F != 0 && first & 0x0F != 4 }
            let isConfigured = first & 0x0F == 7 || first & 0x0F == 12
            return !(isConfigured && second == 0)
        case .audio:
            if first >> 4 == 9 { return first & 0x0F != 0 && first & 0x0F != 4 }
            return !(first >> 4 == 10 && second == 0)
        case .script: return false
        }
    }
}
