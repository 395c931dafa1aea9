// How far behind live a play keeps, as asked for: plain values, checked by the command line.
public import Model

/// What `--mode` and the options that override it say.
public struct DelaySettings: Sendable, Hashable {
    public enum Mode: String, Sendable, Hashable, CaseIterable {
        /// `live` for live input; files are played as they are.
        case auto
        /// A picture is shown when it is decoded.
        case nobuffer
        /// Learnt, small: for talking to each other.
        case rtc
        /// Learnt.
        case live
        /// Fixed and long.
        case smooth
    }

    /// When playback gives up what it is behind instead of playing faster.
    public enum SkipLimit: Sendable, Hashable {
        case off
        /// More than this behind its target.
        case above(Span)
    }

    public var mode: Mode
    /// The target is not less, not more than this; nil: the mode's own bound.
    public var minimum: Span?
    public var maximum: Span?
    /// The target itself; nil: what the mode learns.
    public var target: Span?
    /// Greatest speed while catching up, 1 or more.
    public var maximumRate = 1.1
    /// nil: the mode's own.
    public var skip: SkipLimit?

    public init(mode: Mode = .auto) { self.mode = mode }

    /// The mode of live input.
    var liveMode: Mode { mode == .auto ? .live : mode }

    /// Beyond this far behind its target live playback skips; nil: never.
    var skipLimit: Span? {
        switch skip {
        case .off: nil
        case .above(let span): span
        case nil:
            switch liveMode {
            case .nobuffer: .milliseconds(300)
            case .rtc: .seconds(1)
            case .auto, .live, .smooth: .seconds(4)
            }
        }
    }
}
