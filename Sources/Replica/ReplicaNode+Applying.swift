import Consensus
import Directory
import Kernel
import Sealing

extension ReplicaNode {
    mutating func applied(_ batch: AppliedBatch, at now: Moment, into effects: inout [Effect]) {
        invariant(
            batch.point.position.index >= applied.position.index,
            "state went back from \(applied.position) to \(batch.point.position)"
        )
        applied = batch.point
        facts = batch.facts
        for outcome in batch.outcomes {
            forwardedCommands.remove(outcome.command)
            for id in requests.finish(command: outcome.command) {
                effects.append(.reply(id, .applied(outcome.result)))
            }
        }
        followVerdicts(batch.events, at: now, into: &effects)
        finishWaiters(into: &effects)
        recordRoots(batch, at: now, into: &effects)
        appliedAtEdge(at: now, into: &effects)
        if let reason = batch.halt { halt(reason, at: now, into: &effects) }
        advance(
            .applied(through: batch.point.position.index, refusedChanges: batch.refusedChanges),
            at: now,
            into: &effects
        )
        if applied.position.index >= restoredIndex { serve(into: &effects) }
        compact(into: &effects)
    }

    mutating func installed(
        _ point: SnapshotPoint,
        _ facts: DirectoryFacts,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        applied = point
        self.facts = facts
        // An edge signs nothing.
        if edge == nil {
            let sealPoint = SealPoint(point, root: facts.stateRoot, keys: facts.sealKeys)
            seals.restart(at: sealPoint, time: point.time, at: now.monotonic)
        }
        edge?.snapshot = nil
        firstIndex = point.position.index.next
        repair.compacted(to: firstIndex)
        askForVerdicts(into: &effects)
        finishWaiters(into: &effects)
        appliedAtEdge(at: now, into: &effects)
        advance(.snapshotInstalled(point), at: now, into: &effects)
        if let reason = Self.obstacle(in: facts, options) { return haltBeyond(reason, at: now, into: &effects) }
        // A snapshot is the state of a leader, or sealed, and all that this node may have served is in it.
        serve(into: &effects)
    }

    /// Why this program cannot go by a state, if it cannot: the cluster was raised beyond it.
    static func obstacle(in facts: DirectoryFacts, _ options: ReplicaOptions) -> String? {
        guard facts.featureLevel > options.supportedLevel else { return nil }
        return "the state: \(HaltReason.featureLevelTooHigh(facts.featureLevel, supported: options.supportedLevel))"
    }

    /// The last state that this node could read is gone, so it answers nothing.
    private mutating func haltBeyond(_ reason: String, at now: Moment, into effects: inout [Effect]) {
        halt(reason, at: now, into: &effects)
        stopServing(into: &effects)
    }

    private mutating func finishWaiters(into effects: inout [Effect]) {
        let revision = applied.position.index
        for id in requests.finishWaiters(through: revision) { effects.append(.reply(id, .reached(revision))) }
    }

    /// A member that was removed learns so from the log, if its peers still told it, and goes no further.
    mutating func follow(_ configuration: Configuration, at now: Moment, into effects: inout [Effect]) {
        let wasMember = self.configuration.contains(member)
        self.configuration = configuration
        clocks.follow(configuration.allVoters.filter { $0 != member })
        effects.append(.configurationChanged(configuration))
        forgetIntroductions(into: &effects)
        guard wasMember, !configuration.contains(member) else { return }
        halt("this node was removed from the cluster", at: now, into: &effects)
    }

    /// A node that cannot apply a committed command keeps its last good state, says so and ages out: skipping would
    /// make its state another one than its peers'.
    mutating func halt(_ reason: String, at now: Moment, into effects: inout [Effect]) {
        haltReason = reason
        effects.append(.note(Note(.error, "stopped applying the log", .init("reason", reason))))
        for expired in requests.expireAll() { effects.append(answer(to: expired)) }
    }

    /// Cuts what is applied off the log: what goes beyond the entries that are kept for members that lag, and where it is large
    /// in bytes its older half. Where nothing is left to write to, all of it: who lags is given a snapshot then.
    mutating func compact(into effects: inout [Effect]) {
        let (first, last) = (firstIndex.number, applied.position.index.number)
        guard !isCompacting, last > first else { return }
        let excess = last - first > options.keptEntries ? last - first - options.keptEntries : 0
        let count =
            isStorageFull
            ? last - first : isLogLarge ? (last - first + 1) / 2 : excess >= options.compactionStep ? excess : 0
        guard count > 0 else { return }
        isCompacting = true
        effects.append(.compact(before: LogIndex(first + count)))
    }

    mutating func shutDown(at now: Moment, into effects: inout [Effect]) {
        guard stopping == .no else { return }
        stopping = .handingOver
        // `mayLead(false)`, which `settle` sends now, makes a leader hand over.
    }

    mutating func finishStopping(into effects: inout [Effect]) {
        guard stopping == .handingOver, raft.role != .leader || voters == [member] else { return }
        stopping = .ready
        for expired in requests.expireAll() { effects.append(answer(to: expired)) }
        effects.append(.readyToStop)
    }
}
