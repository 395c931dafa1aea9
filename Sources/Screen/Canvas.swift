// How pixels get from a picture into a window. Two ways: a renderer with textures where there is graphics
// hardware, and the window's own memory where there is not.
internal import Model

/// One window's drawing surface; lives and dies on the screen's thread.
protocol Canvas: AnyObject {
    /// "opengl", "software" … for the log.
    var name: String { get }
    /// Drawable area in pixels.
    func size() -> (width: Int, height: Int)
    /// Draws and shows. `isNew` false: the same picture as last time, only the window or the text changed.
    func present(_ picture: (any Picture)?, isNew: Bool, overlay: OverlayImage?) throws(SluiceError)
    /// What is on the canvas, B, G, R, X, rows packed; for tests.
    func readBack() -> [UInt8]?
    func close()
}

enum CanvasFailure {
    static func error(_ what: String) -> SluiceError {
        SluiceError(.internal, "cannot draw the picture", why: "\(what): \(SDLRuntime.lastError.lowercasedFirst)")
    }
}
