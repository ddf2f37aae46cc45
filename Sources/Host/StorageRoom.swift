import NIOCore
import Replica
import Synchronization

/// Whether something lacks room. The node is told when that changes, and takes no commands meanwhile. Each part says for itself that it
/// has none, and that it has some again once it has written: while no commands come, no other part may get to write.
final class StorageRoom: Sendable {
    enum Part: Sendable {
        case log, state, statements, seals
    }

    /// How long to wait before what found no room is tried again.
    static let retryInterval = TimeAmount.seconds(1)

    private let inbox: Inbox
    private let full = Mutex<Set<Part>>([])

    init(inbox: Inbox) { self.inbox = inbox }

    func note(_ part: Part, isFull: Bool) {
        full.withLock { full in
            let was = !full.isEmpty
            if isFull { full.insert(part) } else { full.remove(part) }
            // Told under the lock, so that the last word is the one that is true.
            if full.isEmpty == was { inbox.post(.storage(isFull: isFull)) }
        }
    }
}
