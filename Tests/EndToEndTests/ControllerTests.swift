// Each controller of `Timing` earns its place: one test a controller, over real sockets and a real screen, that
// fails when the controller is replaced by a constant. Where the tests of a capability have it, it is named here.
import Testing

/// Made one at a time in a copy of the sources; each made the test of its row fail.
///
/// | controller | replaced by | test, and what it missed |
/// | --- | --- | --- |
/// | `Pacer` | `due` is always now | `pacer_…`: drift, pace, burst |
/// | | `due` is the anchor's time alone, without `catchUpRate` | burst after the stall |
/// | | `due` is the last release and one step | never caught up |
/// | | 3 % too fast | drift, pace |
/// | | catches up at 1.6 times real time | caught up too soon |
/// | `LoopTimeline` | packets unchanged, or no shift at the seam | `loopTimeline_…`: steps, A/V offsets |
/// | | a shift of 6 s a pass | steps |
/// | `Interleaver` | passes each packet on at once | `interleaver_…`: order in the file, lag between tracks |
/// | | holds everything until the end | first picture of a pipe |
/// | `ArrivalSmoother` | the arrival itself | `arrivalSmoother_…`: spread of steps |
/// | | the declared rate | drift |
/// | `BacklogPolicy` | always sends | `backlogPolicy_…`: dropped pictures |
/// | | always drops pictures | pictures after the limit |
/// | | drops sound as well | holes in the sound |
/// | | goes on with any picture | key frame after a hole |
/// | `AudioSteering` | `.none`, or `.rate(1)` | `audioSteering_…`: offset of sound, both faults |
/// | `PictureSchedule` | `.show`, `.drop` or `.wait` | `pictureSchedule_…`: pictures seen, and when |
/// | `PlaybackClock` | everything is due at the anchor | `pictureSchedule_…`: pictures seen |
/// | `LiveEdge` | nil, zero, or the last second's edge | `liveEdge_…`: no delay, or none that rises |
/// | `ReconnectPolicy` | always ends | `ServerReconnectTests`, `rtmp_aConnectionThatIsCut_…`: does not resume |
/// | | always tries again, at once or after a second | `rtmp_aPublisherThatStaysAway_…`: no end |
/// | | always after a second | `ReconnectTests`, `aStreamThatBreaks_…`: the first pause |
/// | `OpeningBacklog` | all is live, or a length of zero | `ProbeLatencyTests`, `cachedGOP_…`: delay, p95 |
/// | `SegmentPolicy` | never due, or always | `RecordSplitTests`, `cutsOfAFastStream_…`: number of files |
/// | `ArrivalModel` | the first packet's edge for ever | `arrivalModel_…`: the way that became shorter, and longer |
/// | | an edge that never rises | the way that became longer |
/// | `DelayTarget` | the start's target for ever | `delayTarget_…`: it does not follow the network |
/// | `DelayCorrection` | `.rate(1)` | `delayCorrection_…`: no way back, no skip |
/// | `PlaybackClock.setRate` | nothing | `delayCorrection_…`: no way back |
/// | skip of `nobuffer` | never | `liveSkip_…`: sound a second behind the picture |
/// | | pictures that wait are shown | latency, and sound without its picture |
/// | | sound that waits is played | sound a second behind the picture |
@Suite(.serialized, .takesTurns) struct ControllerTests {}
