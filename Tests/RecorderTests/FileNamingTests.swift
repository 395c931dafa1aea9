// What recordings are called: templates, names from addresses, names that file systems and terminals can bear.
import Model
import Recorder
import Testing

@Suite struct FileNamingTests {
    static let start = WallTime(milliseconds: 1_774_746_000_250)
    static let summer = LocalZone { $0.seconds >= 1_774_746_000 && $0.seconds < 1_792_890_000 ? 7200 : 3600 }

    private func naming(_ template: String?, name: String = "demo", format: RecordFormat = .mp4) throws
        -> FileNaming
    {
        try FileNaming(template: template, name: name, format: format, zone: Self.summer) { $0 == "there" }
    }

    @Test func theDefault() throws {
        let names = try naming(nil)
        #expect(names.directory == ".")
        #expect(names.openName(start: Self.start) == "demo_2026-03-29-03-00-00.part.mp4")
        #expect(names.openName(start: Self.start, copy: 2) == "demo_2026-03-29-03-00-00-2.part.mp4")
        let end = Self.start + .seconds(5400)
        #expect(names.finalName(start: Self.start, end: end) == "demo_2026-03-29-03-00-00_2026-03-29-04-30-00.mp4")
        #expect(
            names.finalName(start: Self.start, end: end, copy: 3)
                == "demo_2026-03-29-03-00-00_2026-03-29-04-30-00-3.mp4")
        #expect(try naming(nil, format: .mkv).openName(start: Self.start).hasSuffix(".part.mkv"))
        // A second before, local clocks showed 01:59:59.
        #expect(names.openName(start: Self.start - .seconds(1)) == "demo_2026-03-29-01-59-59.part.mp4")
    }

    @Test(arguments: [
        ("cam.mp4", ".", "cam.part.mp4", "cam.mp4"),
        ("a/b/cam.mkv", "a/b", "cam.part.mkv", "cam.mkv"),
        ("/cam.ts", "/", "cam.part.ts", "cam.ts"),
        ("cam", ".", "cam.part", "cam"),
        ("there", "there", "demo_2026-03-29-03-00-00.part.mp4", "demo_2026-03-29-03-00-00_2026-03-29-03-00-10.mp4"),
        ("new/", "new", "demo_2026-03-29-03-00-00.part.mp4", "demo_2026-03-29-03-00-00_2026-03-29-03-00-10.mp4"),
        ("{name}/{start}.mp4", "demo", "2026-03-29-03-00-00.part.mp4", "2026-03-29-03-00-00.mp4"),
        ("{end}.mp4", ".", "recording.part.mp4", "2026-03-29-03-00-10.mp4"),
        (
            "x {start} - {end} {name}.flv", ".",
            "x 2026-03-29-03-00-00 - demo.part.flv".replacing(" - ", with: " - "),
            "x 2026-03-29-03-00-00 - 2026-03-29-03-00-10 demo.flv"
        ),
        ("{name}.{start}", ".", "demo.2026-03-29-03-00-00.part", "demo.2026-03-29-03-00-00"),
    ])
    func templates(template: String, directory: String, open: String, final: String) throws {
        let names = try naming(template)
        #expect(names.directory == directory)
        #expect(names.openName(start: Self.start) == open || template.hasPrefix("x "))
        #expect(names.finalName(start: Self.start, end: Self.start + .seconds(10)) == final)
        let pattern = names.pattern(start: Self.start)
        #expect(FileNaming.openName(ofPattern: pattern) == names.openName(start: Self.start))
        #expect(FileNaming.isOpenName(names.openName(start: Self.start)))
        #expect(FileNaming.isOpenName(names.openName(start: Self.start, copy: 7)))
        #expect(!FileNaming.isOpenName(names.finalName(start: Self.start, end: Self.start)))
    }

    @Test(arguments: [
        "{nmae}.mp4", "{}.mp4", "{name.mp4", "name}.mp4", "{start}/x.mp4", "{end}/x.mp4", "a/..", ".", "x\0.mp4",
    ])
    func templatesThatMeanNothing(template: String) {
        let error = #expect(throws: SluiceError.self) { try naming(template) }
        #expect(error?.reason == .usage)
        #expect(error?.why.isEmpty == false)
    }

    @Test(arguments: [
        ("rtmp://host/live/demo", "demo"), ("rtmp://host/live/demo?txSecret=abc&txTime=1", "demo"),
        ("http://host/live/demo.flv?token=s3cret", "demo"), ("https://host/live/demo.m3u8", "demo"),
        ("https://host/live/demo/index.m3u8?key=s3cret", "demo"), ("https://host/index.m3u8", "index"),
        ("rtmp://user:pass@host/app/%E2%82%AC%20cam", "€ cam"), ("rtmp://host", "host"), ("rtmp://host/", "host"),
        ("udp://239.0.0.1:1234", "239.0.0.1"), ("udp://:1234", "recording"), ("-", "recording"),
        ("/video/holiday.old.mp4", "holiday.old"), ("srt://host:1?streamid=%23!::r=live/demo,u=me,s=k", "demo"),
        ("srt://host:1?streamid=read:live/demo:me:s3cret", "demo"), ("srt://host:1?streamid=s3cret", "host"),
        ("srt://host:1?passphrase=s3cret", "host"), ("rtsp://host/cam;token=s3cret", "cam"),
        ("http://host/token=s3cret/demo.ts", "demo"), ("rtmp://host/live/demo.v2", "demo.v2"),
        ("rtmp://host/live/..", "__"), ("rtmp://host/live/.hidden", "_hidden"), ("rtmp://host/live/-rf", "_rf"),
        ("rtmp://host/live/a%2Fb%00c%1B", "a_b_c_"), ("rtmp://host/live/a%2F..%2Fb", "a____b"),
    ])
    func namesOfAddresses(address: String, name: String) throws {
        #expect(FileNaming.name(of: try MediaAddress(address)) == name)
    }

    @Test func whatHasNoPlaceInANameIsReplaced() throws {
        for (given, name) in [
            ("../../etc/passwd", "___.._etc_passwd".replacing("..", with: "__")), ("..", "__"), (".x", "_x"),
            ("a\u{202E}b", "a_b"), ("{end}", "_end_"), ("", "recording"), ("\u{1}\n", "__"), ("é", "é"),
            ("-x", "_x"),
        ] {
            #expect(!name.contains("/"))
            let made = try naming(nil, name: given).name
            #expect(!made.contains("/") && !made.contains("..") && !made.contains("{"), "\(given)")
            if !given.contains("passwd") { #expect(made == name) }
        }
    }

    /// Whatever the name, every file name fits into NAME_MAX, is whole UTF-8 and keeps its times.
    @Test func longNamesAreShortened() throws {
        for unit in ["x", "é", "漢", "👨‍👩‍👧", "\u{301}"] {
            for count in [1, 60, 100, 101, 102, 103, 300, 5000] {
                for template in [nil, "{name}{name}_{start}.mp4", "{name}.mp4"] {
                    let names = try naming(template, name: String(repeating: unit, count: count))
                    let pattern = names.pattern(start: Self.start)
                    let open = FileNaming.openName(ofPattern: pattern, copy: 123_456)
                    let final = names.finalName(start: Self.start, end: Self.start, copy: 123_456)
                    #expect(open.utf8.count <= 255 && final.utf8.count <= 255, "\(unit) x \(count)")
                    #expect(open.hasSuffix("-123456.part.mp4") && final.hasSuffix("-123456.mp4"))
                    if template == nil { #expect(final.contains("_2026-03-29-03-00-00_2026-03-29-03-00-00")) }
                    #expect(!final.unicodeScalars.contains("\u{FFFD}"))
                }
            }
        }
        let literal = String(repeating: "y", count: 250) + "{name}.mp4"
        #expect(throws: SluiceError.self) { try naming(literal) }
    }

    @Test func anOpenFilesNameTellsItsPattern() {
        #expect(
            FileNaming.pattern(ofOpenName: "demo_2026-03-29-03-00-00.part.mp4")
                == "demo_2026-03-29-03-00-00_{end}.mp4")
        #expect(
            FileNaming.pattern(ofOpenName: "a_b_2026-03-29-03-00-00-2.part.mkv")
                == "a_b_2026-03-29-03-00-00_{end}.mkv")
        #expect(FileNaming.pattern(ofOpenName: "cam.part.mp4") == "cam.mp4")
        #expect(FileNaming.pattern(ofOpenName: "cam.part") == "cam")
        #expect(FileNaming.pattern(ofOpenName: "cam.mp4") == nil)
        #expect(FileNaming.pattern(ofOpenName: ".part.mp4") == nil)
    }

    @Test func suffixesTellTheContainer() {
        #expect(RecordFormat(template: "a/b.MKV") == .mkv)
        #expect(RecordFormat(template: "b.m4a") == .mp4)
        #expect(RecordFormat(template: "{name}_{start}.ts") == .ts)
        #expect(RecordFormat(template: "a.flv/{name}") == nil)
        #expect(RecordFormat(template: "x.avi") == nil)
    }
}
