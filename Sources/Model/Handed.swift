// Hands a value from one thread to another, once.

/// Carries a value that belongs to one thread over to the thread that is started with it.
public struct Handed<Value>: @unchecked Sendable {
    // Safe because the giving thread does not touch the value after the receiving thread has started.
    public let value: Value
    public init(value: Value) { self.value = value }
}
