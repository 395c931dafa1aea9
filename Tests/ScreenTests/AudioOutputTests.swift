import Model
import Testing

@testable import Screen

extension Devices {
    @Suite(.serialized) struct AudioOutputTests {
        @Test func theDummyDevicePlaysWhatIsWritten() throws {
            set("SDL_AUDIODRIVER", "dummy")
            let audio = try AudioOutput(sampleRate: 48000, channels: 2, bufferFrames: 512)
            defer { audio.close() }
            #expect(audio.driverName == "dummy" && audio.bufferFrames == 512)
            let samples = [Float](repeating: 0.1, count: 2 * 4800)
            #expect(samples.withUnsafeBufferPointer { audio.write($0) } == 4800)
            #expect(eventually { audio.position.frames == 4800 && audio.counters.underruns == 1 })
            let behind = (HostTime.now() - audio.position.at).magnitude
            #expect(behind < .milliseconds(200))
            audio.close()
            let taken = audio.deviceFrames
            #expect(!eventually(within: .milliseconds(50)) { audio.deviceFrames != taken })
        }

        @Test func theGateHoldsTheDummyDevice() throws {
            set("SDL_AUDIODRIVER", "dummy")
            let audio = try AudioOutput(sampleRate: 48000, channels: 1, bufferFrames: 256)
            defer { audio.close() }
            #expect(eventually { audio.deviceFrames > 48000 / 10 })
            let due = HostTime.now() + .milliseconds(200)
            audio.start(at: due)
            let samples = [Float](repeating: 0.1, count: 48000)
            #expect(samples.withUnsafeBufferPointer { audio.write($0) } == 48000)
            #expect(eventually { audio.position.state == .playing })
            let heard = audio.position.heard(0, sampleRate: 48000)
            #expect((heard - due).magnitude < .milliseconds(20), "heard \((heard - due).milliseconds) ms off")
        }

        @Test func aMissingDeviceIsAnErrorThatSaysWhatToDo() {
            set("SDL_AUDIODRIVER", "no-such-driver")
            defer { set("SDL_AUDIODRIVER", "dummy") }
            let error = #expect(throws: SluiceError.self) { try AudioOutput() }
            #expect(error?.reason == .unreachable)
            #expect(error?.hint?.contains("--ao null") == true)
        }
    }
}
