// What headers promise and media keep: sequence headers, FLV flags, declared tracks that stay silent.
import Intake
import Model

enum HeaderFindings {
    /// A track that has not come by then is not coming.
    static let patience = Span.seconds(2.5)
    /// A track that stops this long before the other does has fallen silent.
    static let silence = Span.seconds(3)

    static func of(_ observation: StreamObservation, _ measured: Measurements) -> [Finding] {
        sequenceHeaders(observation) + flags(observation, measured) + silentTracks(observation, measured)
            + damage(observation)
    }

    private static func sequenceHeaders(_ observation: StreamObservation) -> [Finding] {
        let facts = observation.facts
        return [TrackKind.video, .audio].flatMap { kind -> [Finding] in
            var found: [Finding] = []
            if let count = facts.missingHeaders[kind], count > 0 {
                found.append(
                    Finding(
                        .fail, "missing_sequence_header",
                        "\(kind.rawValue) comes without the sequence header that decodes it",
                        [.init("track", .string(kind.rawValue)), .init("count", .int(count))]))
            }
            let told = facts.changedHeaders[kind]
            if told != nil || facts.changes[kind] != nil {
                let parameters = facts.changes[kind].map { ": now \($0)" } ?? ""
                found.append(
                    Finding(
                        .warn, "changed_sequence_header",
                        "the sequence header of \(kind.rawValue) changes in mid-stream\(parameters)",
                        [
                            .init("track", .string(kind.rawValue)), .init("count", .int(max(1, told?.count ?? 0))),
                            .init(
                                "at_s",
                                .array(
                                    (told?.examples.map(\.at) ?? facts.changePlaces[kind] ?? []).map {
                                        .number($0.seconds)
                                    })),
                        ]))
            }
            return found
        }
    }

    private static func flags(_ observation: StreamObservation, _ measured: Measurements) -> [Finding] {
        guard let header = observation.facts.header else { return [] }
        return [(TrackKind.video, header.hasVideo), (.audio, header.hasAudio)].compactMap { kind, isFlagged in
            let packets = observation.packets(of: kind)
            guard isFlagged ? packets == 0 && measured.observed >= patience : packets > 0,
                !lacksHeader(observation, kind)
            else { return nil }
            return Finding(
                .warn, "wrong_header_flags",
                isFlagged
                    ? "the FLV header announces \(kind.rawValue), but none comes: FFmpeg's players wait for it"
                    : "the FLV header announces no \(kind.rawValue), but it comes: some players never look",
                [
                    .init("track", .string(kind.rawValue)), .init("flag", .bool(isFlagged)),
                    .init("packets", .int(packets)), .init("observed_s", .number(measured.observed.seconds)),
                ])
        }
    }

    private static func silentTracks(_ observation: StreamObservation, _ measured: Measurements) -> [Finding] {
        [TrackKind.video, .audio].compactMap { kind in
            let isAnnounced = observation.tracks.contains { $0.track.kind == kind }
            let isClaimed = observation.facts.claims.flatMap { kind == .video ? $0.hasVideo : $0.hasAudio } ?? false
            guard isAnnounced || isClaimed, !lacksHeader(observation, kind) else { return nil }
            let packets = observation.packets(of: kind)
            if packets == 0 {
                guard measured.observed >= patience else { return nil }
                // A server that waits for a key frame holds the picture back, for a GOP at most.
                let isPatient = kind == .video && measured.observed <= PictureFindings.overlongGOP
                return Finding(
                    isPatient && observation.packets > 0 ? .info : .warn, "silent_track",
                    "\(kind.rawValue) is declared, but none comes in \(Words.length(measured.observed))",
                    [
                        .init("track", .string(kind.rawValue)), .init("packets", .int(0)),
                        .init("observed_s", .number(measured.observed.seconds)),
                    ])
            }
            return fallenSilent(observation, kind)
        }
    }

    /// It comes and cannot be used, which is a finding of its own: it is not silent.
    private static func lacksHeader(_ observation: StreamObservation, _ kind: TrackKind) -> Bool {
        observation.facts.missingHeaders[kind, default: 0] > 0
    }

    /// Files end their tracks where they like; a live track that stops is a fault.
    private static func fallenSilent(_ observation: StreamObservation, _ kind: TrackKind) -> Finding? {
        guard observation.isLive, !observation.isSegmented,
            let this = kind == .video ? observation.video : observation.audio,
            let other = kind == .video ? observation.audio : observation.video,
            let last = this.lastArrival, let otherLast = other.lastArrival, otherLast - last >= silence,
            otherLast - last >= (this.timeline.typicalStep ?? .zero) * 4
        else { return nil }
        return Finding(
            .warn, "silent_track", "\(kind.rawValue) falls silent, for \(Words.length(otherLast - last)) so far",
            [
                .init("track", .string(kind.rawValue)), .init("packets", .int(this.packets)),
                .init("silent_s", .number((otherLast - last).seconds)),
                .init("at_s", Words.seconds(this.timeline.last)),
            ])
    }

    private static func damage(_ observation: StreamObservation) -> [Finding] {
        let facts = observation.facts
        let broken = observation.tracks.reduce(0) { $0 + $1.damaged }
        guard facts.damaged + broken > 0 else { return [] }
        let why = facts.firstDamage?.text ?? "a NAL unit is longer than its packet"
        return [
            Finding(
                .warn, "damaged", "damaged packets: \(facts.damaged + broken), the first: \(why)",
                [
                    .init("count", .int(facts.damaged + broken)), .init("packets", .int(observation.packets)),
                    .init("at_s", Words.seconds(facts.firstDamage?.at)),
                ])
        ]
    }
}
