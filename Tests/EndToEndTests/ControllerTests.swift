// Each controller of `Timing` earns its place: one test a controller, over real sockets and a real screen, that
// fails when the controller is replaced by a constant.
import Testing

/// Mutations that were made, each alone, and the test that failed:
///
/// | controller | replaced by | test |
/// | --- | --- | --- |
@Suite(.serialized, .takesTurns, .timeLimit(.minutes(4))) struct ControllerTests {}
