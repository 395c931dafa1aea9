// A graphics device that decodes video: opened once for a play, shared by the decoders that use it.
import CFFmpeg
import Glibc
public import Model

/// VAAPI on the first render node that takes it.
/// Safe because the buffer is only ever referenced: FFmpeg counts its owners atomically, and the device behind it
/// is made for use by several decoders.
public final class HardwareDevice: @unchecked Sendable {
    let reference: UnsafeMutablePointer<AVBufferRef>
    /// The render node, e.g. "/dev/dri/renderD128".
    public let path: String

    private static let what = "cannot use a graphics device"

    /// Opens the device; may take some milliseconds while the driver is loaded.
    /// - Throws: `.unreachable` where there is no device or no driver for it.
    public init() throws(SluiceError) {
        let nodes = (128..<136).map { "/dev/dri/renderD\($0)" }.filter { (node: String) in
            access(node, R_OK | W_OK) == 0
        }
        // Asked without a node FFmpeg would try the X server as well, and libva would talk to the terminal.
        guard !nodes.isEmpty else {
            throw SluiceError(.unreachable, Self.what, why: "this machine has no graphics device that may be used")
        }
        setenv("LIBVA_MESSAGING_LEVEL", "0", 0)
        for node in nodes {
            var made: UnsafeMutablePointer<AVBufferRef>?
            if av_hwdevice_ctx_create(&made, AV_HWDEVICE_TYPE_VAAPI, node, nil, 0) >= 0, let made {
                reference = made
                path = node
                return
            }
        }
        throw SluiceError(.unreachable, Self.what, why: "\(nodes[0]) has no driver for VAAPI")
    }

    deinit {
        var pointer: UnsafeMutablePointer<AVBufferRef>? = reference
        av_buffer_unref(&pointer)
    }

    /// Whether the picture lies in the device's memory.
    static func holds(_ frame: UnsafeMutablePointer<AVFrame>) -> Bool { frame.pointee.hw_frames_ctx != nil }

    /// Copies a picture out of the device's memory, with all that is known of it.
    /// - Returns: The copy, owned by the caller.
    static func fetch(
        _ frame: UnsafeMutablePointer<AVFrame>
    ) throws(SluiceError) -> UnsafeMutablePointer<AVFrame> {
        guard let copy = av_frame_alloc() else { throw FFmpegFailure.outOfMemory("cannot decode") }
        var status = av_hwframe_transfer_data(copy, frame, 0)
        if status >= 0 { status = av_frame_copy_props(copy, frame) }
        guard status >= 0 else {
            var pointer: UnsafeMutablePointer<AVFrame>? = copy
            av_frame_free(&pointer)
            throw FFmpegFailure.error(status, "cannot fetch a picture from the graphics device", phase: .codec)
        }
        return copy
    }
}
