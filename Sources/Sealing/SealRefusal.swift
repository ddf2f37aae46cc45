package import Kernel

/// Why signatures are none of a quorum of a voter set.
package enum SignatureFlaw: Error, Hashable, Sendable {
    case tooMany(count: Int, limit: Int)
    case notAVoter(MemberID)
    case duplicate(MemberID)
    case unsorted(MemberID)
    case malformed(MemberID, byteCount: Int)
    /// So many more would be needed of the voters, and of the outgoing ones.
    case noQuorum(missing: Int, missingOutgoing: Int)
    case invalid(MemberID)
}

/// Why a seal is not taken.
package enum SealRefusal: Error, Hashable, Sendable {
    /// Of another log.
    case otherLineage(Lineage)
    /// Dated further ahead of the own clock than two good ones can differ.
    case fromTheFuture(WallTime, now: WallTime)
    /// It is the newest one that is known, once more.
    case alreadyKnown
    case termGoesBack(known: Term)
    case indexGoesBack(known: LogIndex)
    case timeGoesBack(known: WallTime)
    /// Of a snapshot, and past the newest that is known: it was not taken as that.
    case notTaken(known: LogIndex)
    /// It names other voters than are known, and comes without a transition, or they are known no more.
    case unknownVoters(Digest)
    /// The voters that are presented are not those that it names.
    case otherVotersPresented(Digest)
    /// The transition leads on from other voters than are known.
    case otherPredecessor(Digest)
    /// What is known is too old to judge by: voters of that time may have lost their keys since.
    case trustExpired(age: Span)
    case signatures(SignatureFlaw)
    /// Of the voters before a transition.
    case endorsements(SignatureFlaw)
    /// It is valid, and so was another for the same index: voters have lied, or the cluster's log was put together wrongly.
    case contradiction(Divergence)
}
