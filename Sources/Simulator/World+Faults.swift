internal import Directory
internal import Kernel
internal import Replica

/// Faults as they happen.
extension World {
    /// How long a fault waits for the node that it is meant for.
    private static let retryInterval = Span.milliseconds(50)

    /// - Parameter number: Among the faults of the run; nil for what is none of them.
    package mutating func inject(_ fault: Fault, number: Int? = nil) throws(Violation) {
        guard fault.selectors.allSatisfy({ find($0) != nil }), !lacksLiar(for: fault), mayRaise(fault) else {
            if case .byzantine(.learner, _) = fault { membership.awaitsLiar = true }
            let time = now.advanced(by: Self.retryInterval)
            if time < options.scenario.healTime { queue.schedule(.fault(fault, number: number), at: time) }
            return
        }
        faultCount += 1
        disturbedAt = now
        trace.hash.combine(now)
        trace.hash.combine("\(fault)")
        record(.fault(fault), node: fault.selectors.first.flatMap(find))
        noteHappening(fault)
        if try carryOut(fault, number) { noteHappened(number, fault.name) }
        noteInForce(after: fault)
    }

    /// What has yet to come of a fault has come.
    mutating func noteHappened(_ number: Int?, _ name: String) {
        if let number { happened.insert(number) }
        occurred(.faultHappened(name))
    }

    /// Faults of the scenario that were due and never happened: nobody was there for them, or they would have been more than is
    /// promised.
    package var missedFaults: [(number: Int, fault: TimedFault)] {
        (scenarioFaults.filter { !happened.contains($0.number) } + awaiting).filter { $0.fault.time <= now }
            .sorted { $0.number < $1.number }
    }

    /// - Returns: Whether it has happened: not yet where it waits for something, and not at all where there is nothing to do.
    private mutating func carryOut(_ fault: Fault, _ number: Int?) throws(Violation) -> Bool {
        switch fault {
        case .isolate(let target): withNode(target) { world, node in world.network.isolate(node) }
        case .split(let groups): network.split(groups.map { $0.compactMap(find) })
        case .cut(let from, let to):
            guard let from = find(from), let to = find(to), from != to else { return false }
            network.cut(from: from, to: to)
        case .clog(let from, let to, let span):
            guard let from = find(from), let to = find(to), from != to else { return false }
            let end = now.advanced(by: span)
            network.clog(from: from, to: to, until: end)
            queue.schedule(.eased, at: end)
        case .healNetwork: network.heal()
        case .network(let quality): network.take(quality)
        case .crash(let target, let crash, let downFor):
            guard let node = find(target), machines[node].isUp else { return false }
            try self.crash(node, crash, downFor: downFor)
        case .crashDuringWrite(let target, let crash, let downFor):
            withNode(target) { world, node in
                world.machines[node].armedCrash = Machine.ArmedCrash(crash: crash, downFor: downFor, fault: number)
            }
            return false
        case .crashWhenElected(let crash, let downFor):
            crashesWhenElected.append(Machine.ArmedCrash(crash: crash, downFor: downFor, fault: number))
            return false
        case .stop(let target, let downFor):
            guard let node = find(target), machines[node].isUp else { return false }
            try stop(node, downFor: downFor)
        case .upgrade(let target, let downFor):
            guard let node = find(target) else { return false }
            return try upgrade(node, downFor: downFor)
        case .theft(let loot, let span): beginTheft(of: loot, noticedAfter: span)
        case .raiseFeatureLevel(let asks): try raiseLevel(asks: asks)
        case .crashLoop(let target, let crash, let times, let every):
            guard let node = find(target) else { return false }
            return try loopCrash(node, crash, times: times, every: every)
        case .pause(let target, let span): return find(target).map { pause($0, for: span) } ?? false
        case .fillDisk(let target, let span): withNode(target) { world, node in world.fillDisk(node, for: span) }
        case .failWrite(let target, let downFor):
            withNode(target) { world, node in
                world.machines[node].failingWrite = Machine.FailingWrite(downFor: downFor, fault: number)
            }
            return false
        case .misdirectWrite(let target, let back): return find(target).map { misdirect($0, back: back) } ?? false
        case .slowDisk(let target, let factor):
            withNode(target) { world, node in
                world.machines[node].diskSlowness = max(1, factor)
                world.releaseDisk(node)
            }
        case .hangDisk(let target):
            withNode(target) { world, node in world.machines[node].isDiskHung = true }
        case .rotLog(let target, let entries, let sparing):
            return find(target).map { rotLog($0, entries: entries, sparing: sparing) } ?? false
        case .wipeDisks(let target): return find(target).map { wipeDisks($0) } ?? false
        case .poison(let poison, let target):
            guard let node = find(target), machines[node].isUp else { return false }
            try self.poison(poison, at: node)
        case .backup(let target): return find(target).map { backUp($0) } ?? false
        case .restoreBackup(let fate): return try restoreBackup(fate)
        case .byzantine(let role, let span): beginLying(as: role, for: span)
        case .handOver(let target):
            if let node = find(target) { try handOver(to: node) }
        case .stepClock(let target, let milliseconds):
            return find(target).map { stepClock($0, byMilliseconds: milliseconds) } ?? false
        case .revokeAgents(let count): return try revokeAgents(count)
        case .state(let target, let count, let kind):
            guard let node = find(target) else { return false }
            return try state(against: count, kind, at: node)
        case .correctClocks: correctClocks()
        case .repairAll: repairAll()
        }
        return true
    }

    private mutating func withNode(_ selector: NodeSelector, _ body: (inout World, Int) -> Void) {
        if let node = find(selector) { body(&self, node) }
    }

    func find(_ selector: NodeSelector) -> Int? {
        switch selector {
        // None where a schedule was made for more machines than there are.
        case .node(let number): machines.indices.contains(number) ? number : nil
        case .leader: leader
        case .follower: machines.indices.first { machines[$0].isUp && $0 != leader }
        }
    }

    /// All at once, as after a leak: nobody waits for the answer to one before sending the next.
    private mutating func revokeAgents(_ count: UInt64) throws(Violation) -> Bool {
        let agents = workload.takeForRevocation(Int(count))
        for agent in agents {
            let operation = invoke(.write(population.revocation(of: agent, reason: "simulated leak")))
            try attempt(operation)
        }
        return !agents.isEmpty
    }

    /// Each is taken by the node by itself, whatever becomes of the others.
    private mutating func state(against count: UInt64, _ kind: RevocationKind, at node: Int) throws(Violation) -> Bool {
        let acts = workload.statements(against: Int(count), kind)
        for act in acts {
            let operation = invoke(.state(population.statement(act, in: lineage)))
            statements.made(act, population.statement(act, in: lineage))
            try attempt(operation, at: node)
        }
        return !acts.isEmpty
    }

    mutating func stop(_ node: Int, downFor: Span) throws(Violation) {
        guard machines[node].isUp, machines[node].process?.stoppingFor == nil else { return }
        machines[node].process?.stoppingFor = downFor
        try step(node, .shutDown)
    }

    /// A node has nothing more to do: its process ends, with all that it wrote.
    mutating func stopped(_ node: Int) {
        guard let downFor = machines[node].process?.stoppingFor else { return }
        machines[node].endProcess()
        // What it asked to be written is written before the process ends, where there is room.
        if machines[node].fullUntil != nil { _ = machines[node].log.crash(keeping: 0) }
        while machines[node].log.isWriting { _ = machines[node].log.completeBatch() }
        record(.stopped, node: node)
        recordState(node)
        closeLinks(of: node)
        reviewLinks(of: node)
        queue.schedule(.start(node: node), at: now.advanced(by: downFor))
    }

    /// A write that hung ends at once; one of a process that has ended since is no concern of the next.
    private mutating func releaseDisk(_ node: Int) {
        guard machines[node].isDiskHung else { return }
        machines[node].isDiskHung = false
        if let hung = machines[node].process?.hungStatements, !hung.isEmpty {
            machines[node].process?.hungStatements = []
            queue.schedule(.statementsKept(node: node, process: machines[node].generation, hung), at: now)
        }
        guard machines[node].hasHungWrite else { return }
        machines[node].hasHungWrite = false
        queue.schedule(.logBatchWritten(node: node, process: machines[node].generation), at: now)
    }

    private mutating func rotLog(_ node: Int, entries: UInt64, sparing: UInt64) -> Bool {
        let last = machines[node].log.last.index.number
        let end = last - min(sparing, last)
        guard mayDamageLog(of: node, through: end) else { return false }
        for number in (end - min(entries, end))..<end { machines[node].log.rot(at: LogIndex(number + 1)) }
        if machines[node].isUp { scheduleScrub(node) }
        return !machines[node].log.damage.isEmpty
    }

    /// The newest entry lies in the place of an older one, and its own is as it was before.
    private mutating func misdirect(_ node: Int, back: UInt64) -> Bool {
        let last = machines[node].log.last.index
        guard mayDamageLog(of: node, through: last.number), last.number > back else { return false }
        guard machines[node].log.misdirect(to: LogIndex(last.number - back)) else { return false }
        if machines[node].isUp { scheduleScrub(node) }
        return true
    }

    /// One good copy of what is committed is left, with one who can lead: whoever joined a moment ago has none yet.
    private func mayDamageLog(of node: Int, through end: UInt64) -> Bool {
        let others = machines.indices.filter { $0 != node }.map { machines[$0].log }
        guard others.allSatisfy({ $0.damage.isEmpty && $0.lost == nil }), membership.isPresent(node),
            !membership.hasLost
        else { return false }
        return machines.indices.contains { other in
            other != node && membership.isVoter(other) && machines[other].log.last.index.number >= end
        }
    }

    /// The next crash is as far off as this one is from the one before, whether the node is up by then or not.
    private mutating func loopCrash(
        _ node: Int,
        _ crash: Crash,
        times: UInt64,
        every: Span
    ) throws(Violation) -> Bool {
        let next = now.advanced(by: every)
        if times > 1, next < loadEnds {
            queue.schedule(
                .fault(.crashLoop(.node(node), crash, times: times - 1, every: every), number: nil),
                at: next
            )
        }
        guard machines[node].isUp else { return false }
        try self.crash(node, crash, downFor: Span(microseconds: every.microseconds / 2))
        return true
    }

    /// What Reeve promises rests on most clocks being right, so a step that the seed drew is left out when it would leave
    /// no majority of good ones. A scenario may do as it likes.
    private mutating func stepClock(_ node: Int, byMilliseconds step: Int64) -> Bool {
        var clock = machines[node].clock
        clock.step(byMilliseconds: step)
        // Nobody goes by the clock of an edge but itself.
        let others = machines.indices.filter { $0 != node && !membership.isForEdge($0) }
        let bad = others.count { !machines[$0].clock.isGood } + (clock.isGood || membership.isForEdge(node) ? 0 : 1)
        guard bad <= (options.scenario.nodeCount - 1) / 2 || !options.scenario.drawsFaults else { return false }
        machines[node].clock = clock
        return true
    }

    mutating func correctClocks() {
        for node in machines.indices where !machines[node].clock.isGood {
            machines[node].clock.correct(toErrorMilliseconds: goodClockError(of: node))
        }
    }

    /// Everything works again from now on. What is down starts when its time has come, at the latest in a second.
    mutating func repairAll() {
        network.heal()
        network.take(.good)
        membership.awaitsLiar = false
        crashesWhenElected = []
        correctClocks()
        for node in machines.indices {
            machines[node].diskSlowness = 1
            releaseDisk(node)
            resume(node)
            machines[node].fullUntil = nil
            machines[node].failingWrite = nil
            machines[node].armedCrash = nil
            guard !machines[node].isUp, membership.isPresent(node) else { continue }
            queue.schedule(.start(node: node), at: now.advanced(by: .milliseconds(500)))
        }
        finishUpgrades()
    }
}
