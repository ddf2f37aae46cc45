internal import Consensus
internal import Kernel
internal import Replica

/// How a world begins.
extension Choices {
    /// Small bounds, so that compaction, snapshots and reads from the disk happen in a short run too. Neutral are those of a
    /// node that nobody has configured.
    mutating func nodeOptions() -> ReplicaOptions {
        var options = ReplicaOptions()
        options.keptEntries = UInt64(option(.keptEntries, Int(options.keptEntries), 5...60))
        options.compactionStep = UInt64(option(.compactionStep, Int(options.compactionStep), 10...80))
        options.raft.windowBytes = option(.windowBytes, options.raft.windowBytes, 2_000...40_000)
        options.raft.maxAppendBytes = option(.maxAppendBytes, options.raft.maxAppendBytes, 500...20_000)
        options.raft.maxApplyBytes = option(.maxApplyBytes, options.raft.maxApplyBytes, 500...20_000)
        return options
    }

    private mutating func option(_ subject: ChoiceKey.Subject, _ neutral: Int, _ range: ClosedRange<UInt64>) -> Int {
        let value = number(ChoiceKey(.option, subject), neutral: Int64(neutral), at: .zero) {
            Int64($0.nodes.within(range))
        }
        return Int(value)
    }

    /// A scenario that says how many leaves nothing to choose.
    mutating func spareCount(of scenario: Scenario) -> Int {
        if let count = scenario.spareCount { return count }
        let count = number(ChoiceKey(.spares), neutral: 0, at: .zero) { streams in
            scenario.drawsSpares ? Int64(Membership.drawSpares(from: &streams.members)) : 0
        }
        return Int(count)
    }
}
