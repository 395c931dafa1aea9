// Sound in another rate, layout or storage. Keeps no timeline of its own: it tells its delay, and whoever
// asks keeps the time.
import CFFmpeg
public import Model

/// Converts blocks of sound one after the other; the input may change at any block. One thread at a time.
public final class Resampler {
    /// What comes out.
    public let output: AudioFormat
    private var context: OpaquePointer?
    private var input: Input?
    private var correction: Double = 0
    private var isSteered = false

    private struct Input: Equatable {
        var rate: Int32
        var format: AVSampleFormat
        var layout: String
    }

    /// - Throws: `usage` for a format that is not possible.
    public init(output: AudioFormat) throws(SluiceError) {
        guard (1...768_000).contains(output.sampleRate), (1...64).contains(output.channels) else {
            throw SluiceError(
                .usage, "cannot convert sound",
                why: "\(output.sampleRate) Hz with \(output.channels) channels is not possible")
        }
        self.output = output
    }

    deinit { swr_free(&context) }

    // MARK: Converting

    /// The block in the output format, as floats with the channels interleaved. May be empty at first.
    ///
    /// - Throws: `usage` unless the output is `.float`; `unsupported_codec` for a layout that cannot be mixed.
    public func floats(_ frame: Frame) throws(SluiceError) -> [Float] {
        try samples(frame, of: .float)
    }

    /// As `floats`, for an output of `.int16`.
    public func int16s(_ frame: Frame) throws(SluiceError) -> [Int16] {
        try samples(frame, of: .int16)
    }

    /// The block as a frame in the output format; nil while the resampler still fills up.
    ///
    /// Its time is that of its first sample: the input's, less what was held back from before.
    public func convert(_ frame: Frame) throws(SluiceError) -> Frame? {
        let held = delay
        return try makeFrame(frame, pts: frame.pts.map { $0 - held }, epoch: frame.epoch)
    }

    /// What is still held back, as floats; the resampler then starts afresh.
    public func flushFloats() throws(SluiceError) -> [Float] { try samples(nil, of: .float) }

    /// What is still held back, as 16-bit samples; the resampler then starts afresh.
    public func flushInt16s() throws(SluiceError) -> [Int16] { try samples(nil, of: .int16) }

    /// What is still held back as a frame without a time, or nil; the resampler then starts afresh.
    public func flush() throws(SluiceError) -> Frame? { try makeFrame(nil, pts: nil, epoch: 0) }

    /// Throws away what is held back, for use after a seek.
    public func reset() {
        swr_free(&context)
        input = nil
    }

    /// How much sound is held back inside.
    public var delay: Span {
        guard context != nil else { return .zero }
        return Span(nanoseconds: swr_get_delay(context, 1_000_000_000))
    }

    // MARK: Steering

    /// Makes more (positive) or fewer samples than the rates say, until changed: 0.001 plays 0.1 % longer.
    ///
    /// Up to about ±0.005 it is not heard as a change of pitch. Takes effect with the next block. The first
    /// non-zero value switches the resampling filter on, which holds back about 16 samples from then on.
    public var rateCorrection: Double {
        get { correction }
        set { correction = max(-0.05, min(0.05, newValue.isFinite ? newValue : 0)) }
    }

    /// Adds `delta` samples (or removes, when negative), spread over the next `distance` samples of output.
    ///
    /// Ends by itself. Overridden by a `rateCorrection` other than 0.
    /// - Throws: `internal` when nothing was converted yet or `delta` is out of proportion.
    public func compensate(samples delta: Int, over distance: Int) throws(SluiceError) {
        let what = "cannot steer the sound"
        guard context != nil, distance > 0, abs(delta) * 10 <= distance else {
            throw SluiceError(.internal, what, why: "\(delta) samples over \(distance) cannot be spread")
        }
        try FFmpegFailure.check(
            swr_set_compensation(context, Int32(clamping: delta), Int32(clamping: distance)), what, phase: .codec)
    }

    private func applyCorrection() throws(SluiceError) {
        guard correction != 0 || (isSteered && context != nil) else { return }
        // The library counts the distance down with the output and then stops correcting, so each block
        // arms it anew; a long distance keeps the fraction exact to one sample in half a million.
        let distance: Int32 = 500_000
        let delta = Int32((correction * Double(distance)).rounded())
        try FFmpegFailure.check(
            swr_set_compensation(context, delta, distance), "cannot steer the sound", phase: .codec)
        isSteered = correction != 0
    }

    // MARK: Inside

    private func samples<Sample: Numeric>(
        _ frame: Frame?, of kind: SampleKind
    ) throws(SluiceError) -> [Sample] {
        guard output.sample == kind else {
            throw SluiceError(.internal, "cannot convert sound", why: "the output is not \(kind)")
        }
        let job = try prepare(frame)
        let channels = output.channels
        var failure: SluiceError?
        let result = [Sample](unsafeUninitializedCapacity: job.capacity * channels) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            let bytes = UnsafeMutableRawPointer(base)
            do throws(SluiceError) {
                count = channels * (try run(frame, job, [bytes.assumingMemoryBound(to: UInt8.self)]))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return result
    }

    private func makeFrame(_ frame: Frame?, pts: MediaTime?, epoch: Int) throws(SluiceError) -> Frame? {
        let job = try prepare(frame)
        guard job.capacity > 0 else { return nil }
        let made = try Frame.audio(
            samples: job.capacity, sampleRate: output.sampleRate, channels: output.channels,
            format: output.sample.native, pts: pts, epoch: epoch)
        let planeCount = output.sample.isPlanar ? output.channels : 1
        var planes: [UnsafeMutablePointer<UInt8>] = []
        for index in 0..<planeCount {
            guard let plane = made.raw.pointee.extended_data[index] else { break }
            planes.append(plane)
        }
        let count = try run(frame, job, planes)
        made.raw.pointee.nb_samples = Int32(count)
        return count > 0 ? made : nil
    }

    private struct Job {
        /// Room, in samples, for whatever may come out.
        var capacity: Int
        /// The converter of the former input, to be drained first.
        var former: OpaquePointer?
    }

    private func prepare(_ frame: Frame?) throws(SluiceError) -> Job {
        guard let frame else {
            guard context != nil else { return Job(capacity: 0) }
            let former = context
            context = nil
            input = nil
            return Job(capacity: Int(max(0, swr_get_out_samples(former, 0))) + 64, former: former)
        }
        guard frame.kind == .audio, frame.sampleCount > 0 else {
            throw SluiceError(.internal, "cannot convert sound", why: "the frame holds no sound")
        }
        var job = Job(capacity: 0)
        let wanted = Input(
            rate: frame.raw.pointee.sample_rate, format: frame.sampleFormatValue,
            layout: ChannelLayouts.identity(of: frame))
        if wanted != input || context == nil {
            let former = context
            context = nil
            input = nil
            do throws(SluiceError) {
                context = try configure(for: frame)
            } catch {
                var unused = former
                swr_free(&unused)
                throw error
            }
            input = wanted
            isSteered = false
            if former != nil {
                job.former = former
                job.capacity += Int(max(0, swr_get_out_samples(former, 0))) + 64
            }
        }
        try applyCorrection()
        job.capacity += Int(max(0, swr_get_out_samples(context, frame.raw.pointee.nb_samples))) + 64
        return job
    }

    /// Converts into `planes` and returns how many samples were made.
    private func run(
        _ frame: Frame?, _ job: Job, _ planes: [UnsafeMutablePointer<UInt8>]
    ) throws(SluiceError) -> Int {
        let what = "cannot convert sound"
        let step = output.sample.byteCount * (output.sample.isPlanar ? 1 : output.channels)
        var count = 0
        if job.former != nil {
            var former = job.former
            defer { swr_free(&former) }
            var out: [UnsafeMutablePointer<UInt8>?] = planes
            let made = processing_swr_convert(former, &out, Int32(clamping: job.capacity), nil, 0)
            count += Int(try FFmpegFailure.check(made, what, phase: .codec))
        }
        guard let frame, let data = frame.raw.pointee.extended_data else { return count }
        var out: [UnsafeMutablePointer<UInt8>?] = planes.map { $0 + count * step }
        let made = processing_swr_convert(
            context, &out, Int32(clamping: job.capacity - count), data, frame.raw.pointee.nb_samples)
        count += Int(try FFmpegFailure.check(made, what, phase: .codec))
        return count
    }

    private func configure(for frame: Frame) throws(SluiceError) -> OpaquePointer {
        let what = "cannot convert sound"
        var source = AVChannelLayout()
        var target = AVChannelLayout()
        defer {
            av_channel_layout_uninit(&source)
            av_channel_layout_uninit(&target)
        }
        try ChannelLayouts.read(frame, into: &source)
        av_channel_layout_default(&target, Int32(output.channels))
        var made: OpaquePointer?
        let status = swr_alloc_set_opts2(
            &made, &target, output.sample.native, Int32(output.sampleRate), &source, frame.sampleFormatValue,
            frame.raw.pointee.sample_rate, 0, nil)
        try FFmpegFailure.check(status, what, phase: .codec)
        // Left alone, the library scales a down-mix only for integers, and float sound would be clipped.
        av_opt_set_double(UnsafeMutableRawPointer(made), "rematrix_maxval", 1, 0)
        let opened = swr_init(made)
        guard opened >= 0, let made else {
            swr_free(&made)
            throw SluiceError(
                .unsupportedCodec, what,
                why: "no way from \(ChannelLayouts.identity(of: frame)) at \(frame.sampleRate) Hz to "
                    + "\(output.channels) channels at \(output.sampleRate) Hz", code: Int(opened))
        }
        return made
    }
}

enum ChannelLayouts {
    /// The frame's layout, made definite: "two channels, unknown which" becomes stereo.
    static func read(_ frame: Frame, into layout: inout AVChannelLayout) throws(SluiceError) {
        if frame.raw.pointee.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC {
            av_channel_layout_default(&layout, frame.raw.pointee.ch_layout.nb_channels)
        } else {
            try FFmpegFailure.check(
                av_channel_layout_copy(&layout, &frame.raw.pointee.ch_layout), "cannot convert sound", phase: .codec
            )
        }
    }

    /// A text that differs where layouts differ, e.g. "5.1(side)".
    static func identity(of frame: Frame) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let base = buffer.baseAddress,
                av_channel_layout_describe(&frame.raw.pointee.ch_layout, base, 256) > 0
            else { return "\(frame.channels) channels" }
            return String(cString: base)
        }
    }
}
