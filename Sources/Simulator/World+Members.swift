internal import Consensus
internal import Directory
internal import Kernel
internal import Replica

/// What an operator does with the members, and what becomes of the machines.
extension World {
    mutating func beginOperating(at time: Instant) {
        guard !membership.isLookedAfter else { return }
        membership.isLookedAfter = true
        queue.schedule(.operate, at: time)
    }

    /// Looks after what is under way, and begins something when that is done. Ends with the load, unless a member waits that
    /// has lost its disks, or there are edges, which may need somebody until they have come together with the rest.
    mutating func operate() throws(Violation) {
        guard now < loadEnds || membership.hasLost || !membership.edges.isEmpty else {
            return membership.isLookedAfter = false
        }
        // Nothing is begun that needs machines that are down.
        guard core == nil else { return queue.schedule(.operate, at: now.advanced(by: .milliseconds(200))) }
        queue.schedule(.operate, at: now.advanced(by: operatorPause()))
        if let undertaking = membership.underWay {
            switch operations[undertaking.operation].outcome {
            case .pending: return
            case .unknown: return try undertake(undertaking.step, undertaking.node, isInDoubt: true)
            case .notTaken where undertaking.isInDoubt:
                return try undertake(undertaking.step, undertaking.node, isInDoubt: true)
            case .done, .rejected, .notTaken, .read, .decided, .stated, .statementRefused, .lost: settle(undertaking)
            }
        }
        lookAtEdges()
        if let next = nextUndertaking() { try undertake(next.step, next.node, isInDoubt: false) }
    }

    /// Learners that are missing are taken in one after the other, without a pause that a fault or a client could fill.
    private mutating func operatorPause() -> Span {
        guard !membership.lacksLearners, !membership.lacksEdges || now >= loadEnds else { return .milliseconds(10) }
        return choices.countedSpan(ChoiceKey(.operatorPause), neutral: .milliseconds(50), at: now) {
            $0.members.span(.milliseconds(50)...(.milliseconds(800)))
        }
    }

    /// What the operator begins now, nil for nothing. What a schedule asks for and cannot be begun is passed over.
    private mutating func nextUndertaking() -> ChosenUndertaking? {
        guard choices.schedule == nil else {
            while let (number, next) = choices.takeUndertaking(dueBy: now) {
                guard membership.allows(next.step, next.node) else { continue }
                choices.note(ChoiceKey(.undertaking, number: number), .undertaking(next), at: now)
                return next
            }
            return careBeyondSchedule()
        }
        guard let (step, node) = chosenUndertaking() else { return nil }
        if step == .remove, !membership.isForEdge(node), strandsSomebody(node) { return nil }
        let next = ChosenUndertaking(step, node: node)
        let key = ChoiceKey(.undertaking)
        let number = choices.count(key)
        choices.note(key.numbered(number), .undertaking(next), at: now)
        return next
    }

    /// In a run whose choices were changed somebody may need what nobody needed in the one that they are from.
    private mutating func careBeyondSchedule() -> ChosenUndertaking? {
        guard now >= loadEnds, let (step, node) = membership.firstCare, let number = choices.takeNumberBeyondSchedule()
        else { return nil }
        let next = ChosenUndertaking(step, node: node)
        choices.note(ChoiceKey(.undertaking, number: number), .undertaking(next), at: now)
        return next
    }

    private mutating func chosenUndertaking() -> (step: Membership.Step, node: Int)? {
        if !membership.edges.isEmpty, now < loadEnds,
            let edge = membership.edgeToReplace(from: &choices.streams.edges)
        {
            return (.remove, edge)
        }
        return membership.next(from: &choices.streams.members, onlyCare: now >= loadEnds)
    }

    /// Whether some member would be left that knows no voter any more, as one does that is cut off while all that it knew are
    /// removed: nobody whom it believes could tell it who leads (decision 29), so an operator waits until it is back.
    private func strandsSomebody(_ node: Int) -> Bool {
        machines.indices.contains { other in
            guard other != node, membership.isMember(other) else { return false }
            return !believedVoters(of: other).contains { voter in
                guard let number = number(of: voter) else { return false }
                return number != node && number != other && membership.isMember(number)
            }
        }
    }

    /// Whether a voter that stays goes by the members without this one. Before, the others may need its vote: of two voters
    /// the second cannot even learn alone that the removal is committed. An operator looks before a disk is wiped.
    private func isRemovalKnown(of node: Int) -> Bool {
        machines.indices.contains { other in
            guard other != node, membership.isVoter(other) else { return false }
            let configuration = machines[other].state.current.point.configuration
            return configuration.isVoter(members[other]) && !configuration.contains(members[node])
        }
    }

    private func believedVoters(of node: Int) -> [MemberID] {
        if let replica = machines[node].process?.replica { return replica.believedVoters }
        let words = machines[node].words.introductions.map(\.spec.id)
        return machines[node].state.current.point.configuration.allVoters + words
    }

    private mutating func settle(_ undertaking: Membership.Undertaking) {
        let (step, node) = (undertaking.step, undertaking.node)
        membership.underWay = nil
        switch operations[undertaking.operation].outcome {
        case .done: reached(membership.result(of: step, node), node)
        case .rejected(let refusal) where step.isDone(by: refusal.code):
            reached(membership.result(of: step, node), node)
        case .rejected(let refusal) where refusal.code == .ticketInvalid: membership.set(.spare, of: node)
        case .pending, .unknown, .rejected, .notTaken, .read, .decided, .stated, .statementRefused, .lost: return
        }
    }

    private mutating func undertake(_ step: Membership.Step, _ node: Int, isInDoubt: Bool) throws(Violation) {
        let operation = invoke(.write(command(for: step, node)))
        membership.underWay = Membership.Undertaking(step: step, node: node, operation: operation, isInDoubt: isInDoubt)
        try attempt(operation)
    }

    private mutating func command(for step: Membership.Step, _ node: Int) -> CommandBody {
        let name = "n\(node + 1)"
        let isForEdge = membership.isForEdge(node)
        let secret = secrets.digest(of: "secret of \(members[node].uuid), \(members[node].incarnation)")
        switch step {
        case .invite:
            return .issueJoinTicket(
                JoinTicket(
                    name: name,
                    raftAddress: "\(name):7000",
                    apiAddresses: ["\(name):8443"],
                    secretDigest: secret,
                    expiresAt: VirtualClock.trueWall(at: now).advanced(by: .seconds(10 * 3600)),
                    isEdge: isForEdge
                )
            )
        case .join:
            let joining = Joining(
                name: name,
                secretDigest: secret,
                id: members[node],
                keyFingerprint: Self.key(of: members[node]),
                instance: machines[node].instance
            )
            return isForEdge ? .joinEdge(joining) : .join(joining)
        case .promote: return .promoteMember(members[node])
        case .remove: return isForEdge ? .removeEdge(members[node]) : .removeMember(members[node])
        }
    }

    private mutating func reached(_ standing: Membership.Standing, _ node: Int) {
        membership.set(standing, of: node)
        record(.member("\(members[node]) is \(standing)"), node: node)
        switch standing {
        case .learner, .admittedEdge: occurred(.memberAdded)
        case .voter: occurred(.memberPromoted)
        case .removed: occurred(.memberRemoved)
        case .spare, .invited, .edge, .lost: break
        }
        switch standing {
        case .learner:
            machines[node].invitedBy = membership.voters(among: members) + [members[node]]
            queue.schedule(.start(node: node), at: now.advanced(by: .milliseconds(10)))
        case .removed:
            let key = ChoiceKey(.wipe, node: node, process: UInt64(members[node].incarnation))
            let delay = choices.span(key, neutral: .milliseconds(10), at: now) {
                $0.members.span(.milliseconds(10)...(.seconds(5)))
            }
            queue.schedule(.wipe(node: node), at: now.advanced(by: delay))
        case .admittedEdge: queue.schedule(.furnish(node: node), at: now.advanced(by: .milliseconds(10)))
        case .spare, .invited, .voter, .edge, .lost: break
        }
    }

    /// The machine of a removed member loses its disks. It is a spare from now on, under a name that nobody has had.
    mutating func wipe(_ node: Int) throws(Violation) {
        // Or a restore has begun the machine anew meanwhile.
        guard membership.standings[node] == .removed else { return }
        guard isRemovalKnown(of: node) else {
            return queue.schedule(.wipe(node: node), at: now.advanced(by: .milliseconds(100)))
        }
        if machines[node].isUp {
            machines[node].endProcess()
            closeLinks(of: node)
            reviewLinks(of: node)
        }
        record(.member("\(members[node]) is wiped"), node: node)
        trace.hash.combine(node)
        clearDisks(node)
        let old = members[node]
        members[node] = MemberID(high: old.high, low: old.low, incarnation: old.incarnation + 1)
        machines[node].instance = Self.instance(of: members[node], losses: machines[node].losses)
        intruders.forget(node)
        membership.set(.spare, of: node)
    }
}
