// The owner of one AVPacket.
import CFFmpeg
import Glibc
import Model

final class NativePacket {
    let raw: UnsafeMutablePointer<AVPacket>

    init() throws(SluiceError) {
        guard let made = av_packet_alloc() else { throw FFmpegFailure.outOfMemory("cannot make a packet") }
        raw = made
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVPacket>? = raw
        av_packet_free(&pointer)
    }

    /// Fills in a copy of `packet`, padded as decoders want it, with its times in ticks of `base`.
    func fill(_ packet: Packet, base: AVRational) throws(SluiceError) {
        av_packet_unref(raw)
        guard let size = Int32(exactly: packet.data.count), av_new_packet(raw, size) >= 0 else {
            throw FFmpegFailure.outOfMemory("cannot make a packet of \(packet.data.count) bytes")
        }
        packet.data.withUnsafeBytes { source in
            if let from = source.baseAddress, let to = raw.pointee.data { memcpy(to, from, source.count) }
        }
        raw.pointee.pts = packet.pts.ticks(in: base)
        raw.pointee.dts = packet.dts.ticks(in: base)
        raw.pointee.duration = packet.duration?.ticks(in: base) ?? 0
        raw.pointee.flags = packet.isKeyframe ? AV_PKT_FLAG_KEY : 0
    }
}

/// Gives a device or a peer a moment where FFmpeg offers nothing to wait on.
func pause(milliseconds: Int32) { _ = poll(nil, 0, milliseconds) }
