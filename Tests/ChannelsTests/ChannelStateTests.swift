// The words that scripts read.
import Testing

@testable import Channels

@Suite struct ChannelStateTests {
    @Test func states_haveTheWordsOfTheContract() {
        #expect(ChannelState(rawValue: "interrupted") == .interrupted)
    }
}
