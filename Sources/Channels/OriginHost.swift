// The process of the origin: `sluice origin`, started by `OriginProcess`. Besides serving it looks after channels whose
// workers have died, so that a stream without a publisher of ours does not keep it alive for ever.
import CProcess
public import Model
import Origin

public struct OriginHost {
    /// Comes over the inherited descriptor.
    struct Settings {
        var directory: StateDirectory
        var rtmpPort: Int
        var httpPort: Int
        var lingers: Span

        var json: JSONValue {
            .object([
                .init("state_dir", .string(directory.path)), .init("rtmp_port", .int(rtmpPort)),
                .init("http_port", .int(httpPort)), .init("lingers_ms", .int(Int(lingers.milliseconds))),
            ])
        }

        init(directory: StateDirectory, rtmpPort: Int, httpPort: Int, lingers: Span) {
            self.directory = directory
            self.rtmpPort = rtmpPort
            self.httpPort = httpPort
            self.lingers = lingers
        }

        init?(_ json: JSONValue) {
            guard let path = json["state_dir"]?.string, let rtmp = json["rtmp_port"]?.int,
                let http = json["http_port"]?.int, let lingers = json["lingers_ms"]?.int
            else { return nil }
            self.init(
                directory: StateDirectory(path: path), rtmpPort: rtmp, httpPort: http,
                lingers: .milliseconds(Double(lingers)))
        }
    }

    private static let round = Span.seconds(2)
    /// A large key frame; smaller ones are as many as they are short-lived.
    private static let largeAllocation = 256 << 10
    private let settings: Settings

    /// nil when this process was not started by `stream-start`.
    public init?() {
        guard let settings = SettingsFile.read().flatMap(Settings.init) else { return nil }
        self.settings = settings
    }

    /// Blocks until the origin has ended: idle for long enough, or `cancel`.
    public func run(reporter: any Reporter, cancel: CancelFlag) throws(SluiceError) {
        cp_return_large_allocations(Self.largeAllocation)
        let readiness = ReadinessWriter()
        let control = try? ControlPath(settings.directory)
        var origin = OriginSettings()
        origin.rtmpPort = settings.rtmpPort
        origin.httpPort = settings.httpPort
        origin.controlPath = control?.text
        origin.lingers = settings.lingers
        let server = OriginServer(origin, reporter: reporter)
        let ports: OriginServer.Ports
        do throws(SluiceError) { ports = try server.start() } catch {
            readiness.failed(error)
            throw error
        }
        reporter.log(.info, "the origin listens for RTMP on port \(ports.rtmp), for HTTP on port \(ports.http)")
        readiness.ready([.init("rtmp_port", .int(ports.rtmp)), .init("http_port", .int(ports.http))])
        let over = CancelFlag()
        let settings = settings
        let census = NamedThread("census") {
            let pause = CancellableWait(over)
            while pause.wait(until: .now() + Self.round) {
                // Without its directory nobody can reach it any more, not even to end it.
                guard settings.directory.isThere else {
                    reporter.log(.warning, "the state directory is gone: the origin ends")
                    return server.stop()
                }
                LogFile.renew(settings.directory.originLog)
                // Somebody who holds the lock does the same.
                try? ChannelRoom(settings.directory, cancel: over).tidy()
            }
        }
        cancel.onSet { server.stop() }
        server.waitUntilEnded()
        over.set()
        census.join()
        reporter.log(.info, "the origin has ended")
    }
}
