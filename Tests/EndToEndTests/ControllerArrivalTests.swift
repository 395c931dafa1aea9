// Controllers of playback behind live, on streams whose every arrival is planned: where the live edge is, and
// sound that keeps to the picture.
import Model
import TestSupport
import Testing

extension ControllerTests {
    /// The way to the viewer is long at first, then short, then long for good: the live edge is where the fastest
    /// packets of the recent past are.
    @Test func arrivalModel_findsTheEdgeOfAWayThatChanges() async throws {
        let (short, long) = (6_000, 13_000)
        let detour = 1_500.0
        let directory = try TempDirectory("edge")
        var stream = PlantedStream(try await HandmadeFLV.clip(in: directory, seconds: 34, bFrames: 0))
        var last = 0.0
        for index in stream.items.indices {
            let stamp = stream.items[index].tag.timestamp
            let isLong = stamp < short || stamp >= long
            // In order, as a connection delivers.
            last = max(last, Double(stamp) + (isLong ? detour : 0))
            stream.items[index].at = last
            if stream.items[index].tag.isVideo, stream.items[index].tag.isMedia {
                stream.items[index].mark = .milliseconds(Double(stamp) - last)
            }
        }
        let server = try stream.serve()
        let play = try SluiceBinary.start([
            "play", server.url("live/cam.flv"), "--target-delay", "300ms", "--skip-above", "1s", "--vo", "null",
            "--ao", "null", "--json",
        ])
        func reaches(
            _ what: Comment, within limit: Double,
            _ condition: @escaping @Sendable (_ latency: Double, _ delay: Double) -> Bool
        ) async {
            let isThere = await eventually(within: .seconds(limit), every: .milliseconds(50)) {
                guard let latency = play.status("latency_ms").last, let delay = play.status("delay_ms").last else {
                    return false
                }
                return condition(latency, delay)
            }
            #expect(isThere, "\(what): \(play.status("latency_ms")), \(play.status("delay_ms"))")
        }
        await reaches("what comes late is live all the same", within: 12) { $0 > 1_600 && abs($1 - 300) < 100 }
        await reaches("it could be nearer", within: 14) { $0 < 600 && abs($1 - 300) < 100 }
        await reaches("further away again", within: 14) { $0 > 1_600 && $1 > 1_500 }
        await reaches("what is late for good is live", within: 18) { $0 > 1_600 && $1 < 600 }
        _ = await play.interrupt()
    }
}
