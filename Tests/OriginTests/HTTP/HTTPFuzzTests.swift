// The corpus of the HTTP fuzzer through the function that the fuzzer calls; and what real clients, as it has them,
// are answered.
import NIOCore
import TestSupport
import Testing

@testable import Origin

extension Web {
    @Suite(.timeLimit(.minutes(3))) struct HTTPFuzzTests {
        private static let names = FuzzCorpus.names("http")

        @Test func everyInput_isReadInAnOrdinaryWay() {
            let fuzz = HTTPFuzz()
            defer { fuzz.close() }
            #expect(Self.names.count > 30)
            for name in Self.names { fuzz.read(FuzzCorpus.bytes("http", name)) }
        }

        @Test func damagedInputs_areReadInAnOrdinaryWay() {
            let fuzz = HTTPFuzz()
            defer { fuzz.close() }
            let marks = Array("\r\n %/:\0\u{7F}".utf8)
            for name in Self.names {
                let bytes = FuzzCorpus.bytes("http", name)
                for step in 0..<12 where !bytes.isEmpty {
                    var damaged = bytes
                    damaged[(step * 37 + bytes.count / 3) % bytes.count] = marks[step % marks.count]
                    fuzz.read(damaged)
                    fuzz.read(Array(bytes.prefix(bytes.count * step / 12)))
                }
            }
        }

        /// Of each input the answers that its client gets.
        private static let statuses: [String: [Int]] = [
            "chromium": [404, 206, 404], "curl": [200], "curl-head": [200], "curl-http1.0": [200],
            "curl-put": [413], "curl-range": [206], "curl-two": [200, 200], "ffmpeg": [200], "ffmpeg-hls": [200],
            "ffmpeg-hls-2": [206], "gstreamer": [200], "mpv": [200], "mpv-hls": [200], "mpv-hls-2": [206],
            "mpv-hls-3": [206], "vlc": [200], "vlc-hls": [200], "vlc-hls-2": [200], "wget": [200],

            "absolute": [200], "chunked": [413], "connect": [400], "expects": [413], "feed-http1.0": [200],
            "half": [400], "http2": [400], "http9": [400], "injected": [400], "long": [414], "many": [],
            "no-host": [400], "nobody": [400], "pipelined": [200, 200, 503, 404, 200, 405, 200],
            "preflight": [204], "ranges": [206, 206, 416, 200, 200, 200, 404], "rtmp": [400], "smuggled": [400],
            "tls": [400], "traversed": [404, 400], "upgrade": [200], "waits": [404],
        ]

        @Test func requestsGetWhatTheyAskFor() {
            let origin = FuzzedOrigin()
            defer { origin.close() }
            #expect(Set(Self.names) == Set(Self.statuses.keys))
            for name in Self.names {
                let session = Array(origin.session.utf8)
                let bytes = HTTPFuzz.filled(FuzzCorpus.bytes("http", name), session: session)
                let answers = FuzzConversation(origin, [ByteBuffer(bytes: bytes)]).answers
                #expect(answers.map(\.status) == Self.statuses[name], "\(name)")
                // The request that came behind one for a stream is not answered: so the connection ends.
                if name == "waits" { #expect(answers.first?.fields["connection"] == "close") }
            }
        }
    }
}
