// One chain of FFmpeg filters, described by a text such as "fps=30,scale=1280:720". Adapts itself to its
// input; knows nothing of what the filters do.
import CFFmpeg
public import Model

/// A graph with one input and one output. One thread at a time.
public final class FilterGraph {
    /// `.video` or `.audio`.
    public let kind: TrackKind
    /// In the syntax of `ffmpeg -vf` and `-af`.
    public let description: String
    private let frameRate: Rational?
    private var graph: UnsafeMutablePointer<AVFilterGraph>?
    // Owned by the graph.
    private var source: UnsafeMutablePointer<AVFilterContext>?
    private var sink: UnsafeMutablePointer<AVFilterContext>?
    private var input: Input?
    private var ready: [Frame] = []
    private var epoch = 0

    /// - Parameter frameRate: What the input is said to have, for filters that ask; nil where unknown.
    /// - Throws: `usage` for an unknown filter or option, and for a graph with other than one input and output.
    public init(_ kind: TrackKind, _ description: String, frameRate: Rational? = nil) throws(SluiceError) {
        self.kind = kind
        let isBlank = description.allSatisfy(\.isWhitespace)
        self.description = isBlank ? (kind == .video ? "null" : "anull") : description
        self.frameRate = frameRate
        try FilterDescription.validate(self.description)
    }

    deinit { avfilter_graph_free(&graph) }

    /// Takes one frame; nil says that no more will come. Collect with `pull` after each.
    ///
    /// When size, format or layout change, what the old graph still holds comes out first. A new epoch throws
    /// it away instead. Frames need a time.
    /// - Throws: `usage` when the filters cannot work with this input.
    public func push(_ frame: Frame?) throws(SluiceError) {
        guard let frame else {
            guard let source else { return }
            try FFmpegFailure.check(av_buffersrc_add_frame_flags(source, nil, 0), what, phase: .filter)
            return
        }
        guard frame.kind == kind else {
            throw SluiceError(.internal, what, why: "it is given \(frame.kind.rawValue)")
        }
        let wanted = Input(frame)
        if frame.epoch != epoch {
            reset()
            epoch = frame.epoch
        } else if wanted != input {
            try drain()
        }
        if graph == nil {
            try configure(for: frame)
            input = wanted
        }
        guard let copy = av_frame_clone(frame.raw) else { throw FFmpegFailure.outOfMemory(what) }
        defer {
            var unused: UnsafeMutablePointer<AVFrame>? = copy
            av_frame_free(&unused)
        }
        copy.pointee.pts = frame.pts.ticks(in: SLUICE_NANOSECONDS)
        sluice_frame_set_duration(copy, frame.duration?.nanoseconds ?? 0)
        if kind == .video, copy.pointee.colorspace == AVCOL_SPC_UNSPECIFIED {
            // The filters may change the size, and with it what would be guessed.
            copy.pointee.colorspace = ColourTags.guessed(for: frame)
        }
        try FFmpegFailure.check(av_buffersrc_add_frame_flags(source, copy, 0), what, phase: .filter)
    }

    /// The next frame that is finished; nil when more input is needed or all is out.
    public func pull() throws(SluiceError) -> Frame? {
        if !ready.isEmpty { return ready.removeFirst() }
        return try take()
    }

    /// Throws away everything that is inside.
    public func reset() {
        avfilter_graph_free(&graph)
        source = nil
        sink = nil
        input = nil
        ready = []
    }

    // MARK: Inside

    private struct Input: Equatable {
        var format: Int32
        var first: Int
        var second: Int
        var aspect: Rational?
        var layout: String

        init(_ frame: Frame) {
            format = frame.raw.pointee.format
            first = frame.kind == .video ? frame.width : frame.sampleRate
            second = frame.kind == .video ? frame.height : frame.channels
            aspect = frame.kind == .video ? frame.sampleAspect : nil
            layout = frame.kind == .audio ? ChannelLayouts.identity(of: frame) : ""
        }
    }

    private var what: String { "cannot apply the filter \"\(description)\"" }

    private func drain() throws(SluiceError) {
        guard let source else { return }
        if av_buffersrc_add_frame_flags(source, nil, 0) >= 0 {
            while let frame = try take() { ready.append(frame) }
        }
        let kept = ready
        reset()
        ready = kept
    }

    private func take() throws(SluiceError) -> Frame? {
        guard let sink else { return nil }
        guard let raw = av_frame_alloc() else { throw FFmpegFailure.outOfMemory(what) }
        let status = av_buffersink_get_frame(sink, raw)
        let base = av_buffersink_get_time_base(sink)
        guard status >= 0 else {
            var unused: UnsafeMutablePointer<AVFrame>? = raw
            av_frame_free(&unused)
            if status == SLUICE_ERROR_AGAIN || status == SLUICE_ERROR_EOF { return nil }
            throw FFmpegFailure.error(status, what, phase: .filter)
        }
        let pts = MediaTime(ticks: raw.pointee.pts, base: base)
        let duration = duration(of: raw, base, av_buffersink_get_frame_rate(sink))
        return Frame(owning: raw, kind: kind, pts: pts, duration: duration, epoch: epoch)
    }

    /// The filters of 5.1 pass a frame's own duration on without minding the new time base.
    private func duration(
        of raw: UnsafeMutablePointer<AVFrame>, _ base: AVRational, _ frameRate: AVRational
    ) -> Span? {
        if kind == .audio {
            return Span(
                ticks: Int64(raw.pointee.nb_samples), base: AVRational(num: 1, den: raw.pointee.sample_rate))
        }
        if frameRate.isUsable { return Span(ticks: 1, base: AVRational(num: frameRate.den, den: frameRate.num)) }
        return base.num == 1 && base.den == SLUICE_NANOSECONDS.den
            ? Span(ticks: sluice_frame_duration(raw), base: base) : nil
    }

    private func configure(for frame: Frame) throws(SluiceError) {
        do throws(SluiceError) {
            try build(for: frame)
        } catch {
            reset()
            throw error
        }
    }

    private func build(for frame: Frame) throws(SluiceError) {
        graph = avfilter_graph_alloc()
        guard let graph else { throw FFmpegFailure.outOfMemory(what) }
        // Pictures pass one by one: more threads would only wait for each other.
        graph.pointee.nb_threads = 1
        let names = kind == .video ? ("buffer", "buffersink") : ("abuffer", "abuffersink")
        guard let source = avfilter_graph_alloc_filter(graph, avfilter_get_by_name(names.0), "in"),
            let sink = avfilter_graph_alloc_filter(graph, avfilter_get_by_name(names.1), "out")
        else { throw FFmpegFailure.outOfMemory(what) }
        let rate = frameRate?.native ?? AVRational(num: 0, den: 1)
        try FFmpegFailure.check(
            processing_describe_source(source, frame.raw, SLUICE_NANOSECONDS, rate), what, phase: .filter)
        try FFmpegFailure.check(avfilter_init_str(source, nil), what, phase: .filter)
        // Some filters lose the names of channels; their count is enough for what comes after.
        if kind == .audio { av_opt_set_int(sink, "all_channel_counts", 1, AV_OPT_SEARCH_CHILDREN) }
        try FFmpegFailure.check(avfilter_init_str(sink, nil), what, phase: .filter)
        var outputs = avfilter_inout_alloc()
        var inputs = avfilter_inout_alloc()
        defer {
            avfilter_inout_free(&outputs)
            avfilter_inout_free(&inputs)
        }
        guard outputs != nil, inputs != nil else { throw FFmpegFailure.outOfMemory(what) }
        outputs?.pointee.name = av_strdup("in")
        outputs?.pointee.filter_ctx = source
        inputs?.pointee.name = av_strdup("out")
        inputs?.pointee.filter_ctx = sink
        try FFmpegFailure.check(
            avfilter_graph_parse_ptr(graph, description, &inputs, &outputs, nil), what, phase: .filter)
        try FFmpegFailure.check(avfilter_graph_config(graph, nil), what, phase: .filter)
        self.source = source
        self.sink = sink
    }
}
