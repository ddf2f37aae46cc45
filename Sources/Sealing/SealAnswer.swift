package import Kernel

/// A voter's answer to a leader that asks it to sign.
package struct SealAnswer: Hashable, Sendable {
    package enum Word: Hashable, Sendable {
        case signed([UInt8])
        case refused(SigningRefusal)
    }

    /// Of the statement that was to be signed.
    package let id: Digest
    package let word: Word

    package init(id: Digest, word: Word) {
        self.id = id
        self.word = word
    }
}

/// Why a voter does not sign.
package enum SigningRefusal: Hashable, Sendable {
    case otherLineage
    /// It is in another term.
    case otherTerm(Term)
    /// It does not know who asks as its term's leader.
    case notLeader
    /// The entry at the index is of another term: the leader has committed nothing in its own up to there.
    case noCommitInTerm(entry: Term)
    /// Its own clock is too far from the time to be sealed.
    case clocksDiffer(own: WallTime)
    /// It has applied past the index, and has no root of it.
    case notRecorded(applied: LogIndex)
    /// Its own log, state or voters differ: this is what it has.
    case differs(StateClaim)
    /// It has signed a higher index, or this one with other contents.
    case belowMark(LogIndex)
    /// It has signed a time as late as this.
    case timeNotAboveMark(WallTime)
}

/// What a voter signed last. Durable before the signature is made, and read at start, so that no crash makes it contradict itself.
package struct SealMark: Hashable, Sendable {
    package let statement: SealStatement

    package init(_ statement: SealStatement) { self.statement = statement }

    /// Why a statement may not follow this one. The same one may: an answer gets lost.
    func refusal(of next: SealStatement) -> SigningRefusal? {
        if next == statement { return nil }
        if next.index < statement.index { return .belowMark(statement.index) }
        if next.index == statement.index, next.claim != statement.claim { return .belowMark(statement.index) }
        if next.time <= statement.time { return .timeNotAboveMark(statement.time) }
        return nil
    }
}
