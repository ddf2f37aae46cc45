import Directory
import Kernel

/// What did not count at this node, brought by clients or told by others, by warrant and reason: whoever answers for a warrant is to see
/// that somebody tries what it does not allow.
///
/// Lost with the process.
struct StatementRefusals: Sendable {
    /// In the order of their names. There are no more than warrants: what names none is counted by its reason alone.
    private(set) var tallies: [WarrantTally] = []
    /// In the order of `StatementRefusal.allCases`.
    private(set) var totals = [UInt64](repeating: 0, count: StatementRefusal.allCases.count)
    /// Those counted, since one that does not count may be told again and again.
    private var counted = RecentDigests(limit: Self.memory)

    private static let memory = 4096

    mutating func count(_ signed: SignedStatement, _ refusal: StatementRefusal, at now: WallTime) {
        guard !counted.contains(signed.id) else { return }
        counted.insert(signed.id)
        if let place = StatementRefusal.allCases.firstIndex(of: refusal) { totals[place] += 1 }
        guard refusal.isOfKnownWarrant else { return }
        let name = signed.statement.warrant
        let place = tallies.partitioningIndex { $0.warrant >= name }
        if place == tallies.count || tallies[place].warrant != name {
            guard tallies.count < Limits.warrants else { return }
            tallies.insert(WarrantTally(warrant: name), at: place)
        }
        tallies[place].count(refusal, at: now)
    }
}

extension StatementRefusal {
    /// Else anybody could make up as many warrants as he likes.
    fileprivate var isOfKnownWarrant: Bool { self != .unknownWarrant && self != .otherCluster }
}
