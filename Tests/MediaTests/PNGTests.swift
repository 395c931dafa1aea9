import Media
import Model
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct PNGTests {
    @Test func aPictureIsReadableAndHasItsSize() throws {
        let directory = try TempDirectory("png")
        let path = directory.file("shot.png")
        let pattern = try TestPattern(width: 320, height: 180, frameRate: Rational(30, 1))
        try PNGWriter.write(pattern.frame(at: 0, wall: .now()), to: path)
        let told = Bench.run(
            "ffprobe -v error -show_entries stream=codec_name,width,height,pix_fmt -of csv=p=0 \(path)")
        #expect(told == "png,320,180,rgb24\n")
    }

    @Test func pixelsBecomeSquare() throws {
        let directory = try TempDirectory("png")
        let path = directory.file("shot.png")
        let frame = try Bench.plain(640, 480, y: 100, u: 128, v: 128)
        let narrow = try Scaler(width: 360, height: 480).scale(frame)
        try PNGWriter.write(narrow, to: path)
        let told = Bench.run("ffprobe -v error -show_entries stream=width,height -of csv=p=0 \(path)")
        #expect(told == "640,480\n")
    }

    @Test func anOlderFileIsReplacedAndNoDraftStays() throws {
        let directory = try TempDirectory("png")
        let path = try directory.write([1, 2, 3], to: "shot.png")
        try PNGWriter.write(Bench.plain(64, 48, y: 100, u: 128, v: 128), to: path)
        #expect(contents(ofFile: path)?.starts(with: [0x89, 0x50, 0x4E, 0x47]) == true)
        #expect(Bench.run("ls \(directory.path)") == "shot.png\n")
    }

    @Test func aPathThatCannotBeIsTold() throws {
        let frame = try Bench.plain(64, 48, y: 100, u: 128, v: 128)
        let missing = #expect(throws: SluiceError.self) {
            try PNGWriter.write(frame, to: "/nonexistent-directory/shot.png")
        }
        #expect(missing?.reason == .cannotCreate)
        let directory = try TempDirectory("png")
        mkdir(directory.file("taken"), 0o755)
        let taken = #expect(throws: SluiceError.self) { try PNGWriter.write(frame, to: directory.file("taken")) }
        #expect(taken?.reason == .cannotCreate)
        #expect(Bench.run("ls \(directory.path)") == "taken\n")
    }

    @Test func twoHundredSnapshotsLeaveNothing() throws {
        let frame = try Bench.plain(320, 180, y: 100, u: 128, v: 128)
        let isFlat = try Bench.isFlat { _ = try PNGWriter.encode(frame) }
        #expect(isFlat)
    }
}
