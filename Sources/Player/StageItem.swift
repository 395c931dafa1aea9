// What the feed hands to the decoding threads.
import Model

enum StageItem: Sendable {
    /// New or changed parameters: open a decoder for them.
    case track(Track)
    case packet(Packet)
    /// The timeline broke. What was decoded before is thrown away; media before `notBefore` is decoded
    /// but neither shown nor heard.
    case flush(epoch: Int, notBefore: MediaTime?)
    /// Decode what is left, then stop.
    case end
}
