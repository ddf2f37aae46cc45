extension Fault {
    /// The same on another node; nil for what is not of one node.
    package func onto(_ node: NodeSelector) -> Fault? {
        switch self {
        case .isolate: .isolate(node)
        case .cut(_, let to): .cut(from: node, to: to)
        case .clog(_, let to, let span): .clog(from: node, to: to, for: span)
        case .crash(_, let crash, let downFor): .crash(node, crash, downFor: downFor)
        case .crashDuringWrite(_, let crash, let downFor): .crashDuringWrite(node, crash, downFor: downFor)
        case .stop(_, let downFor): .stop(node, downFor: downFor)
        case .crashLoop(_, let crash, let times, let every): .crashLoop(node, crash, times: times, every: every)
        case .pause(_, let span): .pause(node, for: span)
        case .fillDisk(_, let span): .fillDisk(node, for: span)
        case .failWrite(_, let downFor): .failWrite(node, downFor: downFor)
        case .misdirectWrite(_, let back): .misdirectWrite(node, back: back)
        case .slowDisk(_, let factor): .slowDisk(node, factor: factor)
        case .hangDisk: .hangDisk(node)
        case .rotLog(_, let entries, let sparing): .rotLog(node, entries: entries, sparing: sparing)
        case .stepClock(_, let milliseconds): .stepClock(node, milliseconds: milliseconds)
        case .upgrade(_, let downFor): .upgrade(node, downFor: downFor)
        case .wipeDisks: .wipeDisks(node)
        case .poison(let poison, _): .poison(poison, at: node)
        case .backup: .backup(node)
        case .handOver: .handOver(to: node)
        case .state(_, let agents, let kind): .state(node, agents: agents, kind)
        case .split, .healNetwork, .network, .crashWhenElected, .revokeAgents, .restoreBackup, .byzantine,
            .raiseFeatureLevel, .theft, .correctClocks, .repairAll:
            nil
        }
    }

    /// What ends it; nil for what ends by itself, or only with everything else.
    package var repair: Fault? {
        switch self {
        case .isolate, .split, .cut: .healNetwork
        case .network(let quality): quality == .good ? nil : .network(.good)
        case .slowDisk(let node, let factor): factor == 1 ? nil : .slowDisk(node, factor: 1)
        case .hangDisk(let node): .slowDisk(node, factor: 1)
        case .crashLoop, .pause, .fillDisk, .failWrite, .misdirectWrite, .clog: nil
        case .crash, .crashDuringWrite, .crashWhenElected, .stop, .rotLog, .handOver, .stepClock, .revokeAgents,
            .state, .upgrade, .raiseFeatureLevel, .theft, .wipeDisks, .poison, .backup, .restoreBackup, .byzantine,
            .healNetwork, .correctClocks, .repairAll:
            nil
        }
    }
}

extension ChoiceKey {
    /// Of the same message: that it is lost.
    var asLoss: ChoiceKey {
        ChoiceKey(
            .loss,
            subject,
            node: Int(node),
            peer: Int(peer),
            process: UInt64(process),
            number: Int(number)
        )
    }
}

extension ChoiceKey.Kind {
    /// What a number may be changed to: about what a seed draws, within `range`. A message that takes an hour, which a bundle
    /// may ask for, would keep a cluster from coming together and say nothing of it. Nil for what is no number.
    func drawnRange(from old: Int64) -> ClosedRange<Int64>? {
        switch self {
        case .fault, .operation, .undertaking: nil
        case .option: max(5, old / 2)...max(5, min(old, 1 << 20) * 2)
        case .spares: 0...2
        case .edges: 0...3
        case .encodedFrames, .seals, .loss, .zone, .zoneDistance, .usualLoss, .clockDrift, .clockError, .timers, .lie,
            .forgedState, .servedState, .withheld, .core, .olderLevel:
            range
        case .delay, .duplicate: 0...500_000
        case .linkClosing: 100...3_000_000
        case .linkReview: 200...5_000_000
        case .disk: 50...500_000
        case .crashPoint: 0...5000
        case .doneBeforeCrash, .keptWrites, .lostTransactions: 0...8
        case .hiddenLog: 0...1000
        case .scrub: 10_000...3_000_000
        case .target, .stateSource: 0...Int64(Scenario.nodeCounts.upperBound)
        case .deadline: 500_000...2_500_000
        case .retryPause: 20_000...400_000
        case .operatorPause: 50_000...800_000
        case .wipe: 10_000...5_000_000
        }
    }
}
