// One file of a recording as the directory's index knows it. Values only; the index's lines are in IndexLines.swift.
public import Model

/// A silence between two files of one recording.
public struct RecordingGap: Sendable, Equatable {
    /// The file after which it came.
    public var after: String
    /// Seconds of the wall clock without media.
    public var seconds: Double
    /// A stable word, such as `connection_lost`.
    public var reason: String
    public init(after: String, seconds: Double, reason: String) {
        self.after = after
        self.seconds = seconds
        self.reason = reason
    }
}

/// What is in a file, in the words of the JSON results.
public struct RecordedTrack: Sendable, Equatable {
    public var kind: TrackKind
    public var codec: String
    public var width: Int?
    public var height: Int?
    public var fps: Double?
    public var sampleRate: Int?
    public var channels: Int?

    public init(kind: TrackKind, codec: String) {
        self.kind = kind
        self.codec = codec
    }

    public init(_ track: Track) {
        self.init(kind: track.kind, codec: track.codec.rawValue)
        if let video = track.video {
            width = video.width > 0 ? video.width : nil
            height = video.height > 0 ? video.height : nil
            fps = video.frameRate?.positiveValue
        }
        if let audio = track.audio {
            sampleRate = audio.sampleRate > 0 ? audio.sampleRate : nil
            channels = audio.channels > 0 ? audio.channels : nil
        }
    }
}

public struct RecordingEntry: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable {
        /// Being written.
        case open
        /// Closed in the ordinary way.
        case complete
        /// Closed by a repair.
        case repaired
        /// The index knows it, the directory does not have it.
        case lost
        /// Left open by a recorder that is gone. Never in the index: found by looking.
        case interrupted
        /// In the directory by its name alone. Never in the index.
        case unindexed
    }

    /// The recording's name: `{name}` of its file names.
    public var recording: String
    /// Names one run of one recorder; empty where the index does not know the file.
    public var task: String
    /// Counts the files of a task, from 1. With `task` it is the entry's identity.
    public var number: Int
    /// The file's name in the index's directory; changes when the file is closed.
    public var file: String
    /// What the file is to be called when closed: its name with `{end}` still in it, where the template has that.
    public var pattern: String
    /// In local time with its distance from UTC.
    public var start: CivilTime
    public var end: CivilTime?
    /// Of the media.
    public var duration: Span?
    public var bytes: Int64
    public var tracks: [RecordedTrack]
    /// Those that come after this file.
    public var gaps: [RecordingGap]
    public var state: State

    public init(
        recording: String, task: String, number: Int, file: String, pattern: String, start: CivilTime,
        end: CivilTime? = nil, duration: Span? = nil, bytes: Int64 = 0, tracks: [RecordedTrack] = [],
        gaps: [RecordingGap] = [], state: State = .open
    ) {
        self.recording = recording
        self.task = task
        self.number = number
        self.file = file
        self.pattern = pattern
        self.start = start
        self.end = end
        self.duration = duration
        self.bytes = bytes
        self.tracks = tracks
        self.gaps = gaps
        self.state = state
    }

    /// A name for a run of a recorder that no other run has.
    public static func newTask() -> String {
        let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
