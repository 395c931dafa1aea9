// How pictures find their moment, decided once from the input and what was asked for.
import Intake
import Model

enum PlaybackPlan: Sendable, Equatable {
    /// A picture is shown when it is decoded; sound is steered to it.
    case immediate
    /// Pictures and sound follow one clock, which is led to a delay behind live.
    case buffered
    /// Pictures follow a clock, which follows the sound where there is any.
    case clocked
    /// Nothing is shown or heard in real time: everything goes to files and pipes, complete.
    case unpaced

    init(_ settings: PlaySettings, source: SourceDescription) {
        let toPrograms = settings.rawOutput != nil || settings.wavOutput != nil
        let presents = settings.videoOutput == .sdl || settings.audioOutput == .sdl
        if toPrograms, !presents, !source.isLive {
            self = .unpaced
        } else if source.isSegmented, source.isLive {
            // Pieces of seconds would be shown in jerks: they are paced by their stamps in every mode.
            self = .buffered
        } else if source.isLive, settings.delay.liveMode != .nobuffer {
            // Programs that are given the pictures and nobody who watches: as they come, unless told otherwise.
            self = toPrograms && !presents && settings.delay.mode == .auto ? .immediate : .buffered
        } else if source.isLive || (settings.delay.mode == .nobuffer && !source.isSeekable) {
            // A pipe may be live too, and only the user knows. A file that can be sought in never is: shown
            // as fast as it decodes it would only be over at once.
            self = .immediate
        } else {
            self = .clocked
        }
    }

    /// The input comes at its own pace.
    var isLive: Bool { self == .immediate || self == .buffered }
}
