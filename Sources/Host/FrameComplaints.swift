import Kernel
import Synchronization

/// Whose bad frames were written to the log when. Anybody with a link can send as many as it likes: one line a second is enough.
final class FrameComplaints: Sendable {
    private let saidAt = Mutex<[MemberID: Instant]>([:])
    private static let pause = Span.seconds(1)

    func isDue(_ member: MemberID, at now: Instant) -> Bool {
        saidAt.withLock { saidAt in
            if let last = saidAt[member], now.elapsed(since: last) < Self.pause { return false }
            saidAt[member] = now
            return true
        }
    }
}
