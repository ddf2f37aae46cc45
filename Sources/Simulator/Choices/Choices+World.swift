internal import Consensus
internal import Directory
internal import Gossip
internal import Kernel
internal import Replica

/// How a world begins.
extension Choices {
    /// Small bounds, so that compaction, snapshots and reads from the disk happen in a short run too. Neutral are those of a
    /// node that nobody has configured.
    mutating func nodeOptions() -> ReplicaOptions {
        var options = ReplicaOptions()
        options.keptEntries = UInt64(option(.keptEntries, Int(options.keptEntries), 5...60))
        // No more in memory than on the disk, or nobody would ever lack what is kept.
        options.gossip.windowCountLimit = min(options.gossip.windowCountLimit, Int(options.keptEntries))
        options.compactionStep = UInt64(option(.compactionStep, Int(options.compactionStep), 10...80))
        options.raft.windowBytes = option(.windowBytes, options.raft.windowBytes, 2_000...40_000)
        options.raft.maxUnappliedBytes = min(options.raft.maxUnappliedBytes, options.raft.windowBytes)
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

    /// A scenario that says whether voters seal leaves nothing to choose.
    mutating func seals(in scenario: Scenario) -> Bool {
        if let seals = scenario.seals { return seals }
        if scenario.edgeCount ?? 0 > 0 { return true }
        let isOn = number(ChoiceKey(.seals), neutral: 0, at: .zero) { streams in
            scenario.drawsFaults && streams.seals.chance(500_000) ? 1 : 0
        }
        return isOn == 1
    }

    /// A scenario that says how many leaves nothing to choose.
    mutating func edgeCount(of scenario: Scenario, areSealing: Bool) -> Int {
        if let count = scenario.edgeCount { return count }
        let count = number(ChoiceKey(.edges), neutral: 0, at: .zero) { streams in
            scenario.drawsEdges && areSealing ? Int64(Membership.drawEdges(from: &streams.edges)) : 0
        }
        return Int(count)
    }

    /// Which majority of the voters is healed first, by itself; 0 for everybody at once. Not where a scenario expects what may need
    /// the others.
    mutating func core(of scenario: Scenario) -> Int64 {
        number(ChoiceKey(.core), neutral: 0, at: .zero) { streams in
            guard scenario.drawsFaults, scenario.expectations.isEmpty, streams.core.chance(250_000) else { return 0 }
            return 1 + Int64(streams.core.below(1000 as UInt64))
        }
    }

    /// The level at which the cluster begins, and which is all that the programs know; nil for the newest, with the newest programs. Not
    /// drawn where a scenario expects what may need the newest.
    mutating func olderLevel(of scenario: Scenario) -> FeatureLevel? {
        if let level = scenario.featureLevel { return level < .supported ? level : nil }
        let number = number(ChoiceKey(.olderLevel), neutral: 0, at: .zero) { streams in
            guard scenario.drawsFaults, scenario.expectations.isEmpty, streams.upgrades.chance(150_000) else {
                return 0
            }
            let levels = UInt64(Scenario.featureLevels.lowerBound.number)..<UInt64(FeatureLevel.supported.number)
            return Int64(streams.upgrades.within(levels.lowerBound...levels.upperBound - 1))
        }
        let level = FeatureLevel(UInt32(number))
        return number > 0 && level < .supported ? level : nil
    }

    /// What the network is like where nothing is wrong. One zone and no loss unless the seed draws what goes wrong: a
    /// scenario that says so itself counts on it.
    mutating func networkLayout(of scenario: Scenario, machineCount: Int) -> NetworkLayout {
        let distance = span(ChoiceKey(.zoneDistance), neutral: .zero, at: .zero) { streams in
            guard scenario.drawsFaults, scenario.zones.isEmpty, streams.network.chance(500_000) else { return .zero }
            return streams.network.span(Span(microseconds: 500)...NetworkLayout.longestDistance)
        }
        let zones = (0..<machineCount).map { node in
            number(ChoiceKey(.zone, node: node), neutral: 0, at: .zero) { streams in
                distance == .zero ? 0 : Int64(streams.network.within(0...UInt64(NetworkLayout.lastZone)))
            }
        }
        let loss = number(ChoiceKey(.usualLoss), neutral: 0, at: .zero) { streams in
            guard scenario.drawsFaults, streams.network.chance(500_000) else { return 0 }
            return Int64(streams.network.within(100...UInt64(NetworkLayout.highestLossPPM)))
        }
        guard scenario.zones.isEmpty else {
            return NetworkLayout(scenario.zones, machineCount: machineCount, lossPPM: UInt64(loss))
        }
        return NetworkLayout(zones: zones.map(Int.init), distance: distance, lossPPM: UInt64(loss))
    }
}
