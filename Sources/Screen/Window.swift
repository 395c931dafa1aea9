// The player's window: opens fast, shows pictures the moment they come, sleeps otherwise. It knows no
// time but its deadline and decides nothing about what is shown.
internal import CSDL2
public import Model

/// One window. Every method belongs to the thread that opened it, in the program the initial thread;
/// another one traps. Only `waker` goes anywhere.
public final class Window: PictureOutput {
    public struct Settings: Sendable {
        public var title: String
        /// Of the window's inside, in screen units.
        public var width: Int
        public var height: Int
        public var isFullscreen: Bool
        public var drawing: Drawing

        public init(
            title: String = "sluice", width: Int = 640, height: Int = 360, isFullscreen: Bool = false,
            drawing: Drawing = .automatic
        ) {
            self.title = title
            self.width = width
            self.height = height
            self.isFullscreen = isFullscreen
            self.drawing = drawing
        }
    }

    /// How pixels get into the window.
    public enum Drawing: Sendable, Hashable {
        /// Graphics hardware where it exists, else the window's own memory. SDL_RENDER_DRIVER is honoured.
        case automatic
        /// SDL's renderer, hardware only.
        case hardware
        /// SDL's software renderer; for comparison, `surface` is cheaper.
        case softwareRenderer
        /// Straight into the window's memory.
        case surface
    }

    public let waker: any Waker
    private let signal: WakeSignal
    private var handle: OpaquePointer
    private var canvas: any Canvas
    private var picture: (any Picture)?
    private var overlayLines: [String] = []
    private var overlay: OverlayImage?
    private var cursor = CursorHiding()
    private var isClosed = false
    /// Where to go back to from full screen.
    private var windowed: SDL_Rect

    /// Opens the window and puts it on screen, black.
    /// - Throws: `.unreachable` where there is no display; the caller can then use `NullWindow`.
    public init(_ settings: Settings) throws(SluiceError) {
        guard Display.isAvailable else { throw Display.error(why: "") }
        try SDLRuntime.startVideo()
        do throws(SluiceError) {
            (handle, canvas) = try WindowOpening.open(settings)
        } catch {
            SDLRuntime.stopVideo()
            throw error
        }
        let centred = sluice_SDL_WINDOWPOS_CENTERED()
        windowed = SDL_Rect(
            x: centred, y: centred, w: Int32(clamping: settings.width), h: Int32(clamping: settings.height))
        signal = WakeSignal()
        waker = signal
        SDL_ShowWindow(handle)
    }

    deinit { close() }

    /// Closes at once; safe to call twice.
    public func close() {
        guard !isClosed else { return }
        SDLRuntime.checkThread()
        isClosed = true
        signal.close()
        picture = nil
        canvas.close()
        cursor.show()
        SDL_DestroyWindow(handle)
        SDLRuntime.stopVideo()
    }

    /// What draws, for the log: "opengl", "surface" …
    public var drawingName: String { canvas.name }

    /// Of the drawable area.
    public var pixelSize: (width: Int, height: Int) {
        enter()
        return canvas.size()
    }

    /// Ends a wait; `waker` does the same from other threads.
    public func wake() { signal.wake() }

    public func wantsConversion(for picture: any Picture) -> Bool { picture.layout == .other }

    public func show(_ picture: any Picture, overlay lines: [String] = []) throws(SluiceError) {
        enter()
        guard !wantsConversion(for: picture) else {
            throw SluiceError(.internal, "cannot draw the picture", why: "its pixel format was not converted")
        }
        self.picture = picture
        prepareOverlay(lines)
        try canvas.present(picture, isNew: true, overlay: overlay)
    }

    public func setOverlay(_ lines: [String]) throws(SluiceError) {
        enter()
        guard lines != overlayLines else { return }
        prepareOverlay(lines)
        try redraw()
    }

    public func redraw() throws(SluiceError) {
        enter()
        try canvas.present(picture, isNew: false, overlay: overlay)
    }

    public func setTitle(_ title: String) {
        enter()
        SDL_SetWindowTitle(handle, title)
    }

    public var isFullscreen: Bool {
        enter()
        return SDL_GetWindowFlags(handle) & SDL_WINDOW_FULLSCREEN.rawValue != 0
    }

    public func toggleFullscreen() {
        if isFullscreen {
            SDL_SetWindowFullscreen(handle, 0)
            SDL_SetWindowSize(handle, windowed.w, windowed.h)
            SDL_SetWindowPosition(handle, windowed.x, windowed.y)
        } else {
            var place = SDL_Rect()
            SDL_GetWindowPosition(handle, &place.x, &place.y)
            SDL_GetWindowSize(handle, &place.w, &place.h)
            windowed = place
            // SDL leaves the enlarging to the window manager and believes it done; where there is none
            // the window must have the size already.
            var bounds = SDL_Rect()
            if SDL_GetDisplayBounds(max(0, SDL_GetWindowDisplayIndex(handle)), &bounds) == 0 {
                SDL_SetWindowSize(handle, bounds.w, bounds.h)
                SDL_SetWindowPosition(handle, bounds.x, bounds.y)
            }
            SDL_SetWindowFullscreen(handle, SDL_WINDOW_FULLSCREEN_DESKTOP.rawValue)
        }
        cursor.show()
    }

    public func resize(width: Int, height: Int) {
        enter()
        guard !isFullscreen, width > 0, height > 0 else { return }
        var usable = SDL_Rect()
        guard SDL_GetDisplayUsableBounds(max(0, SDL_GetWindowDisplayIndex(handle)), &usable) == 0 else {
            return SDL_SetWindowSize(handle, Int32(clamping: width), Int32(clamping: height))
        }
        let screen = PixelRect(usable)
        let fitted = Letterbox.fit(
            width: width, height: height, sampleAspect: nil, intoWidth: min(width, screen.width),
            height: min(height, screen.height))
        var old = SDL_Rect()
        SDL_GetWindowPosition(handle, &old.x, &old.y)
        SDL_GetWindowSize(handle, &old.w, &old.h)
        // A window that grows from its corner would grow off the screen.
        let place = Letterbox.place(
            width: fitted.width, height: fitted.height, around: PixelRect(old), on: screen)
        SDL_SetWindowSize(handle, Int32(clamping: place.width), Int32(clamping: place.height))
        SDL_SetWindowPosition(handle, Int32(clamping: place.x), Int32(clamping: place.y))
    }

    public func setPlaying(_ playing: Bool) {
        enter()
        if playing { SDL_DisableScreenSaver() } else { SDL_EnableScreenSaver() }
    }

    public func waitEvents(until deadline: HostTime?) -> [WindowEvent] {
        enter()
        var events = drain()
        while events.isEmpty {
            let now = HostTime.now()
            cursor.update(isFullscreen: isFullscreen, now: now)
            // The cursor's own deadline is served on the way and ends nobody's wait.
            let next = [deadline, cursor.deadline].compactMap { $0 }.min()
            if let deadline, deadline <= now { break }
            EventWait.sleep(until: next)
            events = drain()
        }
        return events
    }

    /// For tests: B, G, R, X of the whole window.
    func readBack() -> [UInt8]? { canvas.readBack() }

    private func enter() {
        SDLRuntime.checkThread()
        precondition(!isClosed, "the window is closed")
    }

    private func prepareOverlay(_ lines: [String]) {
        guard lines != overlayLines else { return }
        overlayLines = lines
        // Letters keep about the same size against the window: 10 pixels high in 360, 30 in 1080.
        overlay = OverlayImage(lines: lines, scale: max(1, (canvas.size().height + 180) / 360))
    }

    private func drain() -> [WindowEvent] {
        var events: [WindowEvent] = []
        var wantsRedraw = false
        var event = SDL_Event()
        while SDL_PollEvent(&event) != 0 {
            switch event.type {
            case SDL_QUIT.rawValue: events.append(.quit)
            case SDL_KEYDOWN.rawValue:
                if let key = WindowEvents.key(event.key) { events.append(.key(key)) }
            case SDL_MOUSEMOTION.rawValue, SDL_MOUSEBUTTONDOWN.rawValue: cursor.moved(at: .now())
            case WakeSignal.eventType:
                signal.received()
                events.append(.wake)
            case SDL_RENDER_TARGETS_RESET.rawValue, SDL_RENDER_DEVICE_RESET.rawValue: wantsRedraw = true
            case SDL_WINDOWEVENT.rawValue:
                switch SDL_WindowEventID(UInt32(event.window.event)) {
                case SDL_WINDOWEVENT_CLOSE: events.append(.quit)
                case SDL_WINDOWEVENT_SIZE_CHANGED:
                    let size = canvas.size()
                    events.append(.resized(width: size.width, height: size.height))
                    wantsRedraw = true
                case SDL_WINDOWEVENT_EXPOSED:
                    events.append(.exposed)
                    wantsRedraw = true
                default: break
                }
            default: break
            }
        }
        // A redraw that fails here fails again at the next picture, where it can be reported.
        if wantsRedraw { try? redraw() }
        return events
    }
}

extension PixelRect {
    fileprivate init(_ rect: SDL_Rect) {
        self.init(x: Int(rect.x), y: Int(rect.y), width: Int(rect.w), height: Int(rect.h))
    }
}
