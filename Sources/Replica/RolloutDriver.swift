package import Decision
package import Directory
package import Kernel

/// When a node tells the log what it has counted of roll-outs that it takes part in.
package struct RolloutDriver: Hashable, Sendable {
    private struct Report: Hashable {
        let stage: RolloutStage
        let sentAt: Instant
        let isAlarm: Bool
    }

    /// The last one of each stage under way.
    private var sent: [Report] = []

    package init() {}

    /// What is to be reported now. Whatever becomes of it, the next report follows after the interval: the log says no by itself.
    ///
    /// - Parameter counts: Of the decisions compared in a stage.
    package mutating func due(
        _ shares: [RolloutShare],
        counts: (RolloutStage) -> RolloutCounts,
        at now: Instant
    ) -> [RolloutReport] {
        let running = shares.filter(\.isRunning)
        sent.removeAll { report in !running.contains { $0.stage == report.stage } }
        return running.compactMap { share in
            let counted = share.isInForce ? counts(share.stage) : .none
            let isAlarm = !share.isInForce || share.isAlarming(counted)
            guard isAlarm || share.isWitness, isDue(share, isAlarm: isAlarm, at: now) else { return nil }
            sent.removeAll { $0.stage == share.stage }
            sent.append(Report(stage: share.stage, sentAt: now, isAlarm: isAlarm))
            return RolloutReport(stage: share.stage, counts: counted, isFailed: !share.isInForce)
        }
    }

    /// At once at first, and as soon as there is something wrong.
    private func isDue(_ share: RolloutShare, isAlarm: Bool, at now: Instant) -> Bool {
        guard let last = sent.first(where: { $0.stage == share.stage }) else { return true }
        return isAlarm && !last.isAlarm || last.sentAt.advanced(by: share.spec.reportInterval) <= now
    }
}

extension RolloutShare {
    fileprivate func isAlarming(_ counts: RolloutCounts) -> Bool { isWitness && spec.isExceeded(by: counts) }
}
