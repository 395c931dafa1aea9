// What a publisher does about packets that the network does not take. The least that keeps a live stream
// live: the rate of an encoder is another controller's business.
public import Model

public struct BacklogPolicy: Sendable {
    public enum Decision: Sendable, Equatable {
        case send
        /// This picture is lost, and all that refer to it: until the next key frame nothing of the track is sent.
        case drop
    }

    /// Media waiting for the network above which pictures are dropped. Sound never is.
    public static let limit = Span.seconds(3)

    private var isDropping = false
    public private(set) var dropped = 0
    public init() {}

    /// - Parameter waiting: Media between the oldest and the newest packet that has not left.
    public mutating func decide(kind: TrackKind, isKeyframe: Bool, waiting: Span) -> Decision {
        guard kind == .video else { return .send }
        if isDropping, isKeyframe, waiting < Self.limit / 2 { isDropping = false }
        if !isDropping, waiting > Self.limit { isDropping = true }
        if isDropping { dropped += 1 }
        return isDropping ? .drop : .send
    }
}
