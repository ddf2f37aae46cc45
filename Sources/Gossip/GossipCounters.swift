/// What a node has dropped, by cause, and what it has done. They only grow.
package struct GossipCounters: Hashable, Sendable {
    /// From somebody that is no neighbour, or over a link that is not open.
    package internal(set) var fromStrangers: UInt64 = 0
    /// Frames that do not decode, of unknown kinds among them.
    package internal(set) var unreadable: UInt64 = 0
    /// What no node in good order would send.
    package internal(set) var malformed: UInt64 = 0
    /// Answers to what was not asked.
    package internal(set) var unasked: UInt64 = 0
    /// Above what is taken from a neighbour.
    package internal(set) var overBudget: UInt64 = 0
    /// That did not fit into a neighbour's queue.
    package internal(set) var notSent: UInt64 = 0

    package internal(set) var recordsTaken: UInt64 = 0
    /// Copies of what was known.
    package internal(set) var recordsRepeated: UInt64 = 0
    /// That the shell found not to count.
    package internal(set) var recordsRefused: UInt64 = 0
    /// That the shell could not judge, or need not.
    package internal(set) var recordsPassedOver: UInt64 = 0
    /// That came while too many of the same neighbour were judged.
    package internal(set) var recordsUnjudged: UInt64 = 0
    /// That were passed on, and not kept for comparisons, since there was no room.
    package internal(set) var recordsUnkept: UInt64 = 0

    package internal(set) var exchanges: UInt64 = 0
    package internal(set) var probes: UInt64 = 0
    package internal(set) var probesFailed: UInt64 = 0
    /// Direct probes with an answer in time that moved this node's coordinate.
    package internal(set) var roundTrips: UInt64 = 0
    package internal(set) var suspicions: UInt64 = 0
    package internal(set) var refutations: UInt64 = 0
    package internal(set) var concluded: UInt64 = 0
    /// Claims that went unheard: too many waited to be sent.
    package internal(set) var claimsUnsent: UInt64 = 0

    package internal(set) var entriesTaken: UInt64 = 0
    package internal(set) var entriesRepeated: UInt64 = 0
    /// That the shell refused, or of a neighbour that it had refused before.
    package internal(set) var entriesRefused: UInt64 = 0
    /// That followed on something else than what others had offered.
    package internal(set) var entriesDoubted: UInt64 = 0
    /// Askings for entries that a neighbour does not keep any more.
    package internal(set) var entriesUnavailable: UInt64 = 0
    /// That did not fit beside those that wait for a seal.
    package internal(set) var entriesUnkept: UInt64 = 0
    package internal(set) var pulls: UInt64 = 0
    /// Askings for a state.
    package internal(set) var snapshotsAsked: UInt64 = 0
    package internal(set) var snapshotsTaken: UInt64 = 0
    /// That no seal proves.
    package internal(set) var snapshotsRefused: UInt64 = 0
    /// Begun to be sent.
    package internal(set) var snapshotsServed: UInt64 = 0
    package internal(set) var snapshotBytesTaken: UInt64 = 0
    package internal(set) var snapshotBytesSent: UInt64 = 0
    /// Neighbours that have another log at an index that both say is proved.
    package internal(set) var forks: UInt64 = 0
}
