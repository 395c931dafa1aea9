import Model
import Testing

@Suite struct MediaAddressTests {
    @Test func rtmpURL_splitsIntoItsParts() throws {
        let address = try MediaAddress("rtmp://bob:p%40ss@example.org:1936/live/demo?txSecret=abc&txTime=5D")
        #expect(address.scheme == .rtmp)
        #expect(address.user == "bob")
        #expect(address.password == "p@ss")
        #expect(address.host == "example.org")
        #expect(address.port == 1936)
        #expect(address.path == "/live/demo")
        #expect(address.query == "txSecret=abc&txTime=5D")
    }

    @Test(arguments: [
        ("rtmp://u:p@h/live/x?txSecret=abc&txTime=5D", "rtmp://***@h/live/x?txSecret=***&txTime=5D"),
        ("srt://h:1?passphrase=longsecret&latency=9", "srt://h:1?passphrase=***&latency=9"),
        ("http://h/a.flv?token=t", "http://h/a.flv?token=***"),
        (
            "cannot open rtmp://u:p@h/x and http://h/?key=1 now",
            "cannot open rtmp://***@h/x and http://h/?key=*** now"
        ),
        ("clip.mp4", "clip.mp4"), ("monkey=3", "monkey=3"),
    ])
    func secrets_areNotPrinted(raw: String, shown: String) {
        #expect(MediaAddress.redact(raw) == shown)
    }

    @Test(arguments: [
        ("p%40ss", "p@ss"), ("%C3%a9t%C3%A9", "été"), ("100%", "100%"), ("%4", "%4"), ("%+1%zz%-0", "%+1%zz%-0"),
        ("%25%34%31", "%41"), ("", ""), ("%FF", "\u{FFFD}"),
    ])
    func percentSigns_standForBytes(written: String, meant: String) {
        #expect(written.percentDecoded == meant)
        #expect(("(" + written).dropFirst().percentDecoded == meant)
    }

    @Test(arguments: ["clip.mp4", "/a/b c.mp4", "./x:y.ts", "file:///tmp/x.mp4", "C:thing"])
    func paths_areFiles(text: String) throws {
        #expect(try MediaAddress(text).scheme == .file)
    }

    @Test(arguments: ["gopher://h/x", "rtmp:///live/x", "http://h:0/x", "rtmp://h:99999/x"])
    func badURLs_areUsageErrors(text: String) {
        #expect { try MediaAddress(text) } throws: { ($0 as? SluiceError)?.reason == .usage }
    }

    @Test func ipv6_hostLosesItsBrackets() throws {
        let address = try MediaAddress("rtmp://[::1]:1935/live/x")
        #expect(address.host == "::1")
        #expect(address.port == 1935)
    }
}
