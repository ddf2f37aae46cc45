package import Directory
package import Kernel

/// Which reports are worth an entry of the log: a roll-out that waits for decisions, and whose nodes are asked nothing, is not to
/// fill the history with reports that say so.
package struct RolloutNews: Sendable {
    private struct Told: Sendable {
        let report: RolloutReport
        /// What all had counted by then, as the log had it.
        let total: UInt64
        let at: Instant
    }

    /// The last one of each set.
    private var told: [Told] = []

    package init() {}

    /// Between two reports that say the same.
    package static let longestSilence = Span.seconds(600)

    /// Whether a report is to be sent; if so, it counts as sent.
    ///
    /// Nothing is held back that could open a ring. Reports count for a few intervals only, so that whoever has counted nothing new
    /// reports again once another has: nobody is missed in the moment in which enough is together.
    ///
    /// - Parameter record: As this node's state has it; nil where it has none, and then all is sent.
    package mutating func take(_ report: RolloutReport, of record: RolloutRecord?, at now: Moment) -> Bool {
        let last = told.first { $0.report.stage.set == report.stage.set }
        if let last, let record, isStale(report, after: last, record, at: now) { return false }
        told.removeAll { $0.report.stage.set == report.stage.set }
        told.append(Told(report: report, total: record?.total.decisions ?? 0, at: now.monotonic))
        return true
    }

    private func isStale(_ report: RolloutReport, after last: Told, _ record: RolloutRecord, at now: Moment) -> Bool {
        let hasSoaked = record.stageOpenedAt.advanced(by: record.spec.soak) <= now.wall
        return hasSoaked && report == last.report && !report.isFailed
            && record.total.decisions < UInt64(record.spec.minimumDecisions)
            && record.total.decisions == last.total
            && now.monotonic < last.at.advanced(by: Self.longestSilence)
    }
}
