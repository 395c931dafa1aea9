// What lies between SDL's callback and the ear, by backend: SDL does not tell, so it is known from
// reading the backends and from measurement.
internal import Model

enum AudioLatency {
    static func estimate(driver: String, bufferFrames: Int, sampleRate: Int) -> Span {
        let buffer = Span(seconds: Double(bufferFrames) / Double(sampleRate))
        switch driver {
        case "pulseaudio", "pipewire": return buffer * 2
        case "alsa": return buffer * 2
        default: return buffer
        }
    }
}
