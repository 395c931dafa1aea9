// A playlist's facts in the report.
import Intake
import Model

struct HLSValues: Sendable {
    var targetDuration: Span
    var segments: Int
    var shortest: Span?
    var median: Span?
    var longest: Span?
    var discontinuities: Int
    var isEnded: Bool
    /// Wall clock − date of the newest segment's end, when it was first seen; the least of several.
    var edgeAge: Span?
    var variants: [VariantFacts]

    /// nil for anything but HLS.
    init?(_ facts: ObservedFacts) {
        guard let list = facts.playlist else { return nil }
        targetDuration = list.latest.targetDuration
        let lengths = list.segmentDurations.sorted()
        segments = lengths.count
        shortest = lengths.first
        median = lengths.isEmpty ? nil : lengths[lengths.count / 2]
        longest = lengths.last
        discontinuities = max(list.latest.discontinuities, facts.cuts)
        isEnded = list.latest.isEnded
        edgeAge = list.edgeAges.min()
        variants = facts.variants
    }

    var json: JSONValue {
        .object([
            .init("target_duration_s", .number(targetDuration.seconds)),
            .init("segments", .int(segments)),
            .init(
                "segment_s",
                .object([
                    .init("min", .optional(shortest?.seconds)), .init("median", .optional(median?.seconds)),
                    .init("max", .optional(longest?.seconds)),
                ])),
            .init("discontinuities", .int(discontinuities)),
            .init("ended", .bool(isEnded)),
            .init("edge_age_ms", .optional(edgeAge?.milliseconds)),
            .init(
                "variants",
                .array(
                    variants.map {
                        .object([
                            .init("bandwidth_kbps", .optional($0.bandwidth.map { Double($0) / 1000 })),
                            .init("width", .optional($0.width)), .init("height", .optional($0.height)),
                            .init("codecs", .optional($0.codecs)),
                        ])
                    })),
        ])
    }
}
