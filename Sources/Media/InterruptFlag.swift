// Stops a blocking FFmpeg call from another thread, or when its time is up. FFmpeg polls it about every
// 100 ms while it waits for a socket.
import CFFmpeg
public import Model
import Synchronization

/// Safe from any thread. One flag serves one demuxer or muxer.
public final class InterruptFlag: Sendable {
    /// Why a call was interrupted.
    public enum Cause: Sendable { case cancelled, deadline }

    private let cancel: CancelFlag?
    private let deadline = Atomic<Int64>(Int64.max)
    private let ignoresCancel = Atomic<Bool>(false)

    /// - Parameter cancel: Watched for as long as this object lives; nil: only deadlines interrupt.
    public init(cancel: CancelFlag? = nil) { self.cancel = cancel }

    /// The call that runs or comes next ends at `deadline`; nil: it may wait for ever.
    public func arm(deadline: HostTime?) {
        self.deadline.store(deadline?.nanoseconds ?? Int64.max, ordering: .relaxed)
    }

    public func disarm() { arm(deadline: nil) }

    /// From now on only deadlines interrupt: what was begun is to be finished, cancelled or not.
    public func shieldFromCancel() { ignoresCancel.store(true, ordering: .relaxed) }

    /// nil while the call may go on.
    public var cause: Cause? {
        if cancel?.isSet == true, !ignoresCancel.load(ordering: .relaxed) { return .cancelled }
        let limit = deadline.load(ordering: .relaxed)
        return limit != Int64.max && HostTime.now().nanoseconds >= limit ? .deadline : nil
    }

    public var isInterrupted: Bool { cause != nil }

    /// How long a wait of our own may still last, in milliseconds, at most `limit`; 0 once interrupted.
    func patienceMilliseconds(limit: Int32) -> Int32 {
        guard cause == nil else { return 0 }
        let end = deadline.load(ordering: .relaxed)
        guard end != Int64.max else { return limit }
        let rest = (end - HostTime.now().nanoseconds) / 1_000_000 + 1
        return Int32(max(0, min(Int64(limit), rest)))
    }

    /// Has `context` ask this flag. The owner of the context keeps the flag alive until the context is freed.
    func watch(_ context: UnsafeMutablePointer<AVFormatContext>) {
        // Safe because the owner of the context holds a strong reference for longer than the context lives.
        sluice_set_interrupt(context, interruptEntry, Unmanaged.passUnretained(self).toOpaque())
    }

    /// The same for a lone AVIOContext; valid under the same condition.
    var callback: AVIOInterruptCB {
        // Safe because whoever opens with it keeps the flag alive until it has closed.
        AVIOInterruptCB(callback: interruptEntry, opaque: Unmanaged.passUnretained(self).toOpaque())
    }
}

private func interruptEntry(_ opaque: UnsafeMutableRawPointer?) -> Int32 {
    guard let opaque else { return 0 }
    // Safe because the flag outlives the context that calls this.
    return Unmanaged<InterruptFlag>.fromOpaque(opaque)._withUnsafeGuaranteedRef { $0.isInterrupted ? 1 : 0 }
}
