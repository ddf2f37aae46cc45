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
    package var connectTimeout = TimeAmount.seconds(2)
    package var retry = Backoff.Bounds()
    /// Incoming connections of one member. A further one replaces the oldest, which is most likely dead.
    package var maximumIncomingPerMember = 4
    /// Incoming connections whose peer is not yet known. A further one replaces the oldest: a member says who it is
    /// within milliseconds, so that whoever holds connections open without a word keeps no member out.
    package var maximumUnidentified = 64
    /// Sent bytes that stay unacknowledged for longer mean that the peer's machine is gone: TCP_USER_TIMEOUT.
    package var unacknowledgedTimeout = TimeAmount.seconds(10)
    /// Where to listen, when that is not what the others dial.
    package var listenHost: String?

    package init() {}
}
