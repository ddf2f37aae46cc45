import Decision
import Directory
package import Kernel
import Replica
package import Service

extension Node {
    package func containment(of statement: Digest) async -> Containment? {
        let maximumAge = decisionState.snapshot.maximumAge
        return await loop.read { [self] replica, _ -> Containment? in
            guard let report = replica.report(of: statement) else { return nil }
            let nodes = roster.everybody.map { node in
                let holder = report.holder(node.id)
                let since = node.id == replica.member ? report.inForceSince : holder?.since
                let isFirstHand = holder?.isFirstHand ?? true
                return Containment.Node(member: node.id, name: node.name, since: since, isFirstHand: isFirstHand)
            }
            return Containment(
                signed: report.signed,
                nodes: nodes.sorted { $0.name < $1.name },
                othersStopBy: report.othersStopBy(maximumAge: maximumAge, clocks: settings.options.clocks)
            )
        }
    }
}

extension StatementReport {
    /// What a node knows is dated by a proof of what was committed then. One without the statement is from before the log had
    /// it, and that was no later than this node knew; both clocks may err. One that has missed a change of the maximum age goes by
    /// the one before, which this node does not know any more.
    fileprivate func othersStopBy(maximumAge: Span, clocks: ClockRules) -> WallTime? {
        guard let judgement, case .recorded = judgement.verdict else { return nil }
        return judgement.knownAt.advanced(by: maximumAge).advanced(by: clocks.maxClockError)
            .advanced(by: clocks.maxClockError)
    }
}
