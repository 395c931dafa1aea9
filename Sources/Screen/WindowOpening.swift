// Getting a window on screen quickly: which way of drawing, and in which order SDL wants things done.
internal import CSDL2
internal import Glibc
internal import Model

enum WindowOpening {
    static func open(_ settings: Window.Settings) throws(SluiceError) -> (OpaquePointer, any Canvas) {
        switch settings.drawing {
        case .surface: return try openSurface(settings)
        case .softwareRenderer: return try openRenderer(settings, SDL_RENDERER_SOFTWARE.rawValue)
        case .hardware: return try openRenderer(settings, SDL_RENDERER_ACCELERATED.rawValue)
        case .automatic:
            let asked = Display.variable("SDL_RENDER_DRIVER")
            if asked == "software" { return try openSurface(settings) }
            // Loading Mesa's software GL takes longer than everything else together, so it is not even
            // tried where no graphics device exists.
            guard asked != nil || hasGraphicsDevice else { return try openSurface(settings) }
            if let opened = try? openRenderer(settings, SDL_RENDERER_ACCELERATED.rawValue) {
                if asked != nil || !drawsInSoftware { return opened }
                opened.1.close()
                SDL_DestroyWindow(opened.0)
            }
            return try openSurface(settings)
        }
    }

    private static func openSurface(_ settings: Window.Settings) throws(SluiceError) -> (OpaquePointer, any Canvas)
    {
        // Without this SDL puts a texture behind the "window memory" wherever it finds OpenGL.
        SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0")
        let window = try create(settings)
        do throws(SluiceError) {
            return (window, try SurfaceCanvas(window: window))
        } catch {
            SDL_DestroyWindow(window)
            throw error
        }
    }

    private static func openRenderer(
        _ settings: Window.Settings, _ flags: UInt32
    ) throws(SluiceError) -> (OpaquePointer, any Canvas) {
        let window = try create(settings)
        do throws(SluiceError) {
            return (window, try RendererCanvas(window: window, flags: flags))
        } catch {
            SDL_DestroyWindow(window)
            throw error
        }
    }

    /// Hidden at first: SDL may have to make the window again for the renderer's sake.
    private static func create(_ settings: Window.Settings) throws(SluiceError) -> OpaquePointer {
        var flags = SDL_WINDOW_HIDDEN.rawValue | SDL_WINDOW_RESIZABLE.rawValue | SDL_WINDOW_ALLOW_HIGHDPI.rawValue
        var size = (width: Int32(clamping: settings.width), height: Int32(clamping: settings.height))
        if settings.isFullscreen {
            flags |= SDL_WINDOW_FULLSCREEN_DESKTOP.rawValue
            var mode = SDL_DisplayMode()
            // A window manager would enlarge the window; where there is none it has to be made so.
            if SDL_GetDesktopDisplayMode(0, &mode) == 0 { size = (mode.w, mode.h) }
        }
        let centred = sluice_SDL_WINDOWPOS_CENTERED()
        guard
            let window = SDL_CreateWindow(
                settings.title, centred, centred, max(1, size.width), max(1, size.height), flags)
        else { throw Display.error(why: SDLRuntime.lastError) }
        return window
    }

    private static var hasGraphicsDevice: Bool {
        let nodes = ["/dev/dri/renderD128", "/dev/dri/card0", "/dev/dri/card1", "/dev/nvidiactl", "/dev/dxg"]
        return nodes.contains { node in access(node, F_OK) == 0 }
    }

    /// True when the OpenGL of the current context is Mesa's on the processor.
    private static var drawsInSoftware: Bool {
        typealias GetString = @convention(c) (UInt32) -> UnsafePointer<CChar>?
        guard SDL_GL_GetCurrentContext() != nil, let symbol = SDL_GL_GetProcAddress("glGetString") else {
            return false
        }
        let getString = unsafeBitCast(symbol, to: GetString.self)
        let glRenderer: UInt32 = 0x1F01
        guard let text = getString(glRenderer) else { return false }
        let name = String(cString: text).lowercased()
        return ["llvmpipe", "softpipe", "swrast", "software"].contains { name.contains($0) }
    }
}
