// The error of pure protocol code: what the other side sent that cannot be right.

/// A violation of a format or protocol. Whoever owns the connection turns it into a complete `SluiceError`.
public struct WireError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Lower case, no full stop, no secrets, e.g. "chunk size 0".
    public var message: String
    public init(_ message: String) { self.message = message }
    public var description: String { message }
}
