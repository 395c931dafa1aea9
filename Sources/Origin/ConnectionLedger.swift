// Who may connect: how many at all, how many from one address, how many that have not said what they want.
import Model
import NIOCore

#if canImport(Glibc)
    import Glibc
#endif

// Safe because it is touched on the event loop of the channels only.
final class ConnectionLedger: @unchecked Sendable {
    // Safe for the same reason.
    /// A connection that was admitted.
    final class Ticket: @unchecked Sendable {
        fileprivate let address: String
        fileprivate weak var channel: (any Channel)?
        fileprivate weak var ledger: ConnectionLedger?
        fileprivate var isSilent = true
        fileprivate var hasLeft = false
        fileprivate let number: Int

        fileprivate init(_ channel: any Channel, address: String, number: Int, _ ledger: ConnectionLedger) {
            self.channel = channel
            self.address = address
            self.number = number
            self.ledger = ledger
        }

        /// The peer has said what it wants (publish, play, a request): it is not the first to go any more.
        func spoke() {
            guard isSilent else { return }
            isSilent = false
            ledger?.silent.removeValue(forKey: number)
        }
    }

    /// Of descriptors that are no connections: listeners, files, pipes, the loop's own.
    private static let reserve = 64

    private let limit: Int
    private let silentLimit: Int
    private let perAddress: Int?
    private var count = 0
    private var next = 0
    private var byAddress: [String: Int] = [:]
    fileprivate var silent: [Int: Ticket] = [:]
    /// Refused and closed early, since the start.
    private(set) var refusals = 0

    init(_ settings: OriginSettings, descriptors: Int = ConnectionLedger.raiseDescriptorLimit()) {
        limit = max(1, min(settings.connections, descriptors - Self.reserve))
        silentLimit = max(1, min(settings.silentConnections, limit))
        perAddress = settings.connectionsPerAddress
    }

    /// As many as the system lets this process have.
    static func raiseDescriptorLimit() -> Int {
        var bounds = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &bounds) == 0 else { return 1024 }
        if bounds.rlim_cur < bounds.rlim_max {
            var raised = bounds
            raised.rlim_cur = bounds.rlim_max
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { bounds = raised }
        }
        return Int(clamping: bounds.rlim_cur)
    }

    /// nil: the connection is not to be served. Counts until the channel closes.
    func admit(_ channel: any Channel) -> Ticket? {
        let address = channel.remoteAddress?.ipAddress ?? ""
        let isLoopback = address.hasPrefix("127.") || address == "::1" || address.isEmpty
        let allowed = perAddress ?? (isLoopback ? .max : 64)
        guard byAddress[address, default: 0] < allowed else {
            refusals += 1
            return nil
        }
        // Who has said nothing for longest makes room.
        if silent.count >= silentLimit || count >= limit, let oldest = silent.keys.min(),
            let ticket = silent[oldest]
        {
            refusals += 1
            // Its place is free at once; the channel tells of its end a little later.
            left(ticket)
            ticket.channel?.close(promise: nil)
        }
        guard count < limit else {
            refusals += 1
            return nil
        }
        let ticket = Ticket(channel, address: address, number: next, self)
        next += 1
        count += 1
        byAddress[address, default: 0] += 1
        silent[ticket.number] = ticket
        channel.closeFuture.whenComplete { [weak self] _ in self?.left(ticket) }
        return ticket
    }

    private func left(_ ticket: Ticket) {
        guard !ticket.hasLeft else { return }
        ticket.hasLeft = true
        ticket.spoke()
        count -= 1
        let others = byAddress[ticket.address, default: 1] - 1
        byAddress[ticket.address] = others > 0 ? others : nil
    }

    /// Connections of now.
    var connections: Int { count }
}
