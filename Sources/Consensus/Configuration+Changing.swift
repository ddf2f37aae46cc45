import Kernel

// The algebra of changes, after etcd's `confchange.Changer`: the same checks, and the same result for each change.
extension Configuration {
    /// The configuration that is in force once `change` is applied to this one.
    package func changed(by change: ConfigurationChange) throws(ConfigurationChange.Flaw) -> Configuration {
        guard change.changes.count <= ConfigurationChange.maxChanges else {
            throw .hasTooManyChanges(limit: ConfigurationChange.maxChanges)
        }
        let new =
            if change.isLeaving {
                try leavingJoint()
            } else if change.transition == .auto, change.changes.count <= 1 {
                try simplyChanged(by: change.changes)
            } else {
                try enteringJoint(change.changes, autoLeave: change.transition != .explicit)
            }
        guard new.members.count <= Self.maxMembers else { throw .hasTooManyMembers(limit: Self.maxMembers) }
        return new
    }

    /// Changes of at most one voter, so that majorities before and after meet. 4.1.
    func simplyChanged(by changes: [ConfigurationChange.Change]) throws(ConfigurationChange.Flaw) -> Configuration {
        guard !isJoint else { throw .isJoint }
        let new = try Draft(self).changed(by: changes)
        guard Set(voters).symmetricDifference(new.voters).count <= 1 else { throw .changesSeveralVoters }
        return new
    }

    /// Any change, made while both the voters before it and those after it must agree. 4.3.
    func enteringJoint(
        _ changes: [ConfigurationChange.Change],
        autoLeave: Bool
    ) throws(ConfigurationChange.Flaw) -> Configuration {
        guard !isJoint else { throw .isJoint }
        guard !voters.isEmpty else { throw .hasNoVoters }
        var draft = Draft(self)
        draft.outgoing = draft.incoming
        draft.autoLeave = autoLeave
        return try draft.changed(by: changes)
    }

    func leavingJoint() throws(ConfigurationChange.Flaw) -> Configuration {
        guard isJoint else { throw .isNotJoint }
        return Configuration(voters: voters, learners: learners + learnersNext)
    }
}

/// A configuration in the making.
private struct Draft {
    // Membership alone is asked of them, and they are sorted at the end.
    var incoming: Set<MemberID>
    var outgoing: Set<MemberID>
    var learners: Set<MemberID>
    var learnersNext: Set<MemberID>
    var autoLeave: Bool

    init(_ configuration: Configuration) {
        incoming = Set(configuration.voters)
        outgoing = Set(configuration.votersOutgoing)
        learners = Set(configuration.learners)
        learnersNext = Set(configuration.learnersNext)
        autoLeave = configuration.autoLeave
    }

    consuming func changed(
        by changes: [ConfigurationChange.Change]
    ) throws(ConfigurationChange.Flaw) -> Configuration {
        for change in changes {
            remove(change.member)
            switch change {
            case .addVoter(let member): incoming.insert(member)
            case .addLearner(let member):
                // It votes for as long as the outgoing voters are asked, and nobody is voter and learner at once.
                if outgoing.contains(member) { learnersNext.insert(member) } else { learners.insert(member) }
            case .remove: break
            }
        }
        guard !incoming.isEmpty else { throw .removesAllVoters }
        return Configuration(
            voters: Array(incoming),
            votersOutgoing: Array(outgoing),
            learners: Array(learners),
            learnersNext: Array(learnersNext),
            autoLeave: autoLeave
        )
    }

    private mutating func remove(_ member: MemberID) {
        incoming.remove(member)
        learners.remove(member)
        learnersNext.remove(member)
    }
}
