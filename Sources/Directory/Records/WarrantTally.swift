package import Kernel

/// What one node has done under a warrant that the log does not tell of: shown beside the log's record of it.
package struct WarrantTally: Hashable, Sendable {
    /// Statements that did not count, by this node's state or by what it had in force.
    package struct Refused: Hashable, Sendable {
        package let refusal: StatementRefusal
        /// Each once, as long as it is among the last that were refused.
        package internal(set) var count: UInt64
        /// By this node's clock.
        package internal(set) var lastAt: WallTime

        package init(_ refusal: StatementRefusal, count: UInt64, lastAt: WallTime) {
            self.refusal = refusal
            self.count = count
            self.lastAt = lastAt
        }
    }

    package let warrant: String
    /// In force here, and not judged by the log yet.
    package var enforcedCount: Int
    /// Whether two under one number are known here, though the log may not yet.
    package var isFrozen: Bool
    /// Since this process began, in the order of their codes' names.
    package private(set) var refused: [Refused]

    package init(warrant: String, enforcedCount: Int = 0, isFrozen: Bool = false, refused: [Refused] = []) {
        self.warrant = warrant
        self.enforcedCount = enforcedCount
        self.isFrozen = isFrozen
        self.refused = refused
    }

    package mutating func count(_ refusal: StatementRefusal, at now: WallTime) {
        if let place = refused.firstIndex(where: { $0.refusal == refusal }) {
            refused[place].count += 1
            refused[place].lastAt = now
        } else {
            let place = refused.firstIndex { $0.refusal.rawValue > refusal.rawValue } ?? refused.endIndex
            refused.insert(Refused(refusal, count: 1, lastAt: now), at: place)
        }
    }
}
