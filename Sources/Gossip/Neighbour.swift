import DequeModule
import Kernel

/// What a node knows of one of its neighbours, and what waits for it.
struct Neighbour: Sendable {
    let id: MemberID
    var isOpen = false
    /// From when on it is missed while there is no link.
    var expectedAt: Instant
    var outgoing: TokenBucket
    var incoming: TokenBucket
    var urgent = SendQueue()
    var bulk = SendQueue()
    /// Up to where it says that it has the log.
    var head = LogIndex.zero
    /// Entries for it are being read by the shell.
    var isReading = false

    init(id: MemberID, expectedAt: Instant, options: GossipOptions, at now: Instant) {
        self.id = id
        self.expectedAt = expectedAt
        outgoing = TokenBucket(options.outgoing, at: now)
        incoming = TokenBucket(options.incoming, at: now)
    }

    var isQueued: Bool { !urgent.isEmpty || !bulk.isEmpty }

    mutating func close() {
        isOpen = false
        urgent = SendQueue()
        bulk = SendQueue()
        head = .zero
        isReading = false
    }
}

/// Messages that wait for a budget, oldest first.
struct SendQueue: Sendable {
    private var messages: Deque<Message> = []
    private(set) var byteCount = 0

    var isEmpty: Bool { messages.isEmpty }
    var first: Message? { messages.first }

    /// Whether it fitted.
    mutating func append(_ message: Message, limit: Int) -> Bool {
        let size = message.byteCount
        guard byteCount + size <= limit else { return false }
        messages.append(message)
        byteCount += size
        return true
    }

    mutating func popFirst() {
        if let first = messages.popFirst() { byteCount -= first.byteCount }
    }
}
