/// Whom a node lets in: the members, each from the data directory that it has named, and nobody who was removed.
///
/// A member that lost its disk has forgotten its votes, so it is refused from another data directory by those that it would
/// harm. Keys and certificates are the links' own affair.
package struct PeerAdmission: Hashable, Sendable {
    /// Why somebody is refused, whatever it can prove.
    package enum Refusal: Error, Hashable, Sendable {
        /// No member, or another incarnation of one.
        case unknown
        /// It was a member under this incarnation or a later one.
        case removed
        /// The member's log is in another data directory.
        case otherInstance
    }

    private let members: Set<MemberID>
    /// The data directories that members have named.
    private let instances: [MemberID: Digest]
    private let former: [MemberID]

    package init(members: some Sequence<MemberID>, instances: [MemberID: Digest], former: [MemberID]) {
        self.members = Set(members)
        self.instances = instances
        self.former = former
    }

    /// Nil for a member.
    package func refusal(of id: MemberID) -> Refusal? {
        guard !members.contains(id) else { return nil }
        return Self.wasMember(id, former) ? .removed : .unknown
    }

    private static func wasMember(_ id: MemberID, _ former: [MemberID]) -> Bool {
        former.contains { $0.isSameNode(as: id) && id.incarnation <= $0.incarnation }
    }

    /// Whether a member may come from this data directory. One that has not named its own may come from any.
    package func admits(_ instance: Digest, of member: MemberID) -> Bool {
        instances[member].map { $0 == instance } ?? true
    }

    package func refusal(of id: MemberID, from instance: Digest) -> Refusal? {
        refusal(of: id) ?? (admits(instance, of: id) ? nil : .otherInstance)
    }

    /// Whose links a node wants.
    ///
    /// Somebody whom the directory has removed may be in the configuration for a moment longer. A node that joins knows from
    /// its invitation whom to listen to, until its state names it as a member itself.
    ///
    /// - Parameters:
    ///   - named: The members and edges by the node's own state.
    ///   - configuration: In force for consensus.
    ///   - invited: The members as they were when the node was made.
    ///   - introduced: Voters by the word of others.
    package static func peers(
        of own: MemberID,
        named: [MemberID],
        configuration: [MemberID],
        invited: [MemberID],
        introduced: [MemberID],
        former: [MemberID]
    ) -> Set<MemberID> {
        let known = Set(named).union(configuration)
        let trusted = known.contains(own) ? introduced : introduced + invited
        return known.union(trusted.filter { !wasMember($0, former) })
    }

    /// Whom a node sends frames, of those that are its peers.
    ///
    /// Members reach each other whatever gossip does. An edge has its neighbours alone, or a thousand of them would hang on
    /// three voters; only one that does not know its neighbours yet turns to the members.
    ///
    /// - Parameters:
    ///   - members: By the node's own state, voters and learners.
    ///   - neighbours: In the overlay; empty while there is none.
    package static func dialled(
        isEdge: Bool,
        members: [MemberID],
        configuration: [MemberID],
        invited: [MemberID],
        introduced: [MemberID],
        neighbours: [MemberID]
    ) -> Set<MemberID> {
        let near = Set(neighbours).union(introduced)
        return isEdge && !neighbours.isEmpty ? near : near.union(members).union(configuration).union(invited)
    }
}
