// Names and ids: they stand in file names and addresses as they are.
import Testing

@testable import Channels

@Suite struct ChannelNameTests {
    @Test(arguments: ["demo", "a", "7", "Studio-2_b.c", String(repeating: "x", count: 64)])
    func names(_ text: String) { #expect(ChannelName(text)?.text == text) }

    @Test(arguments: [
        "", ".", "..", ".hidden", "-x", "_x", "a/b", "a b", "ä", "a\n", "a?b", "a%2e",
        String(repeating: "x", count: 65),
    ])
    func noNames(_ text: String) { #expect(ChannelName(text) == nil) }

    @Test(arguments: ["demo", "-", "a_b-C9", String(repeating: "x", count: 128)])
    func streamIDs(_ text: String) { #expect(StreamID(text)?.text == text) }

    @Test(arguments: ["", "a.flv", "a/b", "a?b=c", "ö", String(repeating: "x", count: 129)])
    func noStreamIDs(_ text: String) { #expect(StreamID(text) == nil) }

    @Test func madeIDs_areIDsAndDiffer() throws {
        let name = try #require(ChannelName("my.show"))
        let made = (0..<100).map { _ in StreamID.make(for: name) }
        #expect(Set(made).count == 100)
        for id in made {
            #expect(StreamID(id.text) == id)
            #expect(id.text.hasPrefix("my-show-"))
        }
    }

    @Test func channelIDs_useAllBits() {
        let text = String(UInt64.max)
        #expect(ChannelID(text)?.description == text)
        #expect(ChannelID("-1") == nil)
        #expect(ChannelID(text + "0") == nil)
    }
}
