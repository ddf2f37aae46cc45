internal import Directory
internal import Kernel
internal import Replica

/// Faults as they happen.
extension World {
    /// How long a fault waits for the node that it is meant for.
    private static let retryInterval = Span.milliseconds(50)

    package mutating func inject(_ fault: Fault) throws(Violation) {
        guard fault.selectors.allSatisfy({ find($0) != nil }), !lacksLiar(for: fault) else {
            if case .byzantine(.learner, _) = fault { membership.awaitsLiar = true }
            let time = now.advanced(by: Self.retryInterval)
            if time < options.scenario.healTime { queue.schedule(.fault(fault), at: time) }
            return
        }
        faultCount += 1
        disturbedAt = now
        trace.hash.combine(now)
        trace.hash.combine("\(fault)")
        record(.fault(fault), node: fault.selectors.first.flatMap(find))
        noteHappening(fault)
        try carryOut(fault)
        noteInForce(after: fault)
    }

    private mutating func carryOut(_ fault: Fault) throws(Violation) {
        switch fault {
        case .isolate(let target): withNode(target) { world, node in world.network.isolate(node) }
        case .split(let groups): network.split(groups.map { $0.compactMap(find) })
        case .cut(let from, let to):
            if let from = find(from), let to = find(to) { network.cut(from: from, to: to) }
        case .healNetwork: network.heal()
        case .network(let quality): network.take(quality)
        case .crash(let target, let crash, let downFor):
            if let node = find(target) { try self.crash(node, crash, downFor: downFor) }
        case .crashDuringWrite(let target, let crash, let downFor):
            withNode(target) { world, node in
                world.machines[node].armedCrash = Machine.ArmedCrash(crash: crash, downFor: downFor)
            }
        case .crashWhenElected(let crash, let downFor):
            crashesWhenElected.append(Machine.ArmedCrash(crash: crash, downFor: downFor))
        case .stop(let target, let downFor):
            if let node = find(target) { try stop(node, downFor: downFor) }
        case .slowDisk(let target, let factor):
            withNode(target) { world, node in
                world.machines[node].diskSlowness = max(1, factor)
                world.releaseDisk(node)
            }
        case .hangDisk(let target):
            withNode(target) { world, node in world.machines[node].isDiskHung = true }
        case .rotLog(let target, let entries, let sparing):
            withNode(target) { world, node in world.rotLog(node, entries: entries, sparing: sparing) }
        case .wipeDisks(let target):
            if let node = find(target) { wipeDisks(node) }
        case .poison(let poison, let target):
            if let node = find(target) { try self.poison(poison, at: node) }
        case .backup(let target): withNode(target) { world, node in world.backUp(node) }
        case .restoreBackup(let fate): try restoreBackup(fate)
        case .byzantine(let role, let span): beginLying(as: role, for: span)
        case .handOver(let target):
            if let node = find(target) { try handOver(to: node) }
        case .stepClock(let target, let milliseconds):
            if let node = find(target) { stepClock(node, byMilliseconds: milliseconds) }
        case .revokeAgents(let count): try revokeAgents(count)
        case .state(let target, let count, let kind):
            if let node = find(target) { try state(against: count, kind, at: node) }
        case .correctClocks: correctClocks()
        case .repairAll: repairAll()
        }
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
    private mutating func revokeAgents(_ count: UInt64) throws(Violation) {
        for agent in workload.takeForRevocation(Int(count)) {
            let operation = invoke(.write(population.revocation(of: agent, reason: "simulated leak")))
            try attempt(operation)
        }
    }

    /// Each is taken by the node by itself, whatever becomes of the others.
    private mutating func state(against count: UInt64, _ kind: RevocationKind, at node: Int) throws(Violation) {
        for act in workload.statements(against: Int(count), kind) {
            let operation = invoke(.state(population.statement(act, in: lineage)))
            statements.made(act, population.statement(act, in: lineage))
            try attempt(operation, at: node)
        }
    }

    private mutating func stop(_ node: Int, downFor: Span) throws(Violation) {
        guard machines[node].isUp, machines[node].process?.stoppingFor == nil else { return }
        machines[node].process?.stoppingFor = downFor
        try step(node, .shutDown)
    }

    /// A node has nothing more to do: its process ends, with all that it wrote.
    mutating func stopped(_ node: Int) {
        guard let downFor = machines[node].process?.stoppingFor else { return }
        machines[node].process = nil
        machines[node].armedCrash = nil
        // What it asked to be written is written before the process ends.
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

    private mutating func rotLog(_ node: Int, entries: UInt64, sparing: UInt64) {
        let others = machines.indices.filter { $0 != node }.map { machines[$0].log }
        guard others.allSatisfy({ $0.damage.isEmpty && $0.lost == nil }), membership.isPresent(node),
            !membership.hasLost
        else { return }
        let last = machines[node].log.last.index.number
        let end = last - min(sparing, last)
        // One good copy of what is committed is left, with one who can lead: whoever joined a moment ago has none yet.
        let hasCopy = machines.indices.contains { other in
            other != node && membership.isVoter(other) && machines[other].log.last.index.number >= end
        }
        guard hasCopy else { return }
        for number in (end - min(entries, end))..<end { machines[node].log.rot(at: LogIndex(number + 1)) }
        if machines[node].isUp { scheduleScrub(node) }
    }

    /// What Reeve promises rests on most clocks being right, so a step that the seed drew is left out when it would leave
    /// no majority of good ones. A scenario may do as it likes.
    private mutating func stepClock(_ node: Int, byMilliseconds step: Int64) {
        var clock = machines[node].clock
        clock.step(byMilliseconds: step)
        // Nobody goes by the clock of an edge but itself.
        let others = machines.indices.filter { $0 != node && !membership.isForEdge($0) }
        let bad = others.count { !machines[$0].clock.isGood } + (clock.isGood || membership.isForEdge(node) ? 0 : 1)
        if bad <= (options.scenario.nodeCount - 1) / 2 || !options.scenario.drawsFaults { machines[node].clock = clock }
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
            machines[node].armedCrash = nil
            guard !machines[node].isUp, membership.isPresent(node) else { continue }
            queue.schedule(.start(node: node), at: now.advanced(by: .milliseconds(500)))
        }
    }
}
