// One thread that makes fragments of a stream: reads tags, finds epochs, has an assembler make the bytes. FFmpeg's
// muxer runs here and never on the event loop.
import Media
import Model
import NIOCore
import Wire

/// Runs until its queue is closed. The results come in order.
final class Packager {
    private let thread: NamedThread

    /// - Parameters:
    ///   - name: Of the thread.
    ///   - assembler: Made and used on that thread.
    ///   - deliver: Called on that thread; must not block.
    ///   - finished: The last call of that thread.
    init(
        _ name: String, queue: BoundedQueue<PackagerItem>,
        assembler: @escaping @Sendable () -> some PacketAssembler,
        deliver: @escaping @Sendable ([PackagerOutput]) -> Void, finished: @escaping @Sendable () -> Void
    ) {
        thread = NamedThread(name) {
            var line = PackagingLine(assembler())
            var isOver = false
            while !isOver, case .element(let item) = queue.pop() {
                let made = line.take(item)
                if case .end = item { isOver = true }
                if line.hasFailed { isOver = true }
                if !made.isEmpty { deliver(made) }
            }
            finished()
        }
    }
}

/// From tags to outputs, without a thread.
struct PackagingLine<Assembler: PacketAssembler> {
    private var assembler: Assembler
    private var reader = FLVTagReader()
    private var gate = EpochGate()
    private var sound: SoundTimeline?
    private var carried: [Codec: Bool] = [:]
    private(set) var hasFailed = false

    init(_ assembler: Assembler) { self.assembler = assembler }

    mutating func take(_ item: PackagerItem) -> [PackagerOutput] {
        var made: [PackagerOutput] = []
        do throws(SluiceError) {
            switch item {
            case .tags(let tags, let arrival):
                for tag in tags { try read(tag, arrival, &made) }
            case .gap: gate.gap()
            case .end:
                try pass(gate.finish(), &made)
                made += try assembler.finish()
                made.append(.ended)
            }
        } catch {
            hasFailed = true
            made.append(.failed(error))
        }
        return made
    }

    private mutating func read(
        _ tag: FLVTag, _ arrival: HostTime, _ made: inout [PackagerOutput]
    ) throws(SluiceError) {
        for item in try reader.read(tag, arrival: arrival) {
            switch item {
            case .tracks(let tracks): gate.take(tracks.filter { carries($0.codec) })
            case .packet(let packet): try pass(gate.take(packet), &made)
            case .metadata, .missingHeader, .changedHeader, .damaged: break
            }
        }
    }

    private mutating func carries(_ codec: Codec) -> Bool {
        if let known = carried[codec] { return known }
        let answer = FragmentMuxer.carries(codec)
        carried[codec] = answer
        return answer
    }

    private mutating func pass(
        _ outputs: [EpochGate.Output], _ made: inout [PackagerOutput]
    ) throws(SluiceError) {
        for output in outputs {
            switch output {
            case .begin(let tracks):
                sound = tracks.first { $0.kind == .audio }.map { SoundTimeline($0) }
                made += try assembler.begin(tracks)
            case .packet(let packet):
                let placed = packet.kind == .audio ? sound?.place(packet) ?? packet : packet
                made += try assembler.add(placed)
            }
        }
    }
}
