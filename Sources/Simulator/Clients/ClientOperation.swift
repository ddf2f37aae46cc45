package import Directory
package import Kernel

/// Something that a client wanted, what it was told, and when: one line of the history.
package struct ClientOperation: Sendable {
    package enum Intent: Hashable, Sendable {
        case write(CommandBody)
        /// Reads a resource at a node whose state reflects at least this revision.
        case read(resource: Int, atLeast: LogIndex)
        /// Reads a resource as it is after every write that anybody was told of: linearizably.
        case readCurrent(resource: Int)
        /// Asks whether an agent may read a resource.
        case decide(agent: Int, resource: Int)
        /// An agent asks whether another one may, as if that were its business.
        case pry(agent: Int, about: Int, resource: Int)
        /// An agent asks for what is an administrator's, or a node's, to ask for.
        case escalate(agent: Int, CommandBody)
        /// Asks for something with what he has stolen.
        case usurp(theft: Int, CommandBody)
        /// Brings a statement made outside the log.
        case state(SignedStatement)
    }

    package enum Outcome: Hashable, Sendable {
        case pending
        case done(CommandResult.Done)
        /// The directory refused; recorded in the log.
        case rejected(CommandResult.Refusal)
        /// What the document held.
        case read(Int64?)
        case decided
        /// The statement counts, and the log has yet to judge it; or the log has recorded it.
        case stated
        /// It counts nowhere.
        case statementRefused(StatementRefusal)
        /// Refused on every attempt, by nodes that vouch that it took no effect.
        case notTaken
        /// Whether it took effect is not known to the client.
        case unknown
        /// Done, and undone since by the restore of a backup that is older.
        case lost(CommandResult.Done)
    }

    package let number: Int
    package let intent: Intent
    package let invokedAt: Instant
    /// The highest revision that any client had been told of by then. Whatever this operation does comes after it.
    package private(set) var floor: LogIndex
    /// Setup is tried again until it is done.
    package let isSetup: Bool
    package var outcome = Outcome.pending
    package var returnedAt: Instant?
    package var attempts = 0
    /// Node of the newest attempt.
    package var node = 0
    /// Whether an attempt ended without certainty that it took no effect.
    package var isInDoubt = false
    /// Whether the newest attempt was neither answered nor given up.
    package var isWaiting = false
    /// Which state of the network the newest attempt began in.
    package var networkEpoch: UInt64 = 0

    package static let maximumAttempts = 8

    package init(number: Int, intent: Intent, invokedAt: Instant, floor: LogIndex, isSetup: Bool) {
        self.number = number
        self.intent = intent
        self.invokedAt = invokedAt
        self.floor = floor
        self.isSetup = isSetup
    }

    /// A cluster goes on from a state of that revision: revisions that clients were told of mean nothing any more.
    mutating func restored(to revision: LogIndex) {
        switch outcome {
        case .done(let done) where done.revision > revision: outcome = .lost(done)
        case .pending: floor = .zero
        case .done, .rejected, .read, .decided, .stated, .statementRefused, .notTaken, .unknown, .lost: return
        }
    }

    /// The same for every attempt.
    package var idempotencyKey: String { "operation-\(number)" }
}
