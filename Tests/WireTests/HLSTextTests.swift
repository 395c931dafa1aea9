// The small languages inside playlists: attribute lists, dates, references.
import Model
import Testing

@testable import Wire

@Suite struct HLSTextTests {
    @Test func attributeLists() {
        let list = HLSAttributes(" A=1 , B=\"x, y=z\",c=0xAB,D=,E=\"\" ,F=640x360,G=\"open")
        #expect(list["A"] == "1" && list["B"] == "x, y=z" && list["C"] == "0xAB" && list["D"] == "")
        #expect(list["E"] == "" && list["G"] == "open" && list["H"] == nil)
        #expect(list.integer("A") == 1 && list.integer("B") == nil)
        #expect(list.resolution("F")?.width == 640 && list.resolution("A") == nil)
        #expect(list.sixteenBytes("C") == [UInt8](repeating: 0, count: 15) + [0xAB])
        #expect(HLSAttributes("")["A"] == nil && HLSAttributes("=,=")[""] == "")
    }

    @Test func decimals() {
        for (text, value) in [("4", 4.0), (" 9.009 ", 9.009), ("-2.5", -2.5), (".5", 0.5)] {
            #expect(HLSText.decimal(text[...]) == value)
        }
        for text in ["", "-", ".", "1e5", "inf", "nan", "0x10", "1.2.3", "1 2", "--1"] {
            #expect(HLSText.decimal(text[...]) == nil, "\(text)")
        }
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2000-02-29T12:00:00Z", 951_825_600_000),
        ("2026-11-20T20:14:42.123Z", 1_795_205_682_123), ("2026-11-20T20:14:42,123", 1_795_205_682_123),
        ("2026-11-21T04:14:42.123+08:00", 1_795_205_682_123), ("2026-11-21T04:14:42.123+0800", 1_795_205_682_123),
        ("2026-11-20T15:14:42.123-05", 1_795_205_682_123), ("2026-11-21T01:44:42.1234567+05:30", 1_795_205_682_123),
        ("2026-11-20 20:14Z", 1_795_205_640_000), ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("2100-03-01T00:00:00Z", 4_107_542_400_000), ("2261-12-31T23:59:59Z", 9_214_646_399_000),
        ("2024-12-31T23:59:59.999Z", 1_735_689_599_999),
    ]) func dates(_ text: String, _ milliseconds: Int64) throws {
        let time = try #require(WallTime(iso8601: text[...]))
        #expect(time.wholeMilliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026-11-20", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
        "2026-11-20T25:00:00Z", "2026-11-20T20:60:00Z", "2026-11-20T20:14:42.Z", "2026-11-20T20:14:42+8:00",
        "2026-11-20T20:14:42Zx", "1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z", "2026-11-20T20:14:42+99:00",
        "２０26-11-20T20:14:42Z",
    ]) func notDates(_ text: String) {
        #expect(WallTime(iso8601: text[...]) == nil)
    }

    /// RFC 3986 5.4 where it applies to playlists.
    @Test(arguments: [
        ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"), ("/g", "http://a/g"),
        ("//g", "http://g"), ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q"),
        ("g#s", "http://a/b/c/g"), (";x", "http://a/b/c/;x"), ("", "http://a/b/c/d;p?q"), (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"), ("..", "http://a/b/"), ("../", "http://a/b/"), ("../g", "http://a/b/g"),
        ("../..", "http://a/"), ("../../g", "http://a/g"), ("../../../g", "http://a/g"), ("/./g", "http://a/g"),
        ("/../g", "http://a/g"), ("g.", "http://a/b/c/g."), ("..g", "http://a/b/c/..g"), ("./../g", "http://a/b/g"),
        ("g/./h", "http://a/b/c/g/h"), ("g/../h", "http://a/b/c/h"), ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("https://x/y/../z", "https://x/y/../z"), ("g:h", "g:h"),
        ("2024-01-01T00:00:00.ts", "http://a/b/c/2024-01-01T00:00:00.ts"),
    ]) func references(_ reference: String, _ expected: String) {
        #expect(URIReference.resolve(reference, against: "http://a/b/c/d;p?q") == expected)
    }

    @Test func otherBases() {
        #expect(URIReference.resolve("s.ts", against: "http://host") == "http://host/s.ts")
        #expect(URIReference.resolve("s.ts", against: "http://host?x=/y") == "http://host/s.ts")
        #expect(URIReference.resolve("s.ts", against: "/var/hls/i.m3u8") == "/var/hls/s.ts")
        #expect(URIReference.resolve("s.ts", against: "i.m3u8") == "s.ts")
        #expect(URIReference.resolve("../s.ts", against: "hls/i.m3u8") == "s.ts")
        #expect(URIReference.resolve("../../s.ts", against: "hls/i.m3u8") == "../s.ts")
        #expect(URIReference.resolve("//h/a.ts", against: "https://[::1]:8080/x/y.m3u8") == "https://h/a.ts")
        #expect(URIReference.resolve("a.ts", against: "https://[::1]:8080/x/y.m3u8") == "https://[::1]:8080/x/a.ts")
    }
}
