// SDL's events in our words.
internal import CSDL2
internal import Model

enum WindowEvents {
    /// `nil` for what nobody asked for.
    static func key(_ event: SDL_KeyboardEvent) -> Key? {
        key(
            symbol: UInt32(bitPattern: event.keysym.sym), place: event.keysym.scancode.rawValue,
            modifiers: UInt32(event.keysym.mod), isRepeat: event.repeat != 0)
    }

    /// - Parameters:
    ///   - symbol: SDL's key code, the letter's own number where there is one.
    ///   - place: SDL's scan code.
    static func key(symbol: UInt32, place: UInt32, modifiers: UInt32, isRepeat: Bool) -> Key? {
        // Shortcuts of the desktop are not ours.
        if modifiers & (KMOD_CTRL.rawValue | KMOD_ALT.rawValue | KMOD_GUI.rawValue) != 0 { return nil }
        guard let key = key(symbol: symbol) ?? key(place: SDL_Scancode(place)) else { return nil }
        // Holding a key repeats what is a matter of degree, not what is a switch.
        if isRepeat, ![.digit9, .digit0, .left, .right, .up, .down].contains(key) { return nil }
        return key
    }

    private static func key(symbol: UInt32) -> Key? {
        switch symbol {
        case SDLK_q.rawValue: .q
        case SDLK_ESCAPE.rawValue: .escape
        case SDLK_f.rawValue: .f
        case SDLK_SPACE.rawValue: .space
        case SDLK_l.rawValue: .l
        case SDLK_m.rawValue: .m
        case SDLK_9.rawValue, SDLK_KP_9.rawValue: .digit9
        case SDLK_0.rawValue, SDLK_KP_0.rawValue: .digit0
        case SDLK_s.rawValue: .s
        case SDLK_i.rawValue: .i
        case SDLK_h.rawValue: .h
        case SDLK_LEFT.rawValue: .left
        case SDLK_RIGHT.rawValue: .right
        case SDLK_UP.rawValue: .up
        case SDLK_DOWN.rawValue: .down
        default: nil
        }
    }

    /// Keyboards whose digits need Shift still have 9 and 0 in their places.
    private static func key(place: SDL_Scancode) -> Key? {
        switch place {
        case SDL_SCANCODE_9: .digit9
        case SDL_SCANCODE_0: .digit0
        default: nil
        }
    }
}
