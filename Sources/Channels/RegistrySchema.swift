// The registry's tables, version by version. A migration that was released is never changed: what comes later is a
// new one.
import GRDB

enum RegistrySchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: channels and the origin") { database in
            // Times are milliseconds since 1970. A channel is never deleted: its number is its own for ever.
            try database.execute(
                sql: """
                    CREATE TABLE channel (
                        name TEXT PRIMARY KEY NOT NULL,
                        channel_id TEXT NOT NULL UNIQUE,
                        stream_id TEXT NOT NULL UNIQUE,
                        server TEXT NOT NULL DEFAULT 'embedded',
                        state TEXT NOT NULL,
                        has_worker INTEGER NOT NULL DEFAULT 0,
                        worker_pid INTEGER, worker_start INTEGER,
                        origin_pid INTEGER, origin_start INTEGER,
                        boot TEXT,
                        publish_url TEXT, watch_rtmp TEXT, watch_flv TEXT, watch_hls TEXT,
                        rtmp_port INTEGER, http_port INTEGER,
                        started_at INTEGER, ended_at INTEGER, stopped_at INTEGER,
                        duration_ms INTEGER NOT NULL DEFAULT 0,
                        sent_bytes INTEGER NOT NULL DEFAULT 0,
                        video_frames INTEGER NOT NULL DEFAULT 0,
                        reconnects INTEGER NOT NULL DEFAULT 0,
                        peak_viewers INTEGER NOT NULL DEFAULT 0
                    ) STRICT;
                    CREATE TABLE origin (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        pid INTEGER NOT NULL, start INTEGER NOT NULL, boot TEXT NOT NULL,
                        host TEXT NOT NULL, rtmp_port INTEGER NOT NULL, http_port INTEGER NOT NULL,
                        started_at INTEGER NOT NULL
                    ) STRICT;
                    """)
        }
        return migrator
    }
}
