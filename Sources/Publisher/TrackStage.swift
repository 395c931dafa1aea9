// One track between its input and the outlet: copied as it is, or decoded and encoded on a thread of its own.
import Media
import Model

/// What an input hands to a stage.
enum StageInput: Sendable {
    case packet(Packet, captured: WallTime?)
    case frame(Frame, captured: WallTime?)
    /// New parameters of the source track.
    case track(Track)
    case end
}

protocol TrackStage: AnyObject, Sendable {
    /// May block while the stage is busy; false when the push is over.
    func accept(_ input: StageInput) throws(SluiceError) -> Bool
    /// Waits until everything accepted has left.
    func join()
}

/// Passes packets on as they are.
final class CopyStage: TrackStage {
    private let outlet: Outlet
    private let id: Int

    init(_ track: Track, id: Int, outlet: Outlet) throws(SluiceError) {
        self.outlet = outlet
        self.id = id
        try announce(track)
    }

    private func announce(_ track: Track) throws(SluiceError) {
        var renamed = track
        renamed.id = id
        try outlet.announce(renamed)
    }

    func accept(_ input: StageInput) throws(SluiceError) -> Bool {
        switch input {
        case .packet(var packet, let captured):
            packet.track = id
            try outlet.send(packet, mark: captured, isEncoded: false)
        case .track(let track): try announce(track)
        case .end: try outlet.ended(id)
        case .frame: preconditionFailure("frames are never copied")
        }
        return true
    }

    func join() {}
}

/// Decodes where need be and encodes, on its own thread, so that one track's work never holds up another.
final class EncodeStage: TrackStage {
    private let queue: BoundedQueue<StageInput>
    private let failure = Monitor<SluiceError?>(nil)
    private let thread: NamedThread

    /// - Parameter coder: Made by the caller, used by the stage's thread alone from here on.
    init(name: String, coder: sending any TrackCoder, onFailure: @escaping @Sendable (SluiceError) -> Void) {
        let queue = BoundedQueue<StageInput>(limit: 16)
        let failure = failure
        self.queue = queue
        let given = Handed(value: coder)
        thread = NamedThread(name) {
            do throws(SluiceError) {
                while case .element(let input) = queue.pop() {
                    try given.value.code(input)
                    if case .end = input { break }
                }
            } catch {
                failure.withLock { $0 = error }
                onFailure(error)
            }
            queue.close()
        }
    }

    func accept(_ input: StageInput) throws(SluiceError) -> Bool {
        if let error = failure.read(\.self) { throw error }
        return queue.push(input)
    }

    func join() {
        queue.close()
        thread.join()
    }
}

/// Turns packets or frames into packets of another codec. One thread at a time.
protocol TrackCoder: AnyObject {
    func code(_ input: StageInput) throws(SluiceError)
}
