package import Directory
package import Kernel

/// That roll-outs open rings when they may, and that nodes decide by what is rolled out where its rings are open.
///
/// For loads in which nobody opens a ring by hand.
package struct RolloutChecker: Sendable {
    /// Of the newest roll-out, in the order of the log.
    private var sightings: [(index: LogIndex, record: RolloutRecord)] = []
    package private(set) var openedRings = 0
    package private(set) var halts = 0

    package init() {}

    /// The state at an index has this record.
    package mutating func saw(_ record: RolloutRecord, at index: LogIndex) throws(Violation) {
        if let newest = sightings.last?.record, newest.began < record.began { sightings = [] }
        guard sightings.last.map({ $0.record.began == record.began }) ?? true else { return }
        let place = sightings.firstIndex { $0.index >= index } ?? sightings.count
        if place < sightings.count, sightings[place].index == index { return }
        if place > 0 { try check(sightings[place - 1].record, then: record, at: index) }
        if place < sightings.count { try check(record, then: sightings[place].record, at: sightings[place].index) }
        if place > 0, place == sightings.count { count(sightings[place - 1].record, then: record) }
        sightings.insert((index, record), at: place)
        if sightings.count > Self.limit { sightings.removeFirst() }
    }

    private static let limit = 256

    private mutating func count(_ before: RolloutRecord, then after: RolloutRecord) {
        openedRings += Int(after.opened - before.opened)
        if after.state == .halted, before.state != .halted { halts += 1 }
    }

    private func check(_ before: RolloutRecord, then after: RolloutRecord, at index: LogIndex) throws(Violation) {
        guard after.opened >= before.opened else {
            throw Violation(.rollout, "a ring of \(before.spec.set) is closed again at \(index)")
        }
        guard after.opened > before.opened else { return }
        // Resuming has the ring soak once more, so that after a halt it takes as long from there.
        let since = before.state == .halted ? before.metadata.updatedAt : before.stageOpenedAt
        let at = after.state == .done ? after.metadata.updatedAt : after.stageOpenedAt
        let soaked = since.advanced(
            by: Span(microseconds: before.spec.soak.microseconds * (after.opened - before.opened))
        )
        guard soaked <= at else {
            throw Violation(
                .rollout,
                "ring \(after.opened) of \(before.spec.set) is opened by \(at), where the one before, \(before.state), has soaked "
                    + "at \(soaked) (entry \(index))"
            )
        }
    }

    /// A node decides by a version of the set.
    package func decides(
        _ node: Int,
        by version: UInt64?,
        labelled labels: Labels,
        _ record: RolloutRecord,
        elsewhere active: UInt64?
    ) throws(Violation) {
        let isReached =
            (record.state == .running || record.state == .halted)
            && record.spec.rings.prefix(Int(record.stage) + 1).contains { ring in
                ring.labels.entries.allSatisfy { labels[$0.key] == $0.value }
            }
        let expected = isReached ? record.spec.version : active
        guard version == expected else {
            throw Violation(
                .rollout,
                "n\(node + 1) decides by version \(version ?? 0) of \(record.spec.set), and has to by \(expected ?? 0)"
            )
        }
    }
}

extension RolloutRecord {
    /// How many rings were opened, of which the last stands for everybody.
    fileprivate var opened: UInt64 { state == .done ? UInt64(spec.rings.count) : UInt64(stage) }
}
