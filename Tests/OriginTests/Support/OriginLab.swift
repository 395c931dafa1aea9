// An origin of a test's own: free ports, a control socket in a fresh directory, gone with its owner.
import Model
import TestSupport

@testable import Origin

final class OriginLab: Sendable {
    let server: OriginServer
    let ports: OriginServer.Ports
    let control: String
    private let directory: TempDirectory

    init(streams: [String] = ["demo"], _ change: (inout OriginSettings) -> Void = { _ in }) throws {
        directory = try TempDirectory("origin")
        control = directory.file("control")
        var settings = OriginSettings()
        settings.rtmpPort = 0
        settings.httpPort = 0
        settings.controlPath = control
        // What a test is not about must not end it on a busy machine.
        settings.handshakeDeadline = .seconds(60)
        settings.publisherSilence = .seconds(300)
        settings.viewerPatience = .seconds(300)
        settings.viewerQueue = .seconds(60)
        settings.viewerStall = .seconds(120)
        change(&settings)
        server = OriginServer(settings)
        ports = try server.start()
        for stream in streams { _ = try ask(.open(name: stream)) }
    }

    deinit {
        server.stop()
        server.waitUntilEnded()
    }

    func ask(_ request: ControlRequest) throws -> ControlReply {
        try ControlClient.send(request, to: control, within: .seconds(20))
    }

    func facts(_ name: String = "demo") throws -> StreamFacts? {
        try ask(.list).streams.first { $0.name == name }
    }

    func url(_ name: String = "demo", _ query: String = "") -> String {
        "rtmp://127.0.0.1:\(ports.rtmp)/live/\(name)\(query)"
    }
}
