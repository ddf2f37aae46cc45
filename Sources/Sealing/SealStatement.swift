package import Kernel

/// What a log and the state made of it are at an index: equal on all that hold the log.
package struct StateClaim: Hashable, Sendable {
    package let index: LogIndex
    /// Hash of the entry at `index`, and by the chain of all before.
    package let head: Digest
    /// Of the state that reflects the log up to `index`.
    package let root: Digest
    /// Digest of the voter set in force at `index`.
    package let voters: Digest

    package init(index: LogIndex, head: Digest, root: Digest, voters: Digest) {
        self.index = index
        self.head = head
        self.root = root
        self.voters = voters
    }
}

/// What voters sign: the log up to an index, and that nothing was acknowledged beyond it before a time.
/// docs/decisions/0034.
package struct SealStatement: Hashable, Sendable {
    package let lineage: Lineage
    /// Of the leader that asks for the seal, and of the entry at the index.
    package let term: Term
    package let claim: StateClaim
    /// By the leader's clock. Whatever was acknowledged to anybody before it lies at or below the index.
    package let time: WallTime

    package init(lineage: Lineage, term: Term, claim: StateClaim, time: WallTime) {
        self.lineage = lineage
        self.term = term
        self.claim = claim
        self.time = time
    }

    package var index: LogIndex { claim.index }

    /// What is signed. Every part has a fixed width, so that no two statements have the same bytes.
    package var signedBytes: [UInt8] {
        var bytes = Array("reeve seal 1\0".utf8)
        bytes.append(lineage)
        bytes.append(bigEndian: term.number)
        bytes.append(bigEndian: index.number)
        bytes += claim.head.bytes
        bytes += claim.root.bytes
        bytes.append(bigEndian: time.milliseconds)
        bytes += claim.voters.bytes
        return bytes
    }

    /// SHA-256 of what is signed.
    package var id: Digest { Digest.of(signedBytes) }
}

extension SealStatement: CustomStringConvertible {
    package var description: String { "\(term)/\(index) at \(time)" }
}
