import Kernel
import Synchronization

/// Frames that do not decode: how many, and whose were written to the log when. Anybody with a link can send as many as it likes: one
/// line a second is enough.
final class FrameComplaints: Sendable {
    private struct State {
        var saidAt: [MemberID: Instant] = [:]
        var count: UInt64 = 0
    }

    private let state = Mutex(State())
    private static let pause = Span.seconds(1)

    /// Since the start.
    var count: UInt64 { state.withLock { $0.count } }

    /// Counts one, and says whether it is to be written to the log.
    func add(of member: MemberID, at now: Instant) -> Bool {
        state.withLock { state in
            state.count += 1
            if let last = state.saidAt[member], now.elapsed(since: last) < Self.pause { return false }
            state.saidAt[member] = now
            return true
        }
    }
}
