// What the origin does without being told.
import Testing

@testable import Origin

@Suite struct OriginSettingsTests {
    @Test func withoutBeingTold_onlyThisMachineIsListenedTo() {
        #expect(OriginSettings().host == "127.0.0.1")
    }
}
