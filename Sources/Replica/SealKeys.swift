package import Consensus
package import Kernel
package import Sealing

/// The keys by which seals of members are checked, as a state has them.
package struct SealKeys: Hashable, Sendable {
    private var keys: [MemberID: [UInt8]] = [:]

    package init() {}

    package init(_ named: [(member: MemberID, key: [UInt8])]) {
        for (member, key) in named { keys[member] = key }
    }

    /// Who votes in a configuration, with keys. Nil while one of them has not named its own: seals could not be checked.
    package func voters(of configuration: Configuration) -> VoterSet? {
        guard let voters = named(configuration.voters), let outgoing = named(configuration.votersOutgoing) else {
            return nil
        }
        return try? VoterSet(voters: voters, outgoing: outgoing)
    }

    private func named(_ members: [MemberID]) -> [Voter]? {
        var voters: [Voter] = []
        for member in members {
            guard let key = keys[member] else { return nil }
            voters.append(Voter(member: member, sealKey: key))
        }
        return voters
    }
}

extension SealPoint {
    /// Nil while the voters cannot seal.
    init?(_ point: SnapshotPoint, root: Digest, keys: SealKeys) {
        guard let voters = keys.voters(of: point.configuration) else { return nil }
        self.init(point, root: root, voters: voters)
    }

    init(_ point: SnapshotPoint, root: Digest, voters: VoterSet) {
        self.init(
            term: point.position.term,
            index: point.position.index,
            head: point.hash,
            root: root,
            voters: voters
        )
    }
}

/// The root of the state after a run of entries, which every member applies in one piece or ends a batch in.
package struct RecordedRoot: Hashable, Sendable {
    package let point: SealPoint
    /// Of the first entry of the run.
    package let first: WallTime
    /// Of the last, at the point.
    package let last: WallTime

    package init(point: SealPoint, first: WallTime, last: WallTime) {
        self.point = point
        self.first = first
        self.last = last
    }
}
