internal import Consensus
internal import Kernel

/// Voters of whom more than half must agree, and what their disks hold. A joint configuration has two.
package struct Majority: Sendable {
    let disks: [VirtualLogDisk]
    /// Voters, those without a disk to look at included.
    private let voterCount: Int

    package init(_ disks: [VirtualLogDisk], of voterCount: Int? = nil) {
        self.disks = disks
        self.voterCount = voterCount ?? disks.count
    }

    func has(_ condition: (VirtualLogDisk) -> Bool) -> Bool { disks.count(where: condition) > voterCount / 2 }

    /// The same, with voters that have no disk to look at taken for such that meet the condition.
    func canHave(_ condition: (VirtualLogDisk) -> Bool) -> Bool {
        disks.count(where: condition) + voterCount - disks.count > voterCount / 2
    }

    func holds(_ entry: Entry, _ hash: Digest) -> Bool {
        has { $0.holds(hash, at: entry.index) || $0.hasLost(entry.index) }
    }

    /// Whether this majority would elect who has this log, if all its voters lost power now. One whose log is not whole does
    /// not vote.
    func elects(_ last: LogPosition) -> Bool { has { last.isUpToDate(with: $0.last) && $0.isWhole } }
}

extension VirtualLogDisk {
    func hasLost(_ index: LogIndex) -> Bool { lost.map { $0.first <= index && index <= $0.last.index } ?? false }
    func holds(_ hash: Digest, at index: LogIndex) -> Bool { stored(at: index)?.hash == hash }
    var isWhole: Bool { lost == nil && damage.isEmpty }
}
