package import Consensus
package import Kernel

/// R2: what was committed never changes, logs that agree on a position agree on all before it, and nothing counts as
/// committed that a quorum does not hold durably.
package struct LogChecker: Sendable {
    /// A committed entry, as the first node that applied it saw it.
    package struct Committed: Sendable {
        package let hash: Digest
        package let entry: Entry
    }

    private let quorum: Int
    /// Hash of the entry at each position that any disk ever held: Log Matching, Raft section 5.3.
    private var written: [LogPosition: Digest] = [:]
    /// By index, from 1.
    private var committed: [Committed] = []
    private var highestCommit = LogIndex.zero

    package init(nodeCount: Int) { quorum = nodeCount / 2 + 1 }

    package var committedCount: Int { committed.count }

    package func committed(at index: LogIndex) -> Committed? {
        index == .zero || index.number > UInt64(committed.count) ? nil : committed[Int(index.number) - 1]
    }

    /// Entries became durable on a node. `disk` is its log after the write.
    package mutating func wrote(_ node: Int, _ entries: [Entry], on disk: VirtualLogDisk) throws(Violation) {
        for entry in entries {
            guard let stored = disk.stored(at: entry.index), stored.entry.position == entry.position else { continue }
            try chains(node, stored, on: disk)
            if let other = written.updateValue(stored.hash, forKey: entry.position), other != stored.hash {
                throw Violation(.log, "two entries at \(entry.position): \(other) and, on n\(node + 1), \(stored.hash)")
            }
        }
    }

    /// Entries were taken off a node's disk to make place for others. Never may a committed one be.
    package func replaced(_ node: Int, _ dropped: [VirtualLogDisk.Stored]) throws(Violation) {
        for stored in dropped where committed(at: stored.entry.index)?.hash == stored.hash {
            throw Violation(.log, "n\(node + 1) overwrites committed entry \(stored.entry.position)")
        }
    }

    /// A node says that everything up to `index` is committed.
    package mutating func commits(
        _ node: Int,
        through index: LogIndex,
        disks: some Collection<VirtualLogDisk>
    ) throws(Violation) {
        guard index > highestCommit else { return }
        highestCommit = index
        var holders: [LogPosition: Int] = [:]
        for disk in disks {
            if let stored = disk.stored(at: index) { holders[stored.entry.position, default: 0] += 1 }
        }
        // A member that lost the entry neither votes nor leads before it has it again, as if it were away.
        let compacted = disks.count { $0.firstIndex > index || $0.hasLost(index) }
        guard (holders.values.max() ?? 0) + compacted >= quorum else {
            throw Violation(
                .log,
                "n\(node + 1) commits \(index), which fewer than \(quorum) members hold durably"
            )
        }
    }

    /// A node hands committed entries to its state machine.
    package mutating func applies(
        _ node: Int,
        _ entries: [Entry],
        disks: some Collection<VirtualLogDisk>
    ) throws(Violation) {
        for entry in entries {
            let hash = entry.hash
            if let known = committed(at: entry.index) {
                guard known.hash == hash else {
                    throw Violation(
                        .log,
                        "n\(node + 1) applies \(entry.position) \(hash), others applied \(known.entry.position) \(known.hash)"
                    )
                }
                continue
            }
            guard entry.index.number == UInt64(committed.count) + 1 else {
                throw Violation(
                    .log,
                    "n\(node + 1) applies \(entry.index) before anybody applied \(committed.count + 1)"
                )
            }
            guard disks.count(where: { $0.holds(hash, at: entry.index) || $0.hasLost(entry.index) }) >= quorum else {
                throw Violation(
                    .log,
                    "n\(node + 1) applies \(entry.position), which fewer than \(quorum) members hold durably"
                )
            }
            committed.append(Committed(hash: hash, entry: entry))
        }
    }

    package func orders(_ node: Int, applied: LogIndex, committed: LogIndex) throws(Violation) {
        guard applied <= committed else {
            throw Violation(.log, "n\(node + 1) has applied \(applied) past its commit index \(committed)")
        }
    }

    /// Every committed entry is still on a quorum of disks, or compacted there.
    package func scan(disks: some Collection<VirtualLogDisk>) throws(Violation) {
        for known in committed {
            let holders = disks.count {
                $0.firstIndex > known.entry.index || $0.holds(known.hash, at: known.entry.index)
            }
            guard holders >= quorum else {
                throw Violation(.log, "committed entry \(known.entry.position) is on \(holders) disks alone")
            }
        }
    }

    private func chains(_ node: Int, _ stored: VirtualLogDisk.Stored, on disk: VirtualLogDisk) throws(Violation) {
        let index = stored.entry.index
        let previous = index == disk.firstIndex ? disk.base.hash : disk.stored(at: index.previous)?.hash
        guard previous == stored.entry.previousHash else {
            throw Violation(.log, "n\(node + 1) holds \(stored.entry.position) after another predecessor than it names")
        }
    }
}

extension VirtualLogDisk {
    func hasLost(_ index: LogIndex) -> Bool { lost.map { $0.first <= index && index <= $0.last.index } ?? false }
    func holds(_ hash: Digest, at index: LogIndex) -> Bool { stored(at: index)?.hash == hash }
}
