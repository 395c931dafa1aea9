// A stream of the built-in origin for one test: the whole chain, `stream-start` with a state directory of its own.
import Model
import TestSupport

/// Open for any publisher until `close`.
struct OriginStream: Sendable {
    /// Where to publish.
    var publish: String
    /// Where to watch.
    var rtmp: String
    var flv: String
    var hls: String
    private let place: TempDirectory
    private let environment: [String: String?]

    /// Opens a stream, hands it over, and closes it whatever happens.
    static func open(_ name: String = "demo", body: (OriginStream) async throws -> Void) async throws {
        let place = try TempDirectory("origin")
        let environment: [String: String?] = [
            "SLUICE_STATE_DIR": place.file("state"), "SLUICE_ORIGIN_LINGER": "1s",
        ]
        let run = try await SluiceBinary.run(
            ["stream-start", name, "--json", "--rtmp-port", "0", "--http-port", "0"], environment: environment)
        guard run.status == 0, let watch = run.result?["watch"], let rtmp = watch["rtmp"]?.string,
            let flv = watch["flv"]?.string, let hls = watch["hls"]?.string,
            let publish = run.result?["publish_url"]?.string
        else { throw LabError("stream-start: \(run.text) \(run.errors)") }
        let stream = OriginStream(
            publish: publish, rtmp: rtmp, flv: flv, hls: hls, place: place, environment: environment)
        do {
            try await body(stream)
        } catch {
            try await stream.close(name)
            throw error
        }
        try await stream.close(name)
    }

    private func close(_ name: String) async throws {
        let run = try await SluiceBinary.run(["stream-stop", name], environment: environment)
        guard run.status == 0 else { throw LabError("stream-stop: \(run.errors)") }
    }
}
