// How clients divide one and the same address.
import Testing

@testable import Wire

@Suite struct RTMPStreamNameTests {
    @Test(arguments: [
        // FFmpeg, librtmp, OBS
        ("live", "rtmp://h/live", "demo", "live", "demo"),
        ("live/", "rtmp://h/live/", "/demo", "live", "demo"),
        // three parts: FFmpeg takes two of them for the application
        ("live/x", "rtmp://h/live/x", "demo", "live", "x/demo"),
        ("live", "", "x/demo", "live", "x/demo"),
        // everything in OBS's field for the server
        ("live/demo", "rtmp://h/live/demo", "", "live", "demo"),
        ("live/_definst_", "", "demo", "live", "demo"), ("live", "", "_definst_/demo", "live", "demo"),
        // FFmpeg and Flash write what kind of file they think it is
        ("live", "", "mp4:demo.mp4", "live", "demo"), ("live", "", "mp4:demo", "live", "demo"),
        ("live", "", "mp3:demo", "live", "demo"), ("live", "", "flv:demo", "live", "demo"),
        ("live", "", "demo.flv", "live", "demo"), ("live", "", "demo.mp4", "live", "demo.mp4"),
        ("live", "", ".flv", "live", ".flv"), ("live", "", "flvdemo", "live", "flvdemo"),
        ("", "", "demo", "demo", ""), ("", "", "", "", ""), ("//", "", "///", "", ""),
    ])
    func parts(app: String, tcUrl: String, playpath: String, wantedApp: String, wantedName: String) {
        #expect(
            RTMPStreamName(app: app, tcUrl: tcUrl, playpath: playpath)
                == RTMPStreamName(app: wantedApp, name: wantedName))
    }

    @Test func queries_areFoundWhereverTheyStand() {
        let everywhere = RTMPStreamName(
            app: "live?a=1", tcUrl: "rtmp://h/live?a=1&t=2", playpath: "demo.flv?gop=0&merge=350ms?x&b==1&a=9")
        #expect(everywhere.app == "live" && everywhere.name == "demo")
        #expect(
            everywhere.query.map { "\($0.key)=\($0.value)" } == [
                "gop=0", "merge=350ms", "x=", "b==1", "a=9", "a=1", "t=2",
            ])
        #expect(everywhere.value(of: "gop") == "0")
        #expect(everywhere.value(of: "a") == "9")
        #expect(everywhere.value(of: "x") == "")
        #expect(everywhere.value(of: "none") == nil)
    }

    @Test func aQueryOfNothing_isNone() {
        #expect(RTMPStreamName(app: "live?", tcUrl: "?", playpath: "demo?&&").query.isEmpty)
    }

    @Test func tenThousandParameters_areNotKept() {
        let many = (0..<10_000).map { "k\($0)=v" }.joined(separator: "&")
        #expect(RTMPStreamName(app: "live", playpath: "demo?" + many).query.count == 64)
    }
}
