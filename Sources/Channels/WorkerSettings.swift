// What a worker is told over its descriptor.
import Model

public struct WorkerSettings: Sendable {
    public let name: ChannelName
    public let directory: StateDirectory
    /// The command line of the `stream-start` that it works for. May hold secrets.
    public let words: [String]
    /// Where it publishes.
    public let target: String

    init(name: ChannelName, directory: StateDirectory, words: [String], target: String) {
        self.name = name
        self.directory = directory
        self.words = words
        self.target = target
    }

    /// nil when this process was not started by `stream-start`.
    public static func received() -> WorkerSettings? {
        guard let json = SettingsFile.read(), let name = json["channel"]?.string.flatMap(ChannelName.init),
            let path = json["state_dir"]?.string, let words = json["words"]?.array?.compactMap(\.string),
            let target = json["target"]?.string
        else { return nil }
        return WorkerSettings(name: name, directory: StateDirectory(path: path), words: words, target: target)
    }

    var json: JSONValue {
        .object([
            .init("channel", .string(name.text)), .init("state_dir", .string(directory.path)),
            .init("words", .array(words.map(JSONValue.string))), .init("target", .string(target)),
        ])
    }

    /// Puts the worker's own log aside when it has grown too long. Called now and then by the worker.
    public func renewLog() { LogFile.renew(directory.log(of: name)) }
}
