// What the keys in the window mean. Pure: keys in, actions out.
import Model
import Screen

struct Controls {
    enum Action: Equatable {
        case quit, fullscreen, live, snapshot, overlay, help
        case pause(Bool)
        case mute(Bool)
        case volume(Int)
        case seek(Span)
    }

    var isPaused = false
    var isMuted = false
    var showsStatistics = false
    var showsHelp = false
    /// Percent.
    var volume = 100
    /// What the last key did, in a word.
    var note = ""

    static let help = [
        "q Esc quit   f full screen   space pause", "l back to live   m mute   9 0 volume",
        "s snapshot   i statistics   arrows seek   h help",
    ]

    mutating func press(_ key: Key) -> Action? {
        switch key {
        case .q, .escape: return .quit
        case .f:
            note = "full screen"
            return .fullscreen
        case .space:
            isPaused.toggle()
            note = isPaused ? "paused" : "playing"
            return .pause(isPaused)
        case .l:
            note = "live"
            guard isPaused else { return .live }
            isPaused = false
            return .pause(false)
        case .m:
            isMuted.toggle()
            note = isMuted ? "sound off" : "sound on"
            return .mute(isMuted)
        case .digit9, .digit0:
            volume = max(0, min(100, volume + (key == .digit0 ? 5 : -5)))
            note = "volume \(volume) %"
            return .volume(volume)
        case .s:
            note = "snapshot"
            return .snapshot
        case .i:
            showsStatistics.toggle()
            note = showsStatistics ? "statistics" : ""
            return .overlay
        case .h:
            showsHelp.toggle()
            note = ""
            return .help
        case .left, .right:
            note = key == .left ? "10 s back" : "10 s forward"
            return .seek(.seconds(key == .left ? -10 : 10))
        case .up, .down:
            note = key == .down ? "1 min back" : "1 min forward"
            return .seek(.seconds(key == .down ? -60 : 60))
        }
    }
}
