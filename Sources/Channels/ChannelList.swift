// `stream-list`: what is running, waiting or kept.
public import Model

public struct ChannelList {
    private let room: ChannelRoom

    public init(directory: StateDirectory, cancel: CancelFlag) throws(SluiceError) {
        room = try ChannelRoom(directory, cancel: cancel)
    }

    /// - Parameter name: Only this one.
    /// - Throws: `no_input` for a name that is neither running nor kept.
    public func run(_ name: ChannelName?) throws(SluiceError) -> [ChannelReport] {
        let lock = try room.lock()
        let census = try room.census()
        _ = consume lock
        let now = WallTime.now()
        let listed = census.channels.filter { channel in
            if let name, channel.record.name != name { return false }
            return channel.isRunning || channel.record.endedAt.map { ChannelStart.isKept($0, at: now) } ?? false
        }
        if let name, listed.isEmpty {
            throw SluiceError(
                .noInput, "cannot list \(name)", why: "no channel of this name is running or kept",
                hint: "'sluice stream-list' shows all")
        }
        return listed.map { .listed($0, at: now) }
    }
}
