// What lies between SDL's callback and the ear, by backend. SDL does not tell, so it is known from the
// backends' buffering and from measurement.
//
// PulseAudio (SDL 2.26.5, server 16.1, null sink, 48 kHz; clicks gated to known host times, heard in
// `parec` on the sink's monitor; eight clicks a run). SDL asks for a server buffer of one callback
// (10.7 ms for 512 frames), which breaks up as soon as anything else runs; PULSE_LATENCY_MSEC overrides
// it. Latency as heard on the monitor, gaps in 8 s on an idle machine and with two busy loops on its two
// cores, our own and the server's share of a core when idle:
//
//     PULSE_LATENCY_MSEC   heard after   gaps idle   gaps busy   CPU ours + server
//     unset                7 ms          2           23          1.4 + 4.5 %
//     20                   14 ms         0           18          0.8 + 2.4 %
//     25                   17 ms         0           29          0.8 + 2.4 %
//     30                   22–24 ms      0           0           0.8 + 2.4 %
//     40                   29 ms         1           0           0.7 + 2.1 %
//
// Hence 30 ms. The callback's size (256 … 1024 frames) made no difference to what is heard, so it stays
// small. A null sink passes samples to its monitor when it mixes them, a card a little later: real
// devices are nearer to the full 30 ms, so the estimate lies in between.
internal import Model

enum AudioLatency {
    /// - Parameter pulseMilliseconds: PULSE_LATENCY_MSEC as it stands in the environment.
    static func estimate(
        driver: String, bufferFrames: Int, sampleRate: Int, pulseMilliseconds: String?
    ) -> Span {
        let buffer = Span(seconds: Double(bufferFrames) / Double(sampleRate))
        switch driver {
        case "pulseaudio":
            guard let text = pulseMilliseconds, let asked = Double(text), (1...2000).contains(asked) else {
                return buffer
            }
            return Span.milliseconds(asked * 0.85)
        // Two periods of one callback each; the callback comes when the second one is being played. What
        // a plug-in behind "default" adds is not known.
        case "alsa", "pipewire": return buffer * 1.5
        default: return buffer
        }
    }
}
