import Gossip
import Kernel
import Synchronization

/// What an edge's link may take of this node before a frame is even decoded: members are trusted with the one inbox, edges are not.
///
/// Gossip has budgets of its own for each neighbour, which are narrower; this keeps everything else in bounds, and the cost of decoding.
/// A frame above it is dropped, and the link not read for a while, longer each time (`LinkAllowance`): to take bytes off the wire costs
/// something, too.
final class EdgeMeter: Sendable {
    private struct State {
        var allowances: [MemberID: LinkAllowance] = [:]
        var droppedFrames: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Frames above what is taken, since the start.
    var droppedFrames: UInt64 { state.withLock { $0.droppedFrames } }

    func take(_ byteCount: Int, from edge: MemberID, at now: Instant) -> LinkAllowance.Verdict {
        state.withLock { state in
            let verdict = state.allowances[edge, default: LinkAllowance(at: now)].take(byteCount, at: now)
            if verdict != .taken { state.droppedFrames += 1 }
            return verdict
        }
    }

    /// It is no edge any more.
    func forget(_ edge: MemberID) { state.withLock { $0.allowances[edge] = nil } }
}
