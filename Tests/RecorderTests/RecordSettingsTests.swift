import Model
import Recorder
import Testing

@Suite struct RecordSettingsTests {
    @Test func filesAreNinetyMinutesLong() throws {
        #expect(RecordSettings(source: try MediaAddress("rtmp://h/a/b")).segment == .seconds(90 * 60))
    }
}
