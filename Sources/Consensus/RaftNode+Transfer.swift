import Kernel

extension RaftNode {
    /// Leadership transfer. 3.10.
    mutating func beginTransfer(to target: MemberID?, at now: Instant) {
        guard role == .leader else { return }
        // Learners cannot lead, and those that are on their way out should not be asked to.
        let candidates = progress.filter { follower in
            target.map { $0 == follower.member && configuration.isVoter($0) }
                ?? configuration.voters.contains(follower.member)
        }
        // Heard from lately before not, then the longest log; ties by identity.
        let best = candidates.max {
            ($0.isRecentlyActive ? 1 : 0, $0.matchIndex, $0.member) < (
                $1.isRecentlyActive ? 1 : 0, $1.matchIndex, $1.member
            )
        }
        guard let best else {
            note(
                .warning,
                "nobody to hand the leadership to",
                .init("asked for", "\(target.map(\.description) ?? "any")")
            )
            if !mayLead { becomeFollower(in: term, of: nil, at: now) }
            return
        }
        transfer = Transfer(target: best.member, deadline: now.advanced(by: options.electionTimeout))
        guard let place = progress.firstIndex(where: { $0.member == best.member }) else { return }
        if progress[place].matchIndex < log.last.index { sendAppend(to: place, sendIfEmpty: true, at: now) }
        finishTransferIfCaughtUp(place)
    }

    /// Said again with each answer of the target's, since the message may be lost; its own term makes a second one stale.
    mutating func finishTransferIfCaughtUp(_ place: Int) {
        guard let transfer, transfer.target == progress[place].member,
            progress[place].matchIndex == log.last.index
        else { return }
        send(.timeoutNow, to: transfer.target)
    }

    /// The target did not take over in time. One that may not lead any more steps down all the same.
    mutating func abortTransfer(at now: Instant) {
        note(.warning, "leadership was not taken over in time", .init("by", "\(transfer?.target as Any)"))
        transfer = nil
        if mayLead { leaveJointIfDue(at: now) } else { becomeFollower(in: term, of: nil, at: now) }
    }

    /// At the wish of the leader.
    mutating func campaignAtOnce(at now: Instant) {
        guard role == .follower, mayCampaign, !isDiskStalled(at: now) else { return }
        guard !hasUnappliedChange else { return postponedCampaign = term }
        campaign(.candidate, isTransfer: true, at: now)
    }

    mutating func campaignIfPostponed(at now: Instant) {
        guard postponedCampaign == term, !hasUnappliedChange else { return }
        postponedCampaign = nil
        campaignAtOnce(at: now)
    }

    mutating func setMayLead(_ allowed: Bool, at now: Instant) {
        guard allowed != mayLead else { return }
        mayLead = allowed
        // What passed meanwhile was no silence of the leader's.
        guard !allowed else { return resetElectionTimer(at: now) }
        if role == .leader {
            if transfer == nil { beginTransfer(to: nil, at: now) }
        } else if role != .follower {
            becomeFollower(in: term, of: nil, at: now)
        }
    }
}
