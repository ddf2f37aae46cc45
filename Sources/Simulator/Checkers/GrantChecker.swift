package import Kernel

/// S9: no node allows by a grant that has ended, by its time, where a wrong clock makes decisions stricter, never laxer, or with its
/// holder: who comes after it under its name has nothing of what it had.
package struct GrantChecker: Sendable {
    /// By agent: the latest end of all grants that were ever asked for. Zero for none.
    private var ends: [WallTime]
    /// Agents that were removed, when nothing that was ever granted to them was still on its way, and were granted nothing since.
    private var removals: [(agent: Int, revision: LogIndex)] = []
    /// Nodes may know the time no better than good clocks agree.
    private let tolerance: Span

    package init(agentCount: Int, tolerance: Span) {
        self.ends = Array(repeating: .distantPast, count: agentCount)
        self.tolerance = tolerance
    }

    package mutating func requested(_ agent: Int, until end: WallTime) {
        ends[agent] = max(ends[agent], end)
        removals.removeAll { $0.agent == agent }
    }

    /// A client was told that the agent was removed with all its grants.
    package mutating func removed(_ agent: Int, at revision: LogIndex) { removals.append((agent, revision)) }

    /// A cluster goes on from a backup at that revision.
    package mutating func restored(to revision: LogIndex) { removals.removeAll { $0.revision > revision } }

    /// In the order in which clients were told.
    package var removedAgents: [Int] { removals.map(\.agent) }

    /// One of the agents whose grants have all ended, by turns.
    package func ended(_ turn: Int, at time: WallTime) -> Int? {
        ends.indices.lazy.map { (turn + $0) % ends.count }
            .first { hadGrants($0, endedBy: time) }
    }

    /// The agent whose last grant ended before all others' that went on until now.
    package func endedLast(at time: WallTime) -> Int? {
        ends.indices.filter { hadGrants($0, endedBy: time) }.max { ends[$0] < ends[$1] }
    }

    private func hadGrants(_ agent: Int, endedBy time: WallTime) -> Bool {
        ends[agent] != .distantPast && hasEnded(agent, at: time)
    }

    private func hasEnded(_ agent: Int, at time: WallTime) -> Bool { time > ends[agent].advanced(by: tolerance) }

    /// A node answered a request with allow.
    ///
    /// - Parameters:
    ///   - applied: What its state reflects.
    ///   - time: By the world's clock, which no node knows.
    package func allowed(_ agent: Int, by node: Int, applied: LogIndex, at time: WallTime) throws(Violation) {
        if let removal = removals.first(where: { $0.agent == agent && $0.revision <= applied }) {
            throw Violation(
                .expiry,
                "n\(node + 1) at \(applied) allows agent \(agent), whose grants ended with it at \(removal.revision)"
            )
        }
        guard hasEnded(agent, at: time) else { return }
        throw Violation(
            .expiry,
            "n\(node + 1) allows agent \(agent) at \(time), whose last grant ended at \(ends[agent])"
        )
    }
}
