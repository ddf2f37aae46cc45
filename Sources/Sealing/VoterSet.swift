package import Kernel

/// A voter and the public half of the key that it signs seals with.
package struct Voter: Hashable, Sendable {
    package let member: MemberID
    /// A compressed point of P-256. SEC 1 section 2.3.3.
    package let sealKey: [UInt8]

    package static let sealKeyByteCount = 33

    package init(member: MemberID, sealKey: [UInt8]) {
        self.member = member
        self.sealKey = sealKey
    }
}

/// Who votes at an index of the log, and by which keys seals of that index are checked: `Consensus.Configuration` without
/// learners, with keys.
package struct VoterSet: Sendable {
    /// Sorted by member, as are all lists here. In a joint configuration: the incoming voters.
    package let voters: [Voter]
    /// The voters before the change while the configuration is joint, else empty.
    package let votersOutgoing: [Voter]
    /// Incoming and outgoing voters, each once.
    package let allVoters: [Voter]
    /// SHA-256 of `bytes`: what a seal names the set by. Found once, since every seal is compared with it.
    package let digest: Digest

    /// The most voters, counting everybody once. Consensus has the same bound for all members.
    package static let maxVoters = 64

    /// Why lists of voters are no set by which a seal could be checked.
    package enum Flaw: Error, Hashable, Sendable {
        case nobodyVotes
        case tooManyVoters(count: Int, limit: Int)
        case listedTwice(MemberID)
        case malformedKey(MemberID, byteCount: Int)
        /// Incoming and outgoing voters disagree on somebody's key.
        case hasTwoKeys(MemberID)
        /// Whoever has the key could count as two.
        case sharesKey(MemberID, with: MemberID)
    }

    package init(voters: [Voter], outgoing: [Voter] = []) throws(Flaw) {
        // Before anything is sorted: the lists may come from anybody.
        for count in [voters.count, outgoing.count] where count > Self.maxVoters {
            throw .tooManyVoters(count: count, limit: Self.maxVoters)
        }
        self.voters = try Self.sorted(voters)
        self.votersOutgoing = try Self.sorted(outgoing)
        if self.voters.isEmpty { throw .nobodyVotes }
        allVoters = try Self.union(self.voters, votersOutgoing)
        digest = Digest.of(Self.bytes(self.voters, votersOutgoing))
    }

    package var isJoint: Bool { !votersOutgoing.isEmpty }
    package var members: [MemberID] { allVoters.map(\.member) }

    /// One form for one set.
    package var bytes: [UInt8] { Self.bytes(voters, votersOutgoing) }

    /// The only set that can follow a joint one: its incoming voters. Nil for one that is not joint.
    package var afterLeaving: VoterSet? { isJoint ? try? VoterSet(voters: voters) : nil }

    package func key(of member: MemberID) -> [UInt8]? { Self.find(member, in: allVoters)?.sealKey }

    private static func sorted(_ voters: [Voter]) throws(Flaw) -> [Voter] {
        let sorted = voters.sorted { $0.member < $1.member }
        for voter in sorted where voter.sealKey.count != Voter.sealKeyByteCount {
            throw .malformedKey(voter.member, byteCount: voter.sealKey.count)
        }
        for (voter, next) in zip(sorted, sorted.dropFirst()) where voter.member == next.member {
            throw .listedTwice(voter.member)
        }
        return sorted
    }

    private static func union(_ voters: [Voter], _ outgoing: [Voter]) throws(Flaw) -> [Voter] {
        var all = voters
        for voter in outgoing {
            guard let same = find(voter.member, in: voters) else {
                all.append(voter)
                continue
            }
            if same.sealKey != voter.sealKey { throw .hasTwoKeys(voter.member) }
        }
        if all.count > maxVoters { throw .tooManyVoters(count: all.count, limit: maxVoters) }
        let byKey = all.sorted { $0.sealKey.lexicographicallyPrecedes($1.sealKey) }
        for (voter, next) in zip(byKey, byKey.dropFirst()) where voter.sealKey == next.sealKey {
            throw .sharesKey(min(voter.member, next.member), with: max(voter.member, next.member))
        }
        return all.sorted { $0.member < $1.member }
    }

    static func find(_ member: MemberID, in voters: [Voter]) -> Voter? {
        var (low, high) = (0, voters.count)
        while low < high {
            let middle = (low + high) / 2
            if voters[middle].member < member { low = middle + 1 } else { high = middle }
        }
        return low < voters.count && voters[low].member == member ? voters[low] : nil
    }

    /// Before the bytes of every set, so that they are no other thing's.
    static let head = "reeve voters 1\0"

    private static func bytes(_ voters: [Voter], _ outgoing: [Voter]) -> [UInt8] {
        var bytes = Array(head.utf8)
        for list in [voters, outgoing] {
            bytes.append(bigEndian: UInt64(list.count))
            for voter in list {
                bytes.append(voter.member)
                bytes += voter.sealKey
            }
        }
        return bytes
    }
}

extension VoterSet: Hashable {
    package static func == (lhs: Self, rhs: Self) -> Bool { lhs.digest == rhs.digest }
    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}

extension VoterSet: CustomStringConvertible {
    package var description: String {
        let incoming = voters.map(\.member.description).joined(separator: " ")
        let outgoing = votersOutgoing.map(\.member.description).joined(separator: " ")
        return "voters \(incoming)" + (isJoint ? ", outgoing voters \(outgoing)" : "")
    }
}

extension [UInt8] {
    mutating func append(_ member: MemberID) {
        append(bigEndian: member.high)
        append(bigEndian: member.low)
        append(bigEndian: member.incarnation)
    }

    mutating func append(_ lineage: Lineage) {
        append(bigEndian: lineage.high)
        append(bigEndian: lineage.low)
    }
}
