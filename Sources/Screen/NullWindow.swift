// A screen for nobody: the same waiting and waking, nothing drawn. No SDL.
public import Model

/// A `PictureOutput` without a display, for `--vo null` and for machines without one.
public final class NullWindow: PictureOutput {
    private let signal = QueueWaker()
    public var waker: any Waker { signal }

    public init() {}

    public func wantsConversion(for picture: any Picture) -> Bool { false }
    public func show(_ picture: any Picture, overlay: [String]) throws(SluiceError) {}
    public func setOverlay(_ lines: [String]) throws(SluiceError) {}
    public func redraw() throws(SluiceError) {}
    public func setTitle(_ title: String) {}
    public func toggleFullscreen() {}
    public func resize(width: Int, height: Int) {}
    public func setPlaying(_ playing: Bool) {}
    public func close() {}

    public func waitEvents(until deadline: HostTime?) -> [WindowEvent] {
        signal.wait(until: deadline) ? [.wake] : []
    }
}

/// A queue of one: a second call before the wait changes nothing.
final class QueueWaker: Waker {
    private let queue = BoundedQueue<Bool>(limit: 1)

    func wake() { _ = queue.tryPush(true) }

    /// True when woken, false at the deadline.
    func wait(until deadline: HostTime?) -> Bool {
        if case .element = queue.pop(deadline: deadline) { true } else { false }
    }
}
