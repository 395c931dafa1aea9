// The tests of HTTP and of packaging: one after the other, as they compute a lot and watch the clock.
import Testing

@Suite(.serialized) enum Web {}
