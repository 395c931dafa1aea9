// How decoded sound gets into its output: each plan of playback has its own way, and all look the same to the stage.
import Model
import Screen

/// Belongs to the audio thread.
protocol SoundPacing: AnyObject {
    /// What the resampler is to add before the next call of `play`: a positive value makes the sound longer.
    var rateCorrection: Double { get }
    /// Writes samples that follow the ones before, unless their time says otherwise.
    func play(_ samples: [Float], pts: MediaTime, into sink: any AudioSink) throws(SluiceError)
    /// Another timeline: nothing that was written before counts any more. The output is empty.
    func reset(epoch: Int)
}

extension AudioSink {
    /// How long what is queued lasts.
    var queued: Span { Span(seconds: Double(queuedFrames) / Double(sampleRate)) }

    /// Takes as many whole frames as there is room for.
    /// - Returns: The number of frames taken.
    @discardableResult func write(_ samples: ArraySlice<Float>) -> Int {
        samples.isEmpty ? 0 : samples.withUnsafeBufferPointer { write($0) }
    }

    func insertSilence(_ span: Span) {
        let count = Int(span.seconds * Double(sampleRate)) * channels
        guard count > 0 else { return }
        write([Float](repeating: 0, count: count)[...])
    }
}
