import Consensus
import Directory
package import Kernel

extension ReplicaNode {
    /// A node that joins knows from its invitation whom to believe, until the log tells it.
    private var knownVoters: [MemberID] { configuration.contains(member) ? voters : voters + invitedBy }
    private var introducers: [MemberID] { introductions.believed(with: knownVoters) }

    /// Whose word on who votes this node takes.
    package var believedVoters: [MemberID] { introducers }

    /// Nil for a leader, which needs nobody, and for an edge, which goes by seals.
    var askForVotersAt: Instant? { raft.role == .leader || edge != nil ? nil : introductions.askAt }

    /// Asks who the voters are, after each while without a leader.
    mutating func askForVoters(at now: Moment, into effects: inout [Effect]) {
        guard edge == nil else { return }
        if raft.hearsLeader(at: now.monotonic) { return introductions.heardLeader(at: now.monotonic) }
        guard now.monotonic >= introductions.askAt else { return }
        introductions.asked(at: now.monotonic)
        for peer in introducers where peer != member {
            effects.append(.send(PeerMessage(stamp: now.wall, body: .votersWanted), to: peer, after: nil))
        }
    }

    /// Any member may ask; a voter answers, since nobody else is believed.
    func introduceVoters(to peer: MemberID, at now: Moment, into effects: inout [Effect]) {
        guard configuration.isVoter(member) else { return }
        effects.append(.introduce(voters, to: peer, stamp: now.wall))
    }

    mutating func receive(
        _ voters: [Introduction],
        from sender: MemberID,
        into effects: inout [Effect]
    ) {
        guard introducers.contains(sender), voters.count <= Configuration.maxMembers else {
            counters.unbelievedIntroductions += 1
            return
        }
        guard introductions.received(voters, from: sender) else { return }
        let strangers = voters.map(\.spec.id).filter { !configuration.contains($0) }
        if !strangers.isEmpty {
            effects.append(
                .note(
                    Note(
                        .info,
                        "voters introduced whom this node did not know",
                        .init("by", "\(sender)"),
                        .init("voters", "\(strangers)")
                    )
                )
            )
        }
        effects.append(.introduced(introductions.words))
    }

    /// The configuration is another one than before.
    mutating func forgetIntroductions(into effects: inout [Effect]) {
        if introductions.keep(onlyWith: knownVoters) { effects.append(.introduced(introductions.words)) }
    }
}
