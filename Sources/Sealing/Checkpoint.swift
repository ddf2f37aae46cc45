package import Kernel

/// Where a receiver begins: what was sealed at a recent time, from somebody whom it trusts, as in a join token.
package struct Checkpoint: Hashable, Sendable {
    package let lineage: Lineage
    package let index: LogIndex
    package let head: Digest
    package let root: Digest
    /// Of the seal, by its leader's clock.
    package let time: WallTime
    /// In force at the index.
    package let voters: VoterSet

    package init(lineage: Lineage, index: LogIndex, head: Digest, root: Digest, time: WallTime, voters: VoterSet) {
        self.lineage = lineage
        self.index = index
        self.head = head
        self.root = root
        self.time = time
        self.voters = voters
    }

    /// Of a seal that has been verified. Nil when these are not the voters that it names.
    package init?(_ statement: SealStatement, voters: VoterSet) {
        guard statement.claim.voters == voters.digest else { return nil }
        self.init(
            lineage: statement.lineage,
            index: statement.index,
            head: statement.claim.head,
            root: statement.claim.root,
            time: statement.time,
            voters: voters
        )
    }

    package var claim: StateClaim { StateClaim(index: index, head: head, root: root, voters: voters.digest) }

    /// Why bytes are no checkpoint.
    package enum Flaw: Error, Hashable, Sendable {
        case notACheckpoint
        case cutShort
        case trailingBytes
        /// Read back, the voters have another form: not sorted.
        case notCanonical
        case voters(VoterSet.Flaw)
    }

    /// One form for one checkpoint.
    package var bytes: [UInt8] {
        var bytes = Array(Self.head.utf8)
        bytes.append(lineage)
        bytes.append(bigEndian: index.number)
        bytes += head.bytes
        bytes += root.bytes
        bytes.append(bigEndian: time.milliseconds)
        bytes += voters.bytes
        return bytes
    }

    package init(bytes: [UInt8]) throws(Flaw) {
        var reader = CanonicalReader(bytes)
        guard reader.skip(Self.head) else { throw .notACheckpoint }
        guard let lineage = reader.lineage(), let index = reader.number(), let head = reader.digest(),
            let root = reader.digest(), let time = reader.number()
        else { throw .cutShort }
        self.init(
            lineage: lineage,
            index: LogIndex(index),
            head: head,
            root: root,
            time: WallTime(milliseconds: time),
            voters: try VoterSet(reading: &reader)
        )
        guard reader.isAtEnd else { throw .trailingBytes }
        guard self.bytes == bytes else { throw .notCanonical }
    }

    private static let head = "reeve checkpoint 1\0"
}

extension VoterSet {
    fileprivate init(reading reader: inout CanonicalReader) throws(Checkpoint.Flaw) {
        guard reader.skip(Self.head) else { throw .cutShort }
        var lists: [[Voter]] = [[], []]
        for place in lists.indices {
            guard let count = reader.number() else { throw .cutShort }
            guard count <= Self.maxVoters else {
                throw .voters(.tooManyVoters(count: Int(clamping: count), limit: Self.maxVoters))
            }
            for _ in 0..<count {
                guard let member = reader.member(), let key = reader.take(Voter.sealKeyByteCount) else {
                    throw .cutShort
                }
                lists[place].append(Voter(member: member, sealKey: key))
            }
        }
        do throws(VoterSet.Flaw) {
            try self.init(voters: lists[0], outgoing: lists[1])
        } catch {
            throw .voters(error)
        }
    }
}
