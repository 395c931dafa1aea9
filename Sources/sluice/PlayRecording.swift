// `play --record`: what is played goes to a recorder as well. Composed here because the two capabilities never
// import each other. A recording that fails is told of at once and counted at the end; the play goes on.
import Model
import Recorder
import Synchronization

/// Safe from any thread; the play calls it from one.
final class PlayRecording: PacketSink, Sendable {
    private let sink: RecordingQueue
    private let console: Console
    private let state = Mutex<SluiceError?>(nil)

    /// One file; the directory is made where it is missing.
    init(_ source: MediaAddress, path: String, console: Console) throws(SluiceError) {
        var settings = RecordSettings(source: source)
        settings.output = .template(path)
        settings.format = try ContainerName.format(of: path, option: "--record")
        settings.segment = nil
        // What is played comes at the pace of playing, whatever it is.
        sink = RecordingQueue(try Recording(settings, isLive: true, reporter: console), reporter: console)
        self.console = console
    }

    /// What ended the recording before its time.
    var failure: SluiceError? { state.withLock(\.self) }

    func begin(tracks: [Track]) throws(SluiceError) {
        do throws(SluiceError) { try sink.begin(tracks: tracks) } catch { throw told(error) }
    }

    func write(_ packet: Packet) throws(SluiceError) {
        do throws(SluiceError) { try sink.write(packet) } catch { throw told(error) }
    }

    /// Also after a failure: what was written is closed as far as it goes.
    func finish() throws(SluiceError) {
        do throws(SluiceError) { try sink.finish() } catch { throw told(error) }
    }

    /// Paths of what is there after `finish`: one, unless the stream changed on the way.
    var files: [String] { sink.files.map(\.path) }

    /// The first one counts.
    private func told(_ error: SluiceError) -> SluiceError {
        let error = error.midStream()
        let isFirst = state.withLock { failure in
            defer { failure = failure ?? error }
            return failure == nil
        }
        if isFirst { console.fail(error) }
        return error
    }
}
