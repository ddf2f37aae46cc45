import Kernel

// Changes of the configuration. Raft dissertation chapter 4, with etcd's deviation that a configuration is in force once
// its entry is applied. What makes that safe: a change enters the log only when the one before is applied on the leader,
// and so committed; every member that has the second in its log was told of the commitment of the first in the same
// write; and a member that knows of a committed change which it has not applied does not stand for election. So the
// configurations of any two that campaign or lead lie at most one change apart, and their quorums meet.
extension RaftNode {
    /// Why a change may not enter the log now.
    func refusal(of change: ConfigurationChange) -> Refusal? {
        guard hasCommittedInTerm else { return .noCommitInTerm }
        guard appliedIndex >= pendingChangeIndex else { return .changePending(through: pendingChangeIndex) }
        do throws(ConfigurationChange.Flaw) {
            _ = try configuration.changed(by: change)
            return nil
        } catch {
            return .invalidChange(error)
        }
    }

    /// Whether a change is known to be committed and is not in force here yet.
    var hasUnappliedChange: Bool {
        if log.lastChangeLetGo > appliedIndex { return true }
        var index = max(appliedIndex, log.base.index).next
        while index <= commitIndex {
            if log.entry(at: index)?.change != nil { return true }
            index = index.next
        }
        return false
    }

    /// In force once the batch that is being applied is, up to `upper`.
    func configuration(through upper: LogIndex, refusedChanges: [LogIndex]) -> Configuration {
        applyingChanges.reduce(configuration) { configuration, next in
            next.index <= upper && !refusedChanges.contains(next.index)
                ? configuration.applying(next.change) : configuration
        }
    }

    /// Puts a configuration in force.
    mutating func adopt(_ new: Configuration, at now: Instant) {
        guard new != configuration else { return }
        configuration = new
        out.effects.append(.configurationChanged(new))
        guard role == .leader else {
            if !new.isVoter(id), role != .follower { becomeFollower(in: term, of: nil, at: now) }
            return
        }
        progress = progress.changed(to: new, of: id, last: log.last.index)
        guard new.isVoter(id) else { return leaveOffice(at: now) }
        if let transfer, !new.isVoter(transfer.target) {
            self.transfer = nil
            // Who was told not to lead asks another one: it would take no command and stay in office.
            if !mayLead { beginTransfer(to: nil, at: now) }
        }
        // What both majorities had to agree on may now be up to one, and newcomers are to be greeted.
        advanceCommit(at: now)
        confirmRounds()
        broadcastAppend(sendIfEmpty: false, at: now)
    }

    /// A leader that is no voter any more has led until that was committed, and goes. 4.2.2. It asks the one most up to
    /// date to stand at once, so that nobody waits for an election timeout.
    private mutating func leaveOffice(at now: Instant) {
        note(.info, "stepped down: this member votes no more", .init("term", "\(term)"))
        let heirs = progress.filter { configuration.isVoter($0.member) }
        let heir = heirs.max { ($0.matchIndex, $0.member) < ($1.matchIndex, $1.member) }
        if let heir { send(.timeoutNow, to: heir.member) }
        becomeFollower(in: term, of: nil, at: now)
    }

    /// Tried again with each batch that is applied, until the joint configuration is left.
    mutating func leaveJointIfDue(at now: Instant) {
        guard role == .leader, configuration.autoLeave, transfer == nil, refusal(of: .leave) == nil else { return }
        appendOwn([(log.lastTime, .configuration(.leave, command: []))])
        pendingChangeIndex = log.last.index
        uncommittedBytes += log.entry(at: pendingChangeIndex)?.byteCount ?? 0
        broadcastAppend(sendIfEmpty: false, at: now)
    }
}

extension Configuration {
    /// The configuration after an entry whose change the state machine did not refuse. A change that this one does not
    /// admit has no effect; every member sees the same of both, so all agree.
    package func applying(_ change: ConfigurationChange) -> Configuration { (try? changed(by: change)) ?? self }
}
