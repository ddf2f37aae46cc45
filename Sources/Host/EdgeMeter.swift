import Kernel
import Synchronization

/// What an edge's link may take of this node before a frame is even decoded: members are trusted with the one inbox, edges are not.
///
/// Gossip has budgets of its own for each neighbour, which are narrower; this keeps everything else in bounds, and the cost of decoding.
final class EdgeMeter: Sendable {
    fileprivate struct Balance {
        var bytes = EdgeMeter.bytesPerSecond
        var frames = EdgeMeter.framesPerSecond
        var since: Instant
    }

    private struct State {
        var balances: [MemberID: Balance] = [:]
        var droppedFrames: UInt64 = 0
    }

    /// Of each edge, and as much at once after silence.
    static let bytesPerSecond: UInt64 = 4 << 20
    static let framesPerSecond: UInt64 = 4000

    private let state = Mutex(State())

    /// Frames above what is taken, since the start.
    var droppedFrames: UInt64 { state.withLock { $0.droppedFrames } }

    func takes(_ byteCount: Int, from edge: MemberID, at now: Instant) -> Bool {
        state.withLock { state in
            var balance = state.balances[edge] ?? Balance(since: now)
            balance.refill(at: now)
            let isTaken = balance.take(UInt64(byteCount))
            state.balances[edge] = balance
            if !isTaken { state.droppedFrames += 1 }
            return isTaken
        }
    }

    /// It is no edge any more.
    func forget(_ edge: MemberID) { state.withLock { $0.balances[edge] = nil } }
}

extension EdgeMeter.Balance {
    fileprivate mutating func refill(at now: Instant) {
        let passed = min(now.elapsed(since: since).microseconds, 1_000_000)
        let (moreBytes, moreFrames) = (
            passed * EdgeMeter.bytesPerSecond / 1_000_000, passed * EdgeMeter.framesPerSecond / 1_000_000
        )
        // Less than one of either is left to accrue.
        guard moreBytes > 0, moreFrames > 0 else { return }
        bytes = min(EdgeMeter.bytesPerSecond, bytes + moreBytes)
        frames = min(EdgeMeter.framesPerSecond, frames + moreFrames)
        since = now
    }

    fileprivate mutating func take(_ byteCount: UInt64) -> Bool {
        guard frames > 0, bytes >= byteCount else { return false }
        frames -= 1
        bytes -= byteCount
        return true
    }
}
