package import Consensus
package import Kernel

/// R2: what was committed never changes, logs that agree on a position agree on all before it, and nothing counts as
/// committed that a quorum does not hold durably, or that a member without it could be elected over.
package struct LogChecker: Sendable {
    /// A committed entry, as the first node that applied it saw it.
    package struct Committed: Sendable {
        package let hash: Digest
        package let entry: Entry
    }

    /// Hash of the entry at each position that any disk ever held: Log Matching, Raft section 5.3.
    private var written: [LogPosition: Digest] = [:]
    /// Where the log begins: after what no entry of it tells.
    package let base: LogIndex
    /// By index, from the one after `base`.
    private var committed: [Committed] = []
    /// What any node ever said is committed.
    package private(set) var highestCommit: LogIndex
    /// Hashes of what was found on a quorum of disks when a node first said that it is committed.
    private var certified: [LogIndex: Digest] = [:]

    package init(after base: LogIndex = .zero) {
        self.base = base
        highestCommit = base
    }

    package var committedCount: Int { committed.count }

    package func committed(at index: LogIndex) -> Committed? {
        let (number, first) = (index.number, base.number)
        return number > first && number <= first + UInt64(committed.count) ? committed[Int(number - first) - 1] : nil
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
        by majorities: [Majority]
    ) throws(Violation) {
        guard index > highestCommit else { return }
        let copies = majorities.flatMap(\.disks).filter { $0.stored(at: index) != nil }
        let disk = copies.first { copy in
            let position = copy.stored(at: index)?.entry.position
            // A member that lost the entry neither votes nor leads before it has it again, as if it were away.
            return majorities.allSatisfy { majority in
                majority.has { disk in
                    disk.firstIndex > index || disk.hasLost(index) || disk.stored(at: index)?.entry.position == position
                }
            }
        }
        let isCompacted = majorities.allSatisfy { $0.has { $0.firstIndex > index || $0.hasLost(index) } }
        guard disk != nil || isCompacted else {
            throw Violation(.log, "n\(node + 1) commits \(index), which no quorum of members holds durably")
        }
        if let stored = disk?.stored(at: index) { try outlivesElections(node, stored, majorities) }
        for number in highestCommit.number..<index.number {
            if let stored = disk?.stored(at: LogIndex(number + 1)) { certified[stored.entry.index] = stored.hash }
        }
        highestCommit = index
    }

    /// Leader Completeness, Raft section 5.4.3: nobody who lacks a committed entry can win an election, even if everybody lost
    /// power at the moment at which it is committed. Figure 8 shows how that comes about when an entry of an earlier term
    /// counts as committed because a quorum holds it.
    private func outlivesElections(
        _ node: Int,
        _ committed: VirtualLogDisk.Stored,
        _ majorities: [Majority]
    ) throws(Violation) {
        let index = committed.entry.index
        let usurper = majorities.flatMap(\.disks).first { disk in
            disk.firstIndex <= index && !disk.holds(committed.hash, at: index) && disk.isWhole
                && majorities.allSatisfy { $0.elects(disk.last) }
        }
        guard let usurper else { return }
        throw Violation(
            .log,
            "n\(node + 1) commits \(committed.entry.position), and a log without it that ends at \(usurper.last) wins elections"
        )
    }

    /// A node hands committed entries to its state machine.
    package mutating func applies(
        _ node: Int,
        _ entries: [Entry],
        by majorities: [Majority]
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
            guard entry.index.number == base.number + UInt64(committed.count) + 1 else {
                throw Violation(
                    .log,
                    "n\(node + 1) applies \(entry.index) before anybody applied \(base.number + UInt64(committed.count) + 1)"
                )
            }
            // Who votes may have changed since it was committed: the word of then counts.
            guard certified[entry.index] == hash || majorities.allSatisfy({ $0.holds(entry, hash) }) else {
                throw Violation(
                    .log,
                    "n\(node + 1) applies \(entry.position), which no quorum of members holds durably"
                )
            }
            certified[entry.index] = nil
            committed.append(Committed(hash: hash, entry: entry))
        }
    }

    package func orders(_ node: Int, applied: LogIndex, committed: LogIndex) throws(Violation) {
        guard applied <= committed else {
            throw Violation(.log, "n\(node + 1) has applied \(applied) past its commit index \(committed)")
        }
    }

    /// Every committed entry is still on a quorum of disks, or compacted there.
    package func scan(by majorities: [Majority]) throws(Violation) {
        for known in committed {
            let index = known.entry.index
            let isThere = majorities.allSatisfy { majority in
                majority.has { $0.firstIndex > index || $0.holds(known.hash, at: index) }
            }
            guard isThere else {
                throw Violation(.log, "committed entry \(known.entry.position) is on no quorum of disks")
            }
        }
    }

    private func chains(_ node: Int, _ stored: VirtualLogDisk.Stored, on disk: VirtualLogDisk) throws(Violation) {
        let index = stored.entry.index
        let previous = index == disk.firstIndex ? disk.base.hash : disk.stored(at: index.previous)?.hash
        guard previous == stored.entry.previousHash else {
            throw Violation(.log, "n\(node + 1) holds \(stored.entry.position) after another predecessor than it names")
        }
        guard let earlier = disk.stored(at: index.previous)?.entry.time, stored.entry.time < earlier else { return }
        throw Violation(
            .log,
            "n\(node + 1) holds \(stored.entry.position) of \(stored.entry.time), after one of \(earlier)"
        )
    }
}
