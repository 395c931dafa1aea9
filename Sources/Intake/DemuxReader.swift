// Files, pipes and every protocol that FFmpeg speaks: one thread reads packets and waits for room.
import Media
import Model
import Synchronization

final class DemuxReader: SourceReader {
    private let settings: SourceSettings
    private let port: EventPort
    private let cancel: CancelFlag
    private struct Wish {
        var seek: (time: MediaTime, epoch: Int)?
        var isClosed = false
    }
    private let wish = Monitor(Wish())
    private let thread = Mutex<NamedThread?>(nil)
    private let tellsReached: Bool

    /// - Parameter tellsReached: False where somebody else has told that the server answers.
    init(_ settings: SourceSettings, port: EventPort, cancel: CancelFlag, tellsReached: Bool = true) {
        self.tellsReached = tellsReached
        self.settings = settings
        self.port = port
        self.cancel = cancel
    }

    func start() { thread.withLock { $0 = NamedThread("demux") { [self] in run() } } }

    func close() {
        // The thread leaves at its next check of the flag or through FFmpeg's interrupt; waiting for it
        // here could wait for ourselves.
        wish.withLock { $0.isClosed = true }
        port.close()
    }

    func seek(to time: MediaTime, epoch: Int) {
        wish.withLock { $0.seek = (time, epoch) }
        port.drain()
    }

    /// Reads to the end on the calling thread; `HLSReader` lends its own.
    func run() {
        var isOpen = false
        do throws(SluiceError) {
            // Whoever hears of the end finds the input closed: a port that was listened on is free again.
            if try readAll(&isOpen) { _ = port.pushWaiting(.end(nil)) }
        } catch {
            var final = error
            if isOpen { final = error.midStream() }
            _ = port.pushWaiting(.end(cancel.isSet ? nil : final))
        }
        port.close()
    }

    /// - Returns: True at the end of the input, where that is still to be told.
    private func readAll(_ isOpen: inout Bool) throws(SluiceError) -> Bool {
        let demuxer = try open()
        isOpen = true
        return try read(demuxer)
    }

    private var isNetwork: Bool { settings.address.isNetwork }

    private func open() throws(SluiceError) -> Demuxer {
        let live: Bool =
            switch settings.address.scheme {
            case .udp, .srt, .rtsp, .rtsps, .rtp, .tcp: true
            default: false
            }
        let input: Demuxer.Input =
            settings.address.scheme == .standardStream ? .standardInput : .address(settings.address)
        var options = Demuxer.Options(settings.options, format: settings.format, isLive: live)
        // To go anywhere in a file its first time must be known, which only the look tells.
        options.trustsHeader = settings.isReopened && settings.startAt ?? .zero <= .zero
        let began = HostTime.now()
        let demuxer = try Demuxer(input, options: options, interrupt: InterruptFlag(cancel: cancel))
        // FFmpeg does not tell when a socket answers, only when it has read the header as well: an upper bound.
        // Where there is no connection there is nothing to reach.
        if tellsReached, isNetwork, ![.udp, .rtp].contains(settings.address.scheme) {
            port.tell(.reached(at: .now(), since: began))
        }
        let isFile = settings.address.scheme == .file
        let description = SourceDescription(
            transport: isFile ? "file" : demuxer.formatName,
            isLive: live || (isNetwork && demuxer.duration == nil && !settings.address.isPlaylist),
            isSeekable: demuxer.canSeek,
            duration: demuxer.duration)
        _ = port.pushWaiting(.opened(description))
        if !demuxer.tracks.isEmpty { _ = port.pushWaiting(.tracks(demuxer.tracks)) }
        if let start = settings.startAt, start > .zero {
            try demuxer.seek(to: (demuxer.startTime ?? .zero) + start)
        }
        return demuxer
    }

    private func read(_ demuxer: Demuxer) throws(SluiceError) -> Bool {
        var epoch = 0
        var hasFirst = false
        var damaged = 0
        while !cancel.isSet, !port.isFinished {
            if let target = takeSeek() {
                try demuxer.seek(to: target.time)
                epoch = target.epoch
                port.drain()
                guard port.pushWaiting(.discontinuity(epoch: epoch)) else { return false }
            }
            let found = try demuxer.read()
            if demuxer.damagedPackets > damaged {
                damaged = demuxer.damagedPackets
                port.tell(.damaged("the container reports a damaged packet"))
            }
            switch found {
            case .packet(var packet):
                if !hasFirst {
                    hasFirst = true
                    port.tell(.firstByte(at: packet.arrival))
                }
                packet.epoch = epoch
                guard port.pushWaiting(.packet(packet)) else { return false }
            case .tracksChanged(let tracks):
                guard port.pushWaiting(.tracks(tracks)) else { return false }
            case .endOfInput:
                guard demuxer.canSeek else { return true }
                _ = port.pushWaiting(.end(nil))
                // A short file is read to its end long before it has been played: it may still be sought in.
                guard waitForSeek() else { return false }
            }
        }
        return false
    }

    private func takeSeek() -> (time: MediaTime, epoch: Int)? {
        wish.withLock { wish in
            defer { wish.seek = nil }
            return wish.seek
        }
    }

    /// False when the reader has gone.
    private func waitForSeek() -> Bool {
        wish.wait(until: nil) { wish in wish.isClosed ? false : wish.seek == nil ? nil : true } ?? false
    }
}

extension Demuxer.Options {
    /// The command line's options in FFmpeg's words.
    init(_ options: SourceOptions, format: String?, isLive: Bool) {
        self.init()
        self.format = format
        self.isLive = isLive
        insecure = options.insecure
        timeout = options.silenceTimeout
        headers = options.headers.map { ($0.name, $0.value) }
        userAgent = options.userAgent
        rtspTransport = options.rtspTransport?.rawValue
        for option in options.ffmpegOptions { av[option.key] = option.value }
    }
}
