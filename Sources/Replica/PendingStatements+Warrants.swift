import Directory
import Kernel

// A warrant bounds what its key can do also while the log does not hear of it. Here statements under one number freeze it, as in
// the log, and no more are in force under it than its budget and one.
//
// Nothing that is in force is let go of for that: only the log lifts it. So nodes that were apart may have taken different ones, each
// within the bounds. Each takes the other's as long as all together are within them; of what is beyond, the log says which count.
extension PendingStatements {
    /// Why a statement that counts by the state does not count beside those in force here; nil if it does.
    ///
    /// - Parameters:
    ///   - use: What the log has of its warrant.
    ///   - isInForceElsewhere: Another node's word. A freeze stops whoever has the key from going on, here; what other nodes had
    ///     taken before they heard of it is taken here as well, so that they come to the same.
    func refusal(of signed: SignedStatement, under use: WarrantUse, isInForceElsewhere: Bool) -> StatementRefusal? {
        let others = inForce(under: signed)
        let twins = others.count { $0.isTwin(of: signed) && !use.twins.contains($0.signed.id) }
        let total = Int(use.spent) + others.count { !$0.isJudged }
        // As many as the budget have as many numbers, unless there are two under one.
        if twins + use.twins.count > 1 || total > Int(use.budget) { return .warrantFrozen }
        let isFrozen = use.isFrozen || others.contains { $0.hasTwin }
        return isFrozen && !isInForceElsewhere ? .warrantFrozen : nil
    }

    /// Marks a statement that is in force, and others under its number.
    mutating func markTwins(of signed: SignedStatement, under use: WarrantUse) {
        if !use.twins.isEmpty || use.hasRefusedTwin { change(signed.id) { $0.hasTwin = true } }
        markTwins(of: signed)
    }

    /// The statement need not be among them: the log may have judged it.
    mutating func markTwins(of signed: SignedStatement) {
        let twins = inForce(under: signed).filter { $0.isTwin(of: signed) }
        guard !twins.isEmpty else { return }
        for id in [signed.id] + twins.map(\.signed.id) { change(id) { $0.hasTwin = true } }
    }

    /// - Parameter refused: In the order of their warrants, as is what comes back.
    func tallies(beside refused: [WarrantTally]) -> [WarrantTally] {
        var tallies = refused
        for item in items where item.isEnforced {
            let name = item.signed.statement.warrant
            let place = tallies.partitioningIndex { $0.warrant >= name }
            if place == tallies.count || tallies[place].warrant != name {
                tallies.insert(WarrantTally(warrant: name), at: place)
            }
            tallies[place].enforcedCount += 1
            if item.hasTwin { tallies[place].isFrozen = true }
        }
        return tallies
    }

    /// In the order in which the log is to hear of them: the second under a number freezes the warrant there, and what comes after
    /// it does not count.
    func inOrderOfProposing(_ due: [Item]) -> [Item] {
        func rank(_ item: Item) -> Int {
            guard item.isEnforced else { return 2 }
            guard item.hasTwin else { return 0 }
            return due.contains { $0.isEnforced && $0.isTwin(of: item.signed) && $0.signed.id < item.signed.id } ? 1 : 0
        }
        let ranked = due.map { (rank: rank($0), item: $0) }
        return (0...2).flatMap { rank in ranked.lazy.filter { $0.rank == rank }.map(\.item) }
    }

    /// Others under the same warrant by which decisions go, or are about to.
    private func inForce(under signed: SignedStatement) -> [Item] {
        items.filter {
            $0.isEnforced && $0.signed.statement.warrant == signed.statement.warrant && $0.signed.id != signed.id
        }
    }
}

extension PendingStatements.Item {
    /// Decisions go by it, or are about to.
    var isEnforced: Bool { stage == .beginning || stage == .inForce }

    fileprivate func isTwin(of other: SignedStatement) -> Bool {
        signed.id != other.id && signed.statement.warrant == other.statement.warrant
            && signed.statement.sequence == other.statement.sequence
    }
}
