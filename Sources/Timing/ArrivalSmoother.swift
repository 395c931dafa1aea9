// Gives frames of a live source without timestamps a smooth timeline that follows their arrival.
public import Model

/// A second-order loop over arrival times: the stamps advance by the learnt period and lean a little
/// towards each arrival, so jitter is smoothed while a camera at 30.01 fps gains no delay.
public struct ArrivalSmoother: Sendable {
    private var period: Span
    private let nominal: Span
    private var last: HostTime?

    /// - Parameter nominal: Declared time between frames.
    public init(nominal: Span) {
        self.nominal = max(nominal, .milliseconds(1))
        period = self.nominal
    }

    /// The stamp of a frame that arrived at `arrival`; strictly later than the stamp before.
    public mutating func stamp(arrival: HostTime) -> HostTime {
        guard let last else {
            self.last = arrival
            return arrival
        }
        let predicted = last + period
        let error = arrival - predicted
        var stamp: HostTime
        if error.magnitude > max(.milliseconds(200), nominal * 4) {
            // A hole or a jump: no amount of smoothing explains it.
            stamp = arrival
            period = nominal
        } else {
            // Early frames pull hard (an early arrival proves that the stamps were late), late ones
            // gently: lateness is mostly jitter.
            let gain = error < .zero ? 0.3 : 0.05
            stamp = predicted + error * gain
            period = min(max(period + error * (gain * 0.05), nominal * 0.8), nominal * 1.25)
        }
        if stamp <= last { stamp = last + .microseconds(100) }
        self.last = stamp
        return stamp
    }
}
