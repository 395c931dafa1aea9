// A mouse pointer that goes away over a full-screen picture when it has not moved for a while.
internal import CSDL2
internal import Model

struct CursorHiding {
    private var lastMove = HostTime.now()
    private var isHidden = false
    private(set) var deadline: HostTime?
    private static let patience = Span.seconds(2)

    mutating func moved(at now: HostTime) {
        lastMove = now
        show()
    }

    mutating func update(isFullscreen: Bool, now: HostTime) {
        guard isFullscreen, !isHidden else {
            deadline = nil
            return
        }
        if now - lastMove >= Self.patience {
            isHidden = true
            deadline = nil
            sluice_show_cursor(SDL_FALSE)
        } else {
            deadline = lastMove + Self.patience
        }
    }

    mutating func show() {
        if isHidden { sluice_show_cursor(SDL_TRUE) }
        isHidden = false
    }
}
