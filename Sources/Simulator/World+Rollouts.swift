internal import Consensus
internal import Decision
internal import Directory
internal import Kernel
internal import Replica

/// Roll-outs of policies: nodes report, and what the log has recorded is looked at.
extension World {
    private static let rolloutInterval = Span.milliseconds(500)

    mutating func scheduleReports(_ node: Int) {
        guard options.scenario.rollouts, now < loadEnds else { return }
        let process = machines[node].generation
        queue.schedule(.reportRollouts(node: node, process: process), at: now.advanced(by: Self.rolloutInterval))
    }

    /// As `RolloutReporter` does it. Nothing is counted: what is rolled out here changes no decision that clients ask for.
    mutating func reportRollouts(_ node: Int) throws(Violation) {
        scheduleReports(node)
        let shares = machines[node].process?.decisions.rollouts ?? []
        let moment = machines[node].clock.moment(at: now)
        let reports = machines[node].process?.rollouts.due(shares, counts: { _ in .none }, at: moment.monotonic) ?? []
        for (number, report) in reports.enumerated() {
            let view = DirectoryView(machines[node].state.current.pairs, codec: options.codec)
            let record = (try? view.rollout(report.stage.set)) ?? nil
            guard machines[node].process?.rolloutNews.take(report, of: record, at: moment) == true else { continue }
            guard let voucher = voucher(for: node) else { return }
            let command = Command(
                caller: .node(members[node]),
                authenticatedBy: members[voucher],
                idempotencyKey: "report-\(node)-\(now.microseconds)-\(number)",
                notAfter: VirtualClock.trueWall(at: now).advanced(by: .seconds(60)),
                body: .reportRollout(report)
            )
            try submit(command, ofItsOwn: voucher, within: .seconds(5))
        }
    }

    /// Itself, or for those without a vote the first voter that runs.
    private func voucher(for node: Int) -> Int? {
        guard !membership.isVoter(node) else { return node }
        return machines.indices.first { membership.isVoter($0) && machines[$0].process != nil }
    }

    /// After the node has applied something.
    mutating func checkRollouts(_ node: Int) throws(Violation) {
        guard options.scenario.rollouts, let decisions = machines[node].process?.decisions else { return }
        // What an edge begins from may be forged, until a seal has said so.
        guard !membership.isForEdge(node) || machines[node].process?.replica.isProven == true else { return }
        let point = machines[node].state.current.point
        let view = DirectoryView(machines[node].state.current.pairs, codec: options.codec)
        let set = Population.changingSet
        guard let record = try? view.rollout(set) else { return }
        try rollouts.saw(record, at: point.position.index)
        let labels = (try? view.labels(of: members[node])) ?? Labels.none
        let active = (try? view.policySet(set))?.activeVersion
        let inForce = decisions.policies.first { $0.name == set }?.version
        try rollouts.decides(node, by: inForce, labelled: labels, record, elsewhere: active)
    }
}
