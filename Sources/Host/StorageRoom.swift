import NIOCore
import Replica
import Synchronization

/// Whether something lacks room. Each part says so for itself, and that it has room again when it has written: a node that is told of no
/// room takes no commands, so that it may be nobody else's turn to write. The node is told when that changes, since it then takes no commands.
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
