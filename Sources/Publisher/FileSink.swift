// Files, pipes and the network protocols that FFmpeg writes.
import Media
import Model

final class FileSink: PublishTarget, @unchecked Sendable {
    // Safe because the muxer is only used under the lock.
    private let muxer: Monitor<Muxer>
    private let hasBegun = Monitor(false)

    init(_ settings: PublishSettings, cancel: CancelFlag) throws(SluiceError) {
        var options = Muxer.Options()
        options.isLive = settings.target.isNetwork
        options.timeout = settings.source.silenceTimeout
        // FFmpeg's options are for the inputs that FFmpeg reads; without one they are for the output.
        let readsByFFmpeg = settings.inputs.contains { if case .address = $0 { true } else { false } }
        if !readsByFFmpeg || settings.inputFormat?.isRawVideo == true {
            for option in settings.source.ffmpegOptions { options.av[option.key] = option.value }
        }
        // A stop interrupts opening only. What is under way is written to its end, each write within the
        // time-out; otherwise every clean end would fail at the trailer.
        let opening = CancelFlag()
        let hasBegun = hasBegun
        cancel.onSet { if !hasBegun.read(\.self) { opening.set() } }
        muxer = Monitor(
            try Muxer(
                target: .address(settings.target), format: settings.format, options: options,
                interrupt: InterruptFlag(cancel: opening)))
    }

    var waiting: Span { .zero }
    var bytesSent: Int? { nil }
    func onFailure(_ handler: @escaping @Sendable (SluiceError) -> Void) {}

    func begin(tracks: [Track]) throws(SluiceError) {
        let isFirst = hasBegun.withLock { begun in
            defer { begun = true }
            return !begun
        }
        // A container's header is written once; new parameters travel in the packets where the format lets them.
        guard isFirst else { return }
        try muxer.withLock { (muxer) throws(SluiceError) in try muxer.begin(tracks: tracks) }
    }

    func write(_ packet: Packet) throws(SluiceError) {
        try muxer.withLock { (muxer) throws(SluiceError) in try muxer.write(packet) }
    }

    func finish() throws(SluiceError) {
        guard hasBegun.read(\.self) else { return }
        try muxer.withLock { (muxer) throws(SluiceError) in try muxer.finish() }
    }
}
