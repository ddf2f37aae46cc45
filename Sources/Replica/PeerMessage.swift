package import Consensus
package import Directory
package import Gossip
package import Kernel
package import Sealing

/// What one node tells another over a link, which has proven who the sender is.
package struct PeerMessage: Hashable, Sendable {
    /// The sender's wall clock when it sent this. Lets each node judge the others' clocks, and its own.
    package let stamp: WallTime
    package let body: Body

    package init(stamp: WallTime, body: Body) {
        self.stamp = stamp
        self.body = body
    }

    package enum Body: Hashable, Sendable {
        /// `proof` comes with a leader's heartbeats.
        case raft(Consensus.Message, proof: FreshnessProof?)
        /// An encoded command that the sender, a voter that does not lead, has authenticated. Never forwarded again.
        /// The sender learns the outcome by applying the log; only a refusal is answered.
        case forward(RequestID, command: [UInt8])
        case forwardRefused(RequestID, ForwardRefusal)
        /// The sender's log is damaged: it asks for the entries up to `last`, none below `first`.
        case entriesWanted(first: LogIndex, last: LogIndex)
        /// Answers `entriesWanted` for the same range, from the end of it backwards as far as they fit. None: the sender
        /// does not have the last.
        case entriesFound(first: LogIndex, last: LogIndex, entries: [Entry])
        /// The sender hears from no leader, and asks who the voters are: one whom it does not know may lead.
        case votersWanted
        /// Answers `votersWanted`.
        case voters([Introduction])
        /// Made outside the log, and in force at the sender.
        case statements([SignedStatement])
        /// These are in force at the sender, or its log has judged them. Answers `statements`, and is told to neighbours with what
        /// the sender has heard of others.
        case statementsHeld([StatementHolding])
        /// A leader asks a voter to sign.
        case sealWanted(SealStatement)
        /// Answers `sealWanted`.
        case sealAnswered(SealAnswer)
        /// A leader has enough signatures.
        case sealed(Seal)
        /// As `sealed`, by other voters than the seal before.
        case sealedByOthers(TransitionSeal)
        /// From neighbour to neighbour.
        case gossip(Gossip.Message)
        /// An edge has heard of voters whom it does not know: how did they come from these, whom it knows since then?
        case successionWanted(voters: Digest, since: WallTime)
        /// Answers `successionWanted`: oldest first, each following on the one before.
        case succession([TransitionSeal])
    }

    /// Why a leader, or who was taken for one, did not put a forwarded command into its log.
    package enum ForwardRefusal: Hashable, Sendable {
        /// It does not lead, or is handing over.
        case notLeader
        /// Another change of the configuration is under way, or the leader does not know yet.
        case notYet
        case entryTooLarge(byteCount: Int, limit: Int)
        case overloaded
        case storageFull
        /// A learner lacks so many entries.
        case notCaughtUp(missing: UInt64)
        case invalidChange(reason: String)
    }
}

/// A leader's word that at `provenAt`, by its clock, a quorum still followed it.
package struct FreshnessProof: Hashable, Sendable {
    package let provenAt: WallTime
    /// Monotonic time that had passed since then when this was sent.
    package let age: Span
    /// What was committed by then: a state that reflects less is older than the proof.
    package let commitIndex: LogIndex

    package init(provenAt: WallTime, age: Span, commitIndex: LogIndex) {
        self.provenAt = provenAt
        self.age = age
        self.commitIndex = commitIndex
    }
}

/// Chosen by the node that a client asked, unique within its process.
package struct RequestID: Hashable, Comparable, Sendable {
    package let number: UInt64

    package init(_ number: UInt64) { self.number = number }
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.number < rhs.number }
}

/// Who goes by a statement, as one node tells another.
package struct StatementHolding: Hashable, Sendable {
    package struct Holder: Hashable, Sendable {
        package let member: MemberID
        /// By that node's own clock.
        package let since: WallTime

        package init(member: MemberID, since: WallTime) {
            self.member = member
            self.since = since
        }
    }

    package let statement: Digest
    /// By the sender's clock; nil where it does not know any more, or the log has refused it.
    package let since: WallTime?
    /// Of whom the sender has heard it. Nobody signs that: the sender may have made it up.
    package let others: [Holder]

    package init(_ statement: Digest, since: WallTime?, others: [Holder] = []) {
        self.statement = statement
        self.since = since
        self.others = others
    }

    /// Statements in one message.
    package static let limit = 64
    /// Other nodes that one message tells of, in all.
    package static let othersLimit = 512
}
