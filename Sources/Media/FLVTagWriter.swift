// Tracks and packets → FLV tags for RTMP and HTTP-FLV. Pure: no I/O, no clock, no FFmpeg. Brings Annex B and
// ADTS into the form that FLV wants, and keeps time strictly rising on each track.
public import Model
import NIOCore
public import Wire

/// Carries the first video and the first audio track it is given.
public struct FLVTagWriter: Sendable {
    /// How HEVC is named: by FourCC (enhanced RTMP) or by number 12, as Chinese CDNs expect.
    public enum HEVCForm: Sendable { case enhanced, legacy }

    /// Packets that could not be brought into FLV's form.
    public private(set) var damagedPackets = 0

    private var video: FLVElementary?
    private var audio: FLVElementary?
    private let hevcForm: HEVCForm
    private let encoder: String
    private var origin: Int64?
    private var latest: Int64 = 0

    /// Whether FLV has a place for the codec at all.
    public static func carries(_ codec: Codec) -> Bool {
        FLVElementary.form(codec, .video, .enhanced) != nil || FLVElementary.form(codec, .audio, .enhanced) != nil
    }

    /// - Throws: `unsupported_codec` for a track that FLV cannot carry, `no_media` without any track.
    public init(tracks: [Track], hevcForm: HEVCForm = .enhanced, encoder: String = "sluice") throws(SluiceError) {
        self.hevcForm = hevcForm
        self.encoder = encoder
        try adopt(tracks)
    }

    private mutating func adopt(_ tracks: [Track]) throws(SluiceError) {
        let picture = tracks.first { $0.kind == .video && !$0.isAttachedPicture }
        let sound = tracks.first { $0.kind == .audio }
        guard picture != nil || sound != nil else {
            throw SluiceError(.noMedia, "cannot send as FLV", why: "there is neither picture nor sound")
        }
        if let picture {
            let last = video?.lastTime
            video = try FLVElementary(picture, hevcForm)
            video?.lastTime = last
        } else {
            video = nil
        }
        if let sound {
            let last = audio?.lastTime
            audio = try FLVElementary(sound, hevcForm)
            audio?.lastTime = last
        } else {
            audio = nil
        }
    }

    /// onMetaData and those sequence headers that are known already, all at time 0 (readers ignore later
    /// onMetaData). Where a header is still unknown, `tags(for:)` puts it before the first key frame.
    public mutating func header() -> [FLVTag] { headerTags(at: 0) }

    /// The tracks have changed: what to send before their next packets.
    /// - Throws: as `init`.
    public mutating func update(tracks: [Track]) throws(SluiceError) -> [FLVTag] {
        try adopt(tracks)
        return headerTags(at: latest)
    }

    private mutating func headerTags(at time: Int64) -> [FLVTag] {
        let stamp = UInt32(truncatingIfNeeded: time)
        var tags = [FLVTag(kind: .script, timestamp: stamp, body: metadata())]
        if let body = video?.sequenceHeader() { tags.append(FLVTag(kind: .video, timestamp: stamp, body: body)) }
        if let body = audio?.sequenceHeader() { tags.append(FLVTag(kind: .audio, timestamp: stamp, body: body)) }
        return tags
    }

    /// The tags that carry `packet`, with a sequence header before it where one is due. Empty where it belongs
    /// to no carried track, has no time, or cannot be decoded by anybody yet (no parameters known).
    public mutating func tags(for packet: Packet) -> [FLVTag] {
        guard let order = packet.orderTime else {
            damagedPackets += 1
            return []
        }
        // FLV knows no time below zero. Packets come in the order of their times, so the first one decides.
        if origin == nil { origin = min(0, order.wholeMilliseconds) }
        let shift = origin ?? 0
        let dts = max(0, order.wholeMilliseconds - shift)
        let pts = packet.pts.map { $0.wholeMilliseconds - shift } ?? dts
        do {
            var made: [FLVTag] = []
            if packet.track == video?.trackID {
                made = try video?.tags(packet, dts: dts, pts: pts) ?? []
            } else if packet.track == audio?.trackID {
                made = try audio?.tags(packet, dts: dts, pts: pts) ?? []
            }
            latest = max(latest, dts)
            return made
        } catch {
            damagedPackets += 1
            return []
        }
    }

    private func metadata() -> ByteBuffer {
        var fields = [AMF0Field("duration", .number(0))]
        if let video {
            let picture = video.track.video
            if let width = picture?.width, let height = picture?.height, width > 0, height > 0 {
                fields += [
                    AMF0Field("width", .number(Double(width))), AMF0Field("height", .number(Double(height))),
                ]
            }
            if let rate = picture?.frameRate?.positiveValue { fields.append(AMF0Field("framerate", .number(rate))) }
            if let rate = video.track.bitRate {
                fields.append(AMF0Field("videodatarate", .number(Double(rate) / 1000)))
            }
            fields.append(AMF0Field("videocodecid", .number(video.codecNumber)))
        }
        if let audio {
            let sound = audio.track.audio
            if let rate = audio.track.bitRate {
                fields.append(AMF0Field("audiodatarate", .number(Double(rate) / 1000)))
            }
            if let rate = sound?.sampleRate, rate > 0 {
                fields.append(AMF0Field("audiosamplerate", .number(Double(rate))))
            }
            fields.append(AMF0Field("audiosamplesize", .number(16)))
            fields.append(AMF0Field("stereo", .boolean((sound?.channels ?? 2) >= 2)))
            fields.append(AMF0Field("audiocodecid", .number(audio.codecNumber)))
        }
        fields.append(AMF0Field("encoder", .string(encoder)))
        return AMF0Value.encode([.string("onMetaData"), .ecmaArray(fields)])
    }
}
