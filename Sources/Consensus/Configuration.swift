package import Kernel

/// Who takes part, and whose agreement it takes. Raft dissertation sections 4.2.1 and 4.3; etcd's `tracker.Config`.
///
/// A configuration is in force on a member from the moment that the entry which makes it is *applied* there, as in
/// etcd; the paper puts it in force when it is appended. One change is under way at a time, so the configurations in
/// force on any two members differ by one change at most, and their quorums meet.
package struct Configuration: Hashable, Sendable {
    /// Sorted, as are all lists of members here. In a joint configuration: the incoming voters.
    package let voters: [MemberID]
    /// The voters before the change while the configuration is joint, else empty. Elections and commits then take a
    /// majority of both.
    package let votersOutgoing: [MemberID]
    /// Receive the log and have no vote.
    package let learners: [MemberID]
    /// Outgoing voters that become learners when the joint configuration is left.
    package let learnersNext: [MemberID]
    /// The leader leaves the joint configuration by itself once it is in force.
    package let autoLeave: Bool

    /// Everybody who receives the log. `learnersNext` are still outgoing voters.
    package let members: [MemberID]
    /// Incoming and outgoing voters, each once.
    package let allVoters: [MemberID]
    /// Why no sequence of changes leads here; nil for a sound configuration. etcd, `confchange.checkInvariants`.
    ///
    /// Found once, since members ask for it with each step.
    package let flaw: String?

    package init(
        voters: [MemberID],
        votersOutgoing: [MemberID] = [],
        learners: [MemberID] = [],
        learnersNext: [MemberID] = [],
        autoLeave: Bool = false
    ) {
        let lists = Lists(
            voters: voters.sorted(),
            votersOutgoing: votersOutgoing.sorted(),
            learners: learners.sorted(),
            learnersNext: learnersNext.sorted(),
            autoLeave: autoLeave
        )
        self.voters = lists.voters
        self.votersOutgoing = lists.votersOutgoing
        self.learners = lists.learners
        self.learnersNext = lists.learnersNext
        self.autoLeave = autoLeave
        allVoters = lists.allVoters
        members = lists.members
        flaw = lists.flaw
    }

    /// Of a member that has not been told yet who takes part: it asks nobody for votes, and begins with a snapshot.
    package static let empty = Configuration(voters: [])

    package var isJoint: Bool { !votersOutgoing.isEmpty }

    package func isVoter(_ member: MemberID) -> Bool { voters.contains(member) || votersOutgoing.contains(member) }
    package func contains(_ member: MemberID) -> Bool { isVoter(member) || learners.contains(member) }

    /// The most members that a change may lead to, counting everybody once.
    package static let maxMembers = 64
}

extension Configuration: CustomStringConvertible {
    /// The lists that are not empty.
    package var description: String {
        let lists = [
            ("voters", voters), ("outgoing voters", votersOutgoing), ("learners", learners),
            ("learners to be", learnersNext),
        ]
        let texts = lists.filter { !$0.1.isEmpty }.map { name, members in
            "\(name) \(members.map(\.description).joined(separator: " "))"
        }
        return texts.isEmpty ? "nobody" : texts.joined(separator: ", ")
    }
}

/// What a configuration is made from, while what follows from it is found.
private struct Lists {
    let voters: [MemberID]
    let votersOutgoing: [MemberID]
    let learners: [MemberID]
    let learnersNext: [MemberID]
    let autoLeave: Bool

    private var isJoint: Bool { !votersOutgoing.isEmpty }
    var members: [MemberID] { (allVoters + learners).sorted() }
    var allVoters: [MemberID] { isJoint ? Set(voters).union(votersOutgoing).sorted() : voters }
    private func isVoter(_ member: MemberID) -> Bool { voters.contains(member) || votersOutgoing.contains(member) }

    var flaw: String? {
        for list in [voters, votersOutgoing, learners, learnersNext]
        where !zip(list, list.dropFirst()).allSatisfy({ $0 < $1 }) {
            return "a member is listed twice"
        }
        if learners.contains(where: isVoter) { return "a learner votes" }
        if !learnersNext.allSatisfy({ votersOutgoing.contains($0) && !voters.contains($0) }) {
            return "a learner to be is no outgoing voter"
        }
        if isJoint, voters.isEmpty { return "nobody votes" }
        if !isJoint, autoLeave { return "there is no joint configuration to leave" }
        return members.count <= Configuration.maxMembers ? nil : "more than \(Configuration.maxMembers) members"
    }
}
