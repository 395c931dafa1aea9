// A decoded picture as the screen sees it. `Media` implements it around an AVFrame; `Screen` uploads it.

public enum PictureLayout: Sendable, Hashable {
    /// Three planes, chroma halved both ways.
    case i420
    /// Two planes, chroma interleaved and halved both ways.
    case nv12
    /// One plane, 8-bit B, G, R, X.
    case bgrx
    /// Anything else: convert before showing.
    case other
}

/// How Y'CbCr becomes RGB.
public enum ColourMatrix: Sendable, Hashable { case bt601, bt709, bt2020 }

/// Up to four planes, valid only inside the closure that received them.
public struct PicturePlanes {
    public var planes: [(base: UnsafePointer<UInt8>, stride: Int)]
    public init(planes: [(base: UnsafePointer<UInt8>, stride: Int)]) { self.planes = planes }
}

/// An immutable decoded picture. Implementations keep their memory alive as long as the object lives.
public protocol Picture: AnyObject, Sendable {
    var width: Int { get }
    var height: Int { get }
    var layout: PictureLayout { get }
    var matrix: ColourMatrix { get }
    var isFullRange: Bool { get }
    /// Shape of one pixel; nil means square.
    var sampleAspect: Rational? { get }
    /// Lends the planes; the pointers must not outlive `body`.
    func withPlanes<R>(_ body: (PicturePlanes) -> R) -> R
}
