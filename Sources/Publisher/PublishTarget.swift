// Where a push goes, as the outlet sees it.
import Model

protocol PublishTarget: PacketSink, Sendable {
    /// Media handed over that has not left this process.
    var waiting: Span { get }
    /// Bytes that have left; nil where only the packets are known.
    var bytesSent: Int? { get }
    /// Called once when the target fails by itself, from any thread.
    func onFailure(_ handler: @escaping @Sendable (SluiceError) -> Void)
}
