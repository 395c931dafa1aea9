// How long a message may wait for company on its way to the viewers. Pure.
import Model

/// One write costs the kernel about 5 µs a viewer whatever is in it, and a stream has two messages of sound for each
/// picture: with many viewers, sound that leaves with the next picture halves the work. Pictures never wait.
struct FanoutPolicy: Sendable, Equatable {
    /// With more viewers than this, sound waits.
    var crowd = 100
    /// Longest wait of sound for a picture. Below an ear's threshold, above the distance of pictures at 25 a second.
    var soundWait = Span.milliseconds(45)
    /// The same where no picture is to be expected: two AAC frames at most leave together.
    var soundOnlyWait = Span.milliseconds(20)
    /// What a viewer may ask for (`merge=`) at most, and in what steps, which bounds the number of lanes.
    static let longestMerge = Span.seconds(1)
    static let mergeStep = Span.milliseconds(50)

    /// - Parameters:
    ///   - merge: What the viewers of this lane asked for; zero: nothing.
    ///   - hasPicture: Among what waits there is a picture.
    ///   - isSoundOnly: The stream has no pictures at this time.
    /// - Returns: How long what waits may go on waiting, counted from when its oldest message came in.
    func wait(merge: Span, viewers: Int, hasPicture: Bool, isSoundOnly: Bool) -> Span {
        if merge > .zero { return merge }
        guard viewers > crowd, !hasPicture else { return .zero }
        return isSoundOnly ? soundOnlyWait : soundWait
    }

    /// The lane for what a viewer asked for: rounded to steps, zero for less than one.
    static func lane(_ merge: Span) -> Span {
        let steps = (min(max(.zero, merge), longestMerge).milliseconds / mergeStep.milliseconds).rounded()
        return mergeStep * steps
    }
}
