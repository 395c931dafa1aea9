import Model
import Prober
import Testing

@Suite struct ProbeSettingsTests {
    @Test func aBreakIsAFindingAndNotMended() throws {
        #expect(ProbeSettings(source: try MediaAddress("rtmp://h/a/b")).reconnect.limit == .off)
    }
}
