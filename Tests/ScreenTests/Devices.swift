// SDL has one video and one audio subsystem for the whole process and reads its drivers from the
// environment, so everything that opens a window or a device runs in this one serialized suite.
import Glibc
import Model
import Testing

@testable import Screen

@Suite(.serialized) struct Devices {}

/// Polls until `condition` holds; false at the deadline.
func eventually(within span: Span = .seconds(5), _ condition: () -> Bool) -> Bool {
    let deadline = HostTime.now() + span
    let tick = QueueWaker()
    while !condition() {
        if HostTime.now() > deadline { return false }
        _ = tick.wait(until: .now() + .milliseconds(2))
    }
    return true
}

func set(_ name: String, _ value: String?) {
    if let value { setenv(name, value, 1) } else { unsetenv(name) }
}
