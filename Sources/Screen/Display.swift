// Is there a display to open a window on? Answered from the environment, without touching SDL.
internal import Glibc
internal import Model

public enum Display {
    /// Cheap; any thread. True does not promise that a window can be opened.
    public static var isAvailable: Bool {
        if let driver = variable("SDL_VIDEODRIVER") { return driver != "none" }
        return variable("DISPLAY") != nil || variable("WAYLAND_DISPLAY") != nil
    }

    static func error(why: String) -> SluiceError {
        if !isAvailable {
            return SluiceError(
                .unreachable, "cannot open a window", why: "there is no display",
                hint: "set DISPLAY or WAYLAND_DISPLAY, or use --vo null")
        }
        let name = variable("SDL_VIDEODRIVER") ?? variable("WAYLAND_DISPLAY") ?? variable("DISPLAY") ?? ""
        return SluiceError(
            .unreachable, "cannot open a window on display '\(name)'",
            why: why.isEmpty ? "the display does not answer" : why.lowercasedFirst,
            hint: "check DISPLAY and that you may use it, or use --vo null")
    }

    /// Unset and empty are the same.
    static func variable(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }
}

extension String {
    /// SDL's sentences in the style of our own: "Couldn't open X" → "couldn't open X", but "X11 …" stays.
    var lowercasedFirst: String {
        guard let first, let second = dropFirst().first, second.isLowercase else { return self }
        return first.lowercased() + dropFirst()
    }
}
