// SDL's own start and stop, counted, with the hints that must be set before. Also the token that holds
// the screen to one thread. Nothing else in the program calls SDL_Init or SDL_Quit.
internal import CSDL2
internal import Glibc
internal import Model
internal import Synchronization

enum SDLRuntime {
    private struct State {
        var hinted = false
        var windows = 0
        var audio = 0
        /// The thread of the living windows.
        var thread: pthread_t?
    }
    // SDL's counters of subsystems are plain integers, and sound may be opened off the initial thread.
    private static let state = Mutex(State())

    /// Video and events. The first window chooses the thread, the last one to go frees the choice: in
    /// the program that is always the initial thread, in tests whichever thread runs the test.
    static func startVideo() throws(SluiceError) {
        let failure: String? = state.withLock { state in
            setHints(&state)
            if state.windows == 0 { state.thread = pthread_self() }
            chooseVideoDriver()
            if SDL_InitSubSystem(SDL_INIT_VIDEO) != 0 { return lastError }
            state.windows += 1
            return nil
        }
        if let failure { throw Display.error(why: failure) }
        checkThread()
    }

    static func stopVideo() {
        checkThread()
        state.withLock { state in
            SDL_QuitSubSystem(SDL_INIT_VIDEO)
            state.windows -= 1
            if state.windows == 0 { state.thread = nil }
        }
    }

    /// Sound; any thread.
    static func startAudio() throws(SluiceError) {
        let failure: String? = state.withLock { state in
            setHints(&state)
            sluice_silence_alsa()
            if SDL_InitSubSystem(SDL_INIT_AUDIO) != 0 { return lastError }
            state.audio += 1
            return nil
        }
        if let failure { throw AudioOutput.error(why: failure) }
    }

    static func stopAudio() {
        state.withLock { state in
            SDL_QuitSubSystem(SDL_INIT_AUDIO)
            state.audio -= 1
        }
    }

    static func checkThread() {
        let owner = state.withLock { $0.thread }
        precondition(
            owner.map { pthread_equal($0, pthread_self()) != 0 } ?? false,
            "the screen was used on another thread than the one that opened it")
    }

    /// SDL's text is per thread.
    static var lastError: String { String(cString: SDL_GetError()) }

    /// Left to itself SDL ends with a driver that draws into memory nobody sees, and asks Wayland on
    /// machines that have none, which then complains on stderr. The user's own SDL_VIDEODRIVER wins over
    /// a hint.
    private static func chooseVideoDriver() {
        let drivers = [("DISPLAY", "x11"), ("WAYLAND_DISPLAY", "wayland")]
            .filter { Display.variable($0.0) != nil }.map { $0.1 }
        if !drivers.isEmpty { SDL_SetHint(SDL_HINT_VIDEODRIVER, drivers.joined(separator: ",")) }
    }

    static func prepare() { state.withLock { setHints(&$0) } }

    private static func setHints(_ state: inout State) {
        guard !state.hinted else { return }
        state.hinted = true
        ScreenEnvironment.fill()
        let hints = [
            // Signals belong to the command line.
            (SDL_HINT_NO_SIGNAL_HANDLERS, "1"),
            (SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, "0"),
            // A ping that goes unanswered while a decoder is being closed must not grey the window.
            (SDL_HINT_VIDEO_X11_NET_WM_PING, "0"),
            // Inhibited only while something plays.
            (SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1"),
            // One close button, one event.
            ("SDL_QUIT_ON_LAST_WINDOW_CLOSE", "0"),
            (SDL_HINT_VIDEO_MINIMIZE_ON_FOCUS_LOSS, "0"),
            (SDL_HINT_APP_NAME, "sluice"),
            ("SDL_AUDIO_DEVICE_STREAM_NAME", "sluice"),
        ]
        for (name, value) in hints { SDL_SetHint(name, value) }
        SDL_SetMainReady()
    }
}
