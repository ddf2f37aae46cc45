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
    /// What is taken of claims, within `incoming`.
    var incomingClaims: TokenBucket
    var urgent = SendQueue()
    var bulk = SendQueue()
    /// Up to where it says that it has the log.
    var head = LogIndex.zero
    /// That it has not the entry after this one any more, by its own word.
    var lacksAfter: LogIndex?
    /// When it was last begun to be sent a state.
    var servedAt: Instant?
    /// Entries for it are being read by the shell, or a piece of the state.
    var isReading = false
    /// What this node has asked it for.
    var awaited: Awaited = []
    /// When it was last told what this node has.
    var answeredAt: Instant?
    /// Until then no entries are taken from it, which offered what did not belong to the log.
    var distrustedUntil = Instant.zero
    var refusals: UInt64 = 0
    /// Of direct probes.
    var roundTrips = RoundTripFilter()
    /// That it has another log was said.
    var isForkNoted = false

    /// Answers that are due. Others are not looked at, since each costs more to handle than to send.
    struct Awaited: OptionSet {
        let rawValue: UInt8

        static let summary = Awaited(rawValue: 1)
        static let held = Awaited(rawValue: 2)
        static let want = Awaited(rawValue: 4)
    }

    init(id: MemberID, expectedAt: Instant, options: GossipOptions, at now: Instant) {
        self.id = id
        self.expectedAt = expectedAt
        outgoing = TokenBucket(options.outgoing, at: now)
        incoming = TokenBucket(options.incoming, at: now)
        incomingClaims = TokenBucket(options.incomingClaims, at: now)
    }

    var isQueued: Bool { !urgent.isEmpty || !bulk.isEmpty }

    mutating func close() {
        isOpen = false
        urgent = SendQueue()
        bulk = SendQueue()
        head = .zero
        lacksAfter = nil
        isReading = false
        awaited = []
        isForkNoted = false
    }

    /// From each refusal on for twice as long as from the one before, so that it can hold up the log seldom.
    mutating func distrust(_ options: GossipOptions, at now: Instant) {
        distrustedUntil = now.advanced(by: Span(microseconds: options.distrust.microseconds << min(refusals, 7)))
        refusals += 1
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
