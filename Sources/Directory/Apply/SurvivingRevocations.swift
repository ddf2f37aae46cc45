internal import Kernel

/// What those that are left of a lost cluster know of revocations, taken together.
package struct SurvivingRevocations: Hashable, Sendable {
    private var records: [Digest: RevocationRecord] = [:]
    /// The highest count of statements that any of them has let anybody see.
    package private(set) var epoch: UInt64 = 0

    package init() {}

    /// Adds what one of them has recorded.
    package mutating func add(_ found: [RevocationRecord], epoch: UInt64) {
        for record in found {
            // A lift is a later word on the same statement.
            if records[record.id]?.lift == nil { records[record.id] = record }
        }
        self.epoch = max(self.epoch, epoch)
    }

    /// In the order in which they were recorded.
    package var revocations: [RevocationRecord] { records.values.sorted { ($0.index, $0.id) < ($1.index, $1.id) } }
}
