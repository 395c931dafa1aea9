// What one attempt may say, and what becomes of it.
import Model
import Synchronization
import Testing

@testable import Intake

@Suite struct AttemptGateTests {
    private func packet(_ ms: Int64, epoch: Int = 0) -> SourceEvent {
        let time = MediaTime(milliseconds: ms)
        return .packet(
            Packet(
                track: 0, kind: .video, pts: time, dts: time, isKeyframe: true, data: [1],
                arrival: HostTime(milliseconds: ms), epoch: epoch))
    }
    private let live = SourceDescription(transport: "rtmp", isLive: true)
    private let file = SourceDescription(transport: "file", isLive: false)
    private let track = Track(id: 0, kind: .video, codec: .h264)

    /// Names of what came out of a port, with the epochs of packets.
    private func names(_ queue: EventQueue) -> [String] {
        var names: [String] = []
        while let event = queue.next(until: .now()) {
            switch event {
            case .packet(let packet): names.append("packet \(packet.epoch)")
            case .resumed(let epoch, let gap): names.append("resumed \(epoch) \(Int(gap.milliseconds))")
            default: names.append(String("\(event)".prefix { $0 != "(" }))
            }
        }
        return names
    }

    private final class Ends: Sendable {
        let said = Mutex<[SluiceError?]>([])
    }

    private func port(_ queue: EventQueue, _ gate: AttemptGate) -> (EventPort, Ends) {
        let ends = Ends()
        return (EventPort(queue, gate: gate) { error in ends.said.withLock { $0.append(error) } }, ends)
    }

    @Test(arguments: [false, true]) func theFirstAttempt_passesAsItIs(isLive: Bool) {
        let queue = EventQueue(bytes: isLive ? nil : 1 << 20)
        let (port, ends) = port(queue, AttemptGate(epoch: 0, opened: nil, missingSince: nil))
        func push(_ event: SourceEvent) { if isLive { port.pushLive(event) } else { _ = port.pushWaiting(event) } }
        for event in [.opened(live), .tracks([track]), packet(10), packet(20)] as [SourceEvent] { push(event) }
        #expect(names(queue) == ["opened", "tracks", "packet 0", "packet 0"])
        push(.end(SluiceError(.connectionLost, "it", why: "broke")))
        #expect(names(queue).isEmpty && ends.said.withLock(\.self).map(\.?.reason) == [.connectionLost])
        push(packet(30))
        push(.note("late"))
        port.tell(.cut)
        port.close()
        #expect(names(queue).isEmpty && ends.said.withLock(\.count) == 1, "nothing is heard after the end")
        #expect(port.isFinished && !queue.isFinished)
        #expect(port.gate.lastMedia == HostTime(milliseconds: 20))
    }

    @Test func aLaterAttempt_resumesWithItsFirstPacket() {
        let queue = EventQueue(bytes: nil)
        let (port, _) = port(queue, AttemptGate(epoch: 3, opened: live, missingSince: HostTime(milliseconds: 20)))
        for event in [.opened(live), .tracks([track]), .tracks([track, track])] as [SourceEvent] {
            port.pushLive(event)
        }
        #expect(names(queue).isEmpty)
        for event in [packet(520), .tracks([track]), packet(560)] as [SourceEvent] { port.pushLive(event) }
        #expect(names(queue) == ["resumed 3 500", "tracks", "packet 3", "tracks", "packet 3"])
    }

    @Test func anAttemptWithoutMedia_canBeAbandoned() {
        let queue = EventQueue(bytes: nil)
        let (silent, ends) = port(queue, AttemptGate(epoch: 0, opened: nil, missingSince: nil))
        #expect(silent.abandon() && !silent.abandon())
        silent.pushLive(packet(10))
        silent.close()
        #expect(names(queue).isEmpty && ends.said.withLock(\.isEmpty))
        let (lively, _) = port(queue, AttemptGate(epoch: 0, opened: nil, missingSince: nil))
        lively.pushLive(packet(10))
        #expect(!lively.abandon())
        lively.pushLive(packet(20))
        #expect(names(queue) == ["packet 0", "packet 0"])
    }

    @Test func aFile_keepsItsEndAndItsEpochs() {
        let queue = EventQueue(bytes: 1 << 20)
        let (port, ends) = port(queue, AttemptGate(epoch: 2, opened: nil, missingSince: .zero))
        for event in [.opened(file), packet(10), .end(nil), packet(20, epoch: 7), .end(nil)] as [SourceEvent] {
            #expect(port.pushWaiting(event))
        }
        #expect(names(queue) == ["opened", "resumed 2 10", "packet 2", "end", "packet 7", "end"])
        #expect(!port.abandon())
        port.close()
        #expect(queue.isFinished && ends.said.withLock(\.isEmpty))
    }

    @Test func aLiveStreamThatHasBecomeAFile_isOver() {
        let queue = EventQueue(bytes: 1 << 20)
        let (port, ends) = port(queue, AttemptGate(epoch: 1, opened: live, missingSince: .zero))
        #expect(!port.pushWaiting(.opened(file)))
        #expect(!port.pushWaiting(packet(10)))
        #expect(names(queue).isEmpty && ends.said.withLock(\.self) == [nil])
    }
}
