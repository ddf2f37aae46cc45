package import NIOCore

/// Bounds of the peer links. The defaults suit a cluster of a few voters on one continent.
package struct LinkOptions: Sendable {
    /// A longer frame closes the connection that brings it, and is refused by `send`.
    package var maximumFrameByteCount = 16 * 1024 * 1024
    /// Bytes and frames that wait for one peer. At least one frame of the greatest size fits.
    package var maximumQueuedByteCount = 32 * 1024 * 1024
    package var maximumQueuedFrameCount = 8192
    /// From the first byte of a connection until both hellos are checked, TLS included.
    package var helloTimeout = TimeAmount.seconds(5)
    /// The kernel sends again what opens a connection after one second: another attempt then is as good, and comes by a clock that does
    /// not slow down while a network is cut.
    package var connectTimeout = TimeAmount.seconds(1)
    package var retry = Backoff.Bounds()
    /// Incoming connections of one member. A further one replaces the oldest, which is most likely dead.
    package var maximumIncomingPerMember = 4
    /// Incoming connections whose peer is not yet known. A further one replaces the oldest of the address from which most of them
    /// come: neither whoever holds connections open without a word nor whoever opens many keeps a member out.
    package var maximumUnidentified = 64
    /// Sent bytes that stay unacknowledged for longer mean that the peer's machine is gone, or the network: TCP_USER_TIMEOUT. Short, since
    /// the kernel sends again after 0.2, 0.4, 0.8 s and so on: on a link that is thought well for long, all wait for the next of
    /// these when the network is back, where a new connection takes its first round trip.
    package var unacknowledgedTimeout = TimeAmount.seconds(3)
    /// Where to listen, when that is not what the others dial.
    package var listenHost: String?

    package init() {}
}
