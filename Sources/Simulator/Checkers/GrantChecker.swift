package import Kernel

/// S9: no node allows by a grant that has ended. A wrong clock makes decisions stricter, never laxer.
package struct GrantChecker: Sendable {
    /// By agent: the latest end of all grants that were ever asked for. Zero for none.
    private var ends: [WallTime]
    /// Nodes may know the time no better than good clocks agree.
    private let tolerance: Span

    package init(agentCount: Int, tolerance: Span) {
        self.ends = Array(repeating: .distantPast, count: agentCount)
        self.tolerance = tolerance
    }

    package mutating func requested(_ agent: Int, until end: WallTime) { ends[agent] = max(ends[agent], end) }

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
    /// - Parameter time: By the world's clock, which no node knows.
    package func allowed(_ agent: Int, by node: Int, at time: WallTime) throws(Violation) {
        guard hasEnded(agent, at: time) else { return }
        throw Violation(
            .expiry,
            "n\(node + 1) allows agent \(agent) at \(time), whose last grant ended at \(ends[agent])"
        )
    }
}
