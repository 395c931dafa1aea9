// Options with a fixed list of values; the lists appear in help, man pages and completions.
public import ArgumentParser
public import Model
public import Player
public import Publisher
public import Recorder

enum Switch: String, CaseIterable, ExpressibleByArgument { case on, off }

/// x264's and x265's own lists, less those that are of no use for a live encoder.
enum Preset: String, CaseIterable, ExpressibleByArgument {
    case ultrafast, superfast, veryfast, faster, fast, medium, slow, slower, veryslow
}

enum Tune: String, CaseIterable, ExpressibleByArgument {
    case zerolatency, animation, grain, fastdecode, psnr, ssim
}

enum Profile: String, CaseIterable, ExpressibleByArgument {
    case baseline, main, high
}

enum Verbosity: String, CaseIterable, ExpressibleByArgument {
    case trace, debug, info, notice, warning, error

    var level: LogLevel {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}

extension PublishSettings.VideoTreatment: ExpressibleByArgument {}
extension PublishSettings.AudioTreatment: ExpressibleByArgument {}
extension DelaySettings.Mode: ExpressibleByArgument {}
extension PlaySettings.VideoOutput: ExpressibleByArgument {}
extension PlaySettings.AudioOutput: ExpressibleByArgument {}
extension PlaySettings.HardwareDecoding: ExpressibleByArgument {}
extension RTSPTransport: ExpressibleByArgument {}
extension RecordFormat: ExpressibleByArgument {}
extension ReportField: ExpressibleByArgument {}
