// What is known of channels, in SQLite: written by every stream command, by workers and by the origin, at any moment
// and from several processes. It never says that something runs; that is asked of the process table.
import GRDB
import Model

#if canImport(Glibc)
    import Glibc
#endif

/// Safe from any thread.
final class Registry: Sendable {
    private let queue: DatabaseQueue
    private let path: String

    /// Opens it, makes it or brings it up to date.
    /// - Throws: `cannot_create`, `timeout`, or `config` for a file that a newer version has written.
    init(_ directory: StateDirectory) throws(SluiceError) {
        path = directory.database
        // One process at a time: of two that find an empty file, both would make its tables.
        let lock = try FileLock(directory.databaseLock, patience: .seconds(10), cancel: CancelFlag())
        // Not left to SQLite, whose files anybody can read where the umask lets him. One that is there is not opened
        // here: closing it would take away the locks that this process may have on it elsewhere.
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if file >= 0 { close(file) }
        var configuration = Configuration()
        configuration.journalMode = .wal
        // Five seconds, longer than any transaction here takes on a busy machine.
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            // A lost last write after a power cut is made good by the look at the process table.
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            let migrator = RegistrySchema.migrator
            let (isNewer, isCurrent) = try queue.read { database in
                (try migrator.hasBeenSuperseded(database), try migrator.hasCompletedMigrations(database))
            }
            if isNewer {
                throw SluiceError(
                    .config, "cannot use \(directory.database)", why: "a newer sluice has written it",
                    hint: "SLUICE_STATE_DIR names another directory")
            }
            if !isCurrent { try migrator.migrate(queue) }
        } catch let error as SluiceError {
            throw error
        } catch {
            throw Self.problem(error, directory.database)
        }
        _ = consume lock
    }

    func channel(_ name: ChannelName) throws(SluiceError) -> ChannelRecord? {
        try perform { database in
            try Row.fetchOne(database, sql: "SELECT * FROM channel WHERE name = ?", arguments: [name.text])
                .flatMap(ChannelRecord.init)
        }
    }

    func channels() throws(SluiceError) -> [ChannelRecord] {
        try perform { database in
            try Row.fetchAll(database, sql: "SELECT * FROM channel ORDER BY name").compactMap(ChannelRecord.init)
        }
    }

    /// The channel that has this stream id, if there is one.
    func owner(of id: StreamID) throws(SluiceError) -> ChannelName? {
        try perform { database in
            try String.fetchOne(
                database, sql: "SELECT name FROM channel WHERE stream_id = ?", arguments: [id.text]
            ).flatMap(ChannelName.init)
        }
    }

    func save(_ record: ChannelRecord) throws(SluiceError) {
        let columns = record.columns
        let names = columns.map(\.name).joined(separator: ", ")
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        let changes = columns.dropFirst().map { "\($0.name) = excluded.\($0.name)" }.joined(separator: ", ")
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO channel (\(names)) VALUES (\(marks))
                    ON CONFLICT (name) DO UPDATE SET \(changes)
                    """, arguments: StatementArguments(columns.map(\.value)))
        }
    }

    /// Reads, changes and writes one channel with nobody in between. Nothing happens when it is not there, or when
    /// `change` says that it leaves it as it is.
    func update(_ name: ChannelName, _ change: (inout ChannelRecord) -> Bool) throws(SluiceError) {
        try write { database in
            guard
                var record = try Row.fetchOne(
                    database, sql: "SELECT * FROM channel WHERE name = ?", arguments: [name.text]
                ).flatMap(ChannelRecord.init), change(&record)
            else { return }
            let columns = record.columns.dropFirst()
            let changes = columns.map { "\($0.name) = ?" }.joined(separator: ", ")
            let values: [(any DatabaseValueConvertible)?] = columns.map(\.value) + [name.text]
            try database.execute(
                sql: "UPDATE channel SET \(changes) WHERE name = ?", arguments: StatementArguments(values))
        }
    }

    func origin() throws(SluiceError) -> OriginRecord? {
        try perform { database in
            try Row.fetchOne(database, sql: "SELECT * FROM origin").map { row in
                OriginRecord(
                    process: ProcessIdentity(pid: row["pid"], start: row["start"], boot: row["boot"]),
                    host: row["host"], rtmpPort: row["rtmp_port"], httpPort: row["http_port"],
                    startedAt: WallTime(milliseconds: row["started_at"]))
            }
        }
    }

    func save(_ origin: OriginRecord) throws(SluiceError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO origin VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    origin.process.pid, origin.process.start, origin.process.boot, origin.host, origin.rtmpPort,
                    origin.httpPort, origin.startedAt.wholeMilliseconds,
                ])
        }
    }

    private func perform<Result>(_ body: (Database) throws -> Result) throws(SluiceError) -> Result {
        do { return try queue.read(body) } catch { throw Self.problem(error, path) }
    }

    private func write(_ body: (Database) throws -> Void) throws(SluiceError) {
        do { try queue.write(body) } catch { throw Self.problem(error, path) }
    }

    private static func problem(_ error: any Error, _ path: String) -> SluiceError {
        guard let error = error as? DatabaseError else {
            return SluiceError(.internal, "cannot use \(path)", why: "\(error)")
        }
        let code = error.resultCode
        let reason: Reason =
            switch code {
            case .SQLITE_FULL: .noSpace
            case .SQLITE_BUSY, .SQLITE_LOCKED: .timeout
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: .config
            default: .cannotCreate
            }
        let damaged = code == .SQLITE_CORRUPT || code == .SQLITE_NOTADB
        let why =
            (error.message ?? code.description).prefix(1).lowercased()
            + (error.message ?? code.description).dropFirst()
        return SluiceError(
            reason, "cannot use \(path)", why: why,
            hint: damaged ? "stop what runs, remove the file, and start again" : nil, code: Int(code.rawValue))
    }
}
