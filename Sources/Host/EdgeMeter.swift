import Gossip
import Kernel
import Synchronization

/// What an edge's link may take of this node before a frame is even decoded: members are trusted with the one inbox, edges are not.
///
/// Gossip has budgets of its own for each neighbour, which are narrower; this keeps everything else in bounds, and the cost of decoding.
/// Above it, frames are dropped, and after each of them nothing is read from the link for a while: to take bytes off the wire costs
/// something, too.
final class EdgeMeter: Sendable {
    private struct State {
        var balances: [MemberID: TokenBucket] = [:]
        var droppedFrames: UInt64 = 0
    }

    /// Of each edge, and as much at once after silence.
    static let budget = ByteBudget(bytesPerSecond: 4 << 20, burst: 4 << 20)
    /// What the shortest frame counts for, since each costs something: no more than 4,096 a second.
    static let frameByteCount = 1024

    private let state = Mutex(State())

    /// Frames above what is taken, since the start.
    var droppedFrames: UInt64 { state.withLock { $0.droppedFrames } }

    func takes(_ byteCount: Int, from edge: MemberID, at now: Instant) -> Bool {
        state.withLock { state in
            let cost = max(byteCount, Self.frameByteCount)
            let isTaken = state.balances[edge, default: TokenBucket(Self.budget, at: now)]
                .take(cost, of: Self.budget, at: now)
            if !isTaken { state.droppedFrames += 1 }
            return isTaken
        }
    }

    /// It is no edge any more.
    func forget(_ edge: MemberID) { state.withLock { $0.balances[edge] = nil } }
}
