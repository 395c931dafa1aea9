import Media
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// The other file that a player leaves behind: sound as WAV.
@Suite struct PNGWaveTests {
    @Test func aFileHasItsTrueSizes() throws {
        let directory = try TempDirectory("wav")
        let path = directory.file("sound.wav")
        let writer = try WAVWriter(path: path, sampleRate: 48_000, channels: 2)
        try writer.write([Int16](repeating: 1000, count: 4800))
        try writer.write([Int16](repeating: -1000, count: 4800))
        writer.finish()
        let bytes = try #require(contents(ofFile: path))
        #expect(bytes.count == 44 + 19_200)
        #expect(Array(bytes[40..<44]) == [0x00, 0x4B, 0, 0])
        #expect(Array(bytes[4..<8]) == [0x24, 0x4B, 0, 0])
        #expect(Array(bytes[44..<46]) == [0xE8, 0x03])
        let told = Bench.run(
            "ffprobe -v error -show_entries stream=codec_name,sample_rate,channels,duration -of csv=p=0 \(path)")
        #expect(told == "pcm_s16le,48000,2,0.100000\n")
    }

    @Test func aPipeGetsUnknownSizes() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let writer = try WAVWriter(descriptor: ends[1], name: "standard output", sampleRate: 44_100, channels: 1)
        try writer.write([1, 2, 3])
        writer.finish()
        close(ends[1])
        var bytes = [UInt8](repeating: 0, count: 100)
        #expect(read(ends[0], &bytes, 100) == 50)
        #expect(bytes[40..<44].allSatisfy { $0 == 0xFF })
        close(ends[0])
    }

    @Test func whatCannotBeWrittenIsTold() throws {
        let missing = #expect(throws: SluiceError.self) {
            try WAVWriter(path: "/nonexistent-directory/a.wav", sampleRate: 48_000, channels: 2)
        }
        #expect(missing?.reason == .cannotCreate)
        let full = #expect(throws: SluiceError.self) {
            try WAVWriter(path: "/dev/full", sampleRate: 48_000, channels: 2)
        }
        #expect(full?.reason == .noSpace)
    }
}
