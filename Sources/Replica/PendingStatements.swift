import Directory
import Kernel

/// Statements made outside the log that the log has not judged yet, as one node has them: what it does about each, who else
/// has it, and who waits to hear.
///
/// They are a set: to hear one twice, or from two sides, is to hear it once.
struct PendingStatements: Sendable {
    struct Item: Sendable {
        /// Under the signature that came first, until one is found to be right. The id does not cover it.
        var signed: SignedStatement
        var stage: Stage
        /// Whether another one is known under its number of its warrant, which is frozen for that.
        var hasTwin = false
        /// Whether the log has judged it, and the state is being asked how.
        var isJudged = false
        /// Members that are known to have it. Small, in order of hearing.
        var holders: [MemberID] = []
        /// Clients that wait to hear that it counts here.
        var waiting: [Waiting] = []
        /// When those that are not known to have it are told again.
        var tellAt: Instant
        /// Since when it is disputed here.
        var disputedAt: Instant?
        /// The term in which this member, leading, has put it into its log.
        var proposedIn: Term?
        /// When a leader whose log did not take it tries again.
        var proposeAt: Instant

        var isForTheLog: Bool { stage == .inForce || stage == .disputed }
    }

    struct Waiting: Hashable, Sendable {
        let id: RequestID
        /// As this client has brought it, maybe under another signature.
        let signed: SignedStatement
        let deadline: Instant
    }

    enum Stage: Hashable, Sendable {
        /// The shell looks whether it counts.
        case inQuestion
        /// It does not count here, and may count elsewhere: this member, leading, has the log say so.
        case disputed
        /// The shell makes it durable, and then decisions go by it.
        case beginning
        case inForce
    }

    /// In order of their ids.
    private(set) var items: [Item] = []

    /// More are not taken: warrants have budgets, so that only a log out of reach for long could come near.
    static let limit = 1024
    /// Clients that wait to hear of one statement.
    static let waitingLimit = 64
    /// Disputed ones that are looked into at a time: they must not take the place of those that count.
    static let disputedLimit = 64
    /// A member tells another no more at a time.
    static let batchLimit = 64

    /// - Parameter kept: In force in an earlier process of this node.
    init(_ kept: [SignedStatement], at now: Instant) {
        for signed in kept { add(signed, .inForce, at: now) }
        for signed in kept { markTwins(of: signed) }
    }

    var isEmpty: Bool { items.isEmpty }
    var isFull: Bool { items.count >= Self.limit }

    subscript(id: Digest) -> Item? {
        let place = place(of: id)
        return place.isFound ? items[place.index] : nil
    }

    /// The caller has looked that it is not there.
    mutating func add(_ signed: SignedStatement, _ stage: Stage, at now: Instant) {
        let place = place(of: signed.id)
        guard !place.isFound else { return }
        items.insert(Item(signed: signed, stage: stage, tellAt: now, proposeAt: now), at: place.index)
    }

    mutating func change(_ id: Digest, _ body: (inout Item) -> Void) {
        let place = place(of: id)
        if place.isFound { body(&items[place.index]) }
    }

    mutating func changeAll(_ body: (inout Item) -> Void) {
        for place in items.indices { body(&items[place]) }
    }

    mutating func remove(_ id: Digest) -> Item? {
        let place = place(of: id)
        return place.isFound ? items.remove(at: place.index) : nil
    }

    /// The next leader hears of them again, from those that have them in force.
    mutating func dropDisputed() { items.removeAll { $0.stage == .disputed } }

    /// Those of which the log has not spoken in time: it may have refused to take them up. Who has them in force brings them again.
    mutating func dropDisputed(after patience: Span, at now: Instant) {
        items.removeAll { item in
            item.stage == .disputed && item.disputedAt.map { now.elapsed(since: $0) > patience } ?? true
        }
    }

    var disputedCount: Int { items.count { $0.stage == .disputed } }

    /// Takes the clients that have waited long enough.
    mutating func takeExpired(at now: Instant) -> [RequestID] {
        var expired: [RequestID] = []
        for place in items.indices where items[place].waiting.contains(where: { $0.deadline <= now }) {
            expired += items[place].waiting.filter { $0.deadline <= now }.map(\.id)
            items[place].waiting.removeAll { $0.deadline <= now }
        }
        return expired
    }

    /// When there is something to do again, as long as nothing happens.
    ///
    /// - Parameter peers: Whom each is to be told.
    func nextWake(peers: [MemberID], leadsIn term: Term?) -> Instant? {
        var next: Instant?
        for item in items {
            for waiting in item.waiting { next = Instant.earliest(next, waiting.deadline) }
            if item.stage == .inForce, peers.contains(where: { !item.holders.contains($0) }) {
                next = Instant.earliest(next, item.tellAt)
            }
            if item.isForTheLog, let term, item.proposedIn != term { next = Instant.earliest(next, item.proposeAt) }
        }
        return next
    }

    private func place(of id: Digest) -> (index: Int, isFound: Bool) {
        var (low, high) = (0, items.count)
        while low < high {
            let middle = (low + high) / 2
            if items[middle].signed.id < id { low = middle + 1 } else { high = middle }
        }
        return (low, low < items.count && items[low].signed.id == id)
    }
}
