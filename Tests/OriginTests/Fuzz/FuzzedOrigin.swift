// An origin without sockets, with two streams: `demo` flows, in codecs that nothing packages; `still` has stopped in
// the middle, with a playlist, segments and a feed that never change. No packager works while a fuzzer does.
import Glibc
import Model
import NIOCore
import Wire

@testable import Origin

final class FuzzedOrigin {
    static let streams = ["demo", "still"]
    /// Stands in an input for the number that the segments' names of `still` begin with, which is never the same.
    static let placeholder = Array("SESSION0".utf8)

    let loop = FuzzLoop()
    let core: OriginCore
    let packages: StreamPackages
    /// Eight hexadecimal digits.
    private(set) var session = ""
    private var publications: [String: Publication] = [:]
    private let begun = HostTime.now()

    init() {
        core = OriginCore(loop: loop, settings: OriginSettings(), reporter: nil)
        packages = StreamPackages(core)
        for name in Self.streams { publications[name] = core.hub.open(name).publish { _ in } }
        publications["demo"]?.receive([FuzzMedia.metadata])
        flow()
        _ = packages.presentation(named: "still")
        _ = packages.feed(named: "still")
        publications["still"]?.receive(FuzzMedia.packaged)
        wait { self.isPackaged() }
    }

    /// What has not been asked for in ten seconds is taken away by the origin: a fuzzer makes itself a new one before.
    var isOld: Bool { HostTime.now() - begun > .seconds(3) }

    /// A key frame of `demo` and what follows it, always the same.
    func flow() { publications["demo"]?.receive(FuzzMedia.flowing) }

    /// Those with a connection; who has polled counts for a while by a clock that is nobody's to move.
    var viewers: Int { Self.streams.reduce(0) { $0 + (core.hub.stream(named: $1)?.connectedViewers ?? 0) } }

    /// Waits for the packagers.
    func close() {
        core.hub.closeAll()
        loop.advance(seconds: 120)
        wait { self.core.packagers == 0 }
        precondition(viewers == 0 && core.ledger.connections == 0)
    }

    private func isPackaged() -> Bool {
        func body(_ path: String) -> [UInt8]? {
            let request = Array("GET \(path) HTTP/1.0\r\n\r\n".utf8)
            let answers = FuzzConversation(self, [ByteBuffer(bytes: request)]).answers
            return answers.first.flatMap { $0.status == 200 ? $0.body : nil }
        }
        guard body("/live/still.mp4") != nil, let list = body("/live/still.m3u8") else { return false }
        let line = String(decoding: list, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("still/") }
        session = line.map { String($0.dropFirst(6).prefix(8)) } ?? ""
        return session.utf8.count == Self.placeholder.count
    }

    private func wait(_ condition: () -> Bool) {
        let deadline = HostTime.now() + .seconds(60)
        while true {
            loop.openMailbox()
            if condition() { return }
            precondition(HostTime.now() < deadline, "the packagers do not answer")
            usleep(1000)
        }
    }
}

/// Media that look right from outside.
enum FuzzMedia {
    static let metadata = FLVTag(
        kind: .script, timestamp: 0,
        body: AMF0Value.encode([.string("onMetaData"), .ecmaArray([AMF0Field("width", .number(32))])]))

    /// Sorenson H.263 and Speex.
    static let flowing = [
        tag(.video, 40, [0x12], 300), tag(.audio, 40, [0xB6], 60), tag(.video, 80, [0x22], 90),
    ]

    /// Three seconds of H.264 and AAC, a key frame in each.
    static let packaged: [FLVTag] = {
        let video: [UInt8] = [
            0x17, 0, 0, 0, 0, 1, 0x42, 0xC0, 0x0A, 0xFF, 0xE1, 0, 22, 0x67, 0x42, 0xC0, 0x0A, 0xDA, 0x25, 0xB0,
            0x11, 0, 0, 3, 0, 1, 0, 0, 3, 0, 0x0A, 0x0F, 0x12, 0x26, 0xA0, 1, 0, 4, 0x68, 0xCE, 0x0F, 0xC8,
        ]
        var tags = [metadata, tag(.video, 0, video, 0), tag(.audio, 0, [0xAF, 0, 0x15, 0x88], 0)]
        for time in stride(from: UInt32(0), to: 3200, by: 200) {
            let isKey = time % 1000 == 0
            tags.append(
                tag(.video, time, [isKey ? 0x17 : 0x27, 1, 0, 0, 0, 0, 0, 0, 81, isKey ? 0x65 : 0x41], 80))
            tags.append(tag(.audio, time, [0xAF, 1, 0xDE, 2], 40))
        }
        return tags
    }()

    private static func tag(_ kind: FLVTag.Kind, _ time: UInt32, _ head: [UInt8], _ more: Int) -> FLVTag {
        FLVTag(kind: kind, timestamp: time, body: ByteBuffer(bytes: head + [UInt8](repeating: 0x5A, count: more)))
    }
}
