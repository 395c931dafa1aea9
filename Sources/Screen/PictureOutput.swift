// What the player needs of a screen, so that `--vo null` is the same loop with nothing to draw on.
public import Model

/// Lets any thread end a `waitEvents`. Calls between two waits become one event.
public protocol Waker: AnyObject, Sendable {
    /// Any thread; never blocks for long; harmless after the window is closed.
    func wake()
}

/// A place for pictures. One thread, but for the waker.
public protocol PictureOutput: AnyObject {
    var waker: any Waker { get }
    /// Whether `show` would refuse this picture (`PictureLayout.other`) or the caller's own conversion to
    /// I420, NV12 or BGRX is needed first.
    func wantsConversion(for picture: any Picture) -> Bool
    /// Draws the picture and puts it on screen; keeps it for redrawing. Lines of text go on top, left
    /// aligned in a box; none: no box.
    func show(_ picture: any Picture, overlay: [String]) throws(SluiceError)
    /// Another text over the same picture.
    func setOverlay(_ lines: [String]) throws(SluiceError)
    func redraw() throws(SluiceError)
    /// Sleeps until there are events, `wake()` is called or the deadline passes (then the result is
    /// empty). `nil`: no deadline. What is waiting already is returned at once.
    func waitEvents(until deadline: HostTime?) -> [WindowEvent]
    func setTitle(_ title: String)
    func toggleFullscreen()
    /// Fits the window to a picture of this many pixels, if it fits the display and is not full screen.
    func resize(width: Int, height: Int)
    /// While true the screen saver is held off.
    func setPlaying(_ playing: Bool)
    func close()
}
