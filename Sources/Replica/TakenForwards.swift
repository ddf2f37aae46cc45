import DequeModule
import Kernel

/// Forwarded commands that this node, leading, has put into its log lately, whatever became of them since.
///
/// A second copy of the same message may come after that, and to refuse it would tell whoever sent it that the command is certain not
/// to take effect.
struct TakenForwards: Sendable {
    /// Oldest first.
    private var order: Deque<Digest> = []
    /// Membership alone.
    private var members: Set<Digest> = []

    /// More than are under way at a time.
    static let limit = 4096

    func contains(_ command: Digest) -> Bool { members.contains(command) }

    mutating func insert(_ command: Digest) {
        guard members.insert(command).inserted else { return }
        order.append(command)
        if order.count > Self.limit, let oldest = order.popFirst() { members.remove(oldest) }
    }
}
