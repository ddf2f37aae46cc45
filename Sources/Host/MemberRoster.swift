import Consensus
import Directory
import Kernel
import Keys
import Links
import Logging
import Replica
import Synchronization

/// Who the members and the edges are, as this node's state says, and with it whom the links connect.
///
/// A node that joins knows from its invitation whom to listen to, until its state names it as a member itself.
final class MemberRoster: Sendable {
    private struct State {
        var members: [MemberRecord] = []
        var edges: [EdgeRecord] = []
        var former: [FormerMemberRecord] = []
        /// In force for consensus. Somebody whom the directory has removed may be in it for a moment longer.
        var configuration = Configuration.empty
        /// By the word of other voters. The state may not name them yet.
        var introductions: [Introduction] = []
        /// In the overlay of gossip.
        var neighbours: [MemberID] = []
        /// Addresses and keys of everybody who is or was a member since the start.
        var known: [MemberID: MemberSpec]
        var links: PeerLinks?
    }

    private let own: MemberSpec
    private let isEdge: Bool
    private let invited: [MemberSpec]
    private let logger: Logger
    private let state: Mutex<State>
    /// Looked up for each frame, by the thread of the links, which must not wait for who tells the links something meanwhile.
    private let edgeIDs = Mutex<Set<MemberID>>([])

    /// - Parameters:
    ///   - isEdge: Whether this node is one.
    ///   - invited: The members as they were when this node was made.
    ///   - introduced: By the word of voters, before this process.
    init(
        own: MemberSpec,
        isEdge: Bool = false,
        invited: [MemberSpec],
        introduced: [Introduction] = [],
        logger: Logger
    ) {
        self.own = own
        self.isEdge = isEdge
        self.invited = invited
        self.logger = logger
        let known = Dictionary(invited.map { ($0.id, $0) }) { _, last in last }
        self.state = Mutex(State(introductions: introduced, known: known))
    }

    /// From now on the links follow. Before, they are not told.
    func attach(_ links: PeerLinks) { state.withLock { $0.links = links } }

    /// The state has other members than before.
    func learned(_ facts: MemberFacts) {
        let edges = Set(facts.edges.map(\.spec.id))
        edgeIDs.withLock { $0 = edges }
        change { state in
            state.members = facts.members
            state.edges = facts.edges
            state.former = facts.former
            for member in facts.members { state.known[member.spec.id] = member.spec }
        }
    }

    func follow(_ configuration: Configuration) { change { $0.configuration = configuration } }

    func introduced(_ introductions: [Introduction]) { change { $0.introductions = introductions } }

    func follow(neighbours: [MemberID]) { change { $0.neighbours = neighbours } }

    /// What the state says of these; whom it does not name is left out.
    func introductions(of members: [MemberID]) -> [Introduction] {
        Introduction.of(members, in: state.withLock { $0.members })
    }

    /// Sorted by name. Those that invited this node, while its state knows nobody.
    var members: [MemberRecord] {
        let members = state.withLock { $0.members }
        let shown = members.isEmpty ? invited.map(Self.unconfirmed) : members
        return shown.sorted { ($0.spec.name, $0.spec.id) < ($1.spec.name, $1.spec.id) }
    }

    func isEdge(_ id: MemberID) -> Bool { edgeIDs.withLock { $0.contains(id) } }

    /// Of members and edges.
    var names: [MemberID: String] { Dictionary(everybody.map { ($0.id, $0.name) }) { first, _ in first } }

    /// Members and edges, in no order.
    var everybody: [MemberSpec] { members.map(\.spec) + state.withLock { $0.edges.map(\.spec) } }

    /// By which others check this member's seals, as the state says; nil while it says nothing.
    var ownSealKey: [UInt8]? { state.withLock { $0.members.first { $0.spec.id == own.id }?.sealKey } }

    var configuration: Configuration { state.withLock { $0.configuration } }

    /// Whether the state names this node as one that was removed.
    var isRemoved: Bool {
        state.withLock { state in
            state.former.contains { $0.id.isSameNode(as: own.id) && own.id.incarnation <= $0.id.incarnation }
        }
    }

    private static func unconfirmed(_ spec: MemberSpec) -> MemberRecord {
        let never = RecordMetadata(createdAt: .distantPast, updatedAt: .distantPast, revision: .zero)
        return MemberRecord(spec: spec, isVoter: true, metadata: never)
    }

    var roster: LinkRoster { state.withLock { roster(of: $0) } }

    /// The links are told under the lock, so that they end with what was learned last.
    private func change(_ body: (inout State) -> Void) {
        state.withLock { state in
            body(&state)
            state.links?.update(roster(of: state))
        }
    }

    private func roster(of state: State) -> LinkRoster {
        var specs = Dictionary(state.introductions.map { ($0.spec.id, $0.spec) }) { _, last in last }
        specs.merge(state.known) { _, known in known }
        specs.merge(state.edges.map { ($0.spec.id, $0.spec) }) { _, edge in edge }
        let introduced = state.introductions.map(\.spec.id)
        let peers = PeerAdmission.peers(
            of: own.id,
            named: state.members.map(\.spec.id) + state.edges.map(\.spec.id),
            configuration: state.configuration.members.filter { specs[$0] != nil },
            invited: invited.map(\.id),
            introduced: introduced,
            former: state.former.map(\.id)
        )
        return LinkRoster(
            members: peers.compactMap { specs[$0] }.compactMap { linkMember($0) },
            dialled: PeerAdmission.dialled(
                isEdge: isEdge,
                members: state.members.map(\.spec.id),
                configuration: state.configuration.members,
                invited: invited.map(\.id),
                introduced: introduced,
                neighbours: state.neighbours
            ),
            instances: Self.instances(state),
            former: state.former.map { former in
                LinkRoster.FormerMember(id: former.id, name: former.name, keyFingerprint: former.keyFingerprint)
            }
        )
    }

    /// The data directories that nodes have named.
    private static func instances(_ state: State) -> [MemberID: Digest] {
        let introduced = state.introductions.map { ($0.spec.id, $0.instance) }
        let members = state.members.map { ($0.spec.id, $0.instance) }
        let edges = state.edges.map { ($0.spec.id, Optional($0.instance)) }
        let named = (introduced + members + edges).compactMap { id, instance in instance.map { (id, $0) } }
        return Dictionary(named) { _, last in last }
    }

    private func linkMember(_ spec: MemberSpec) -> LinkMember? {
        do { return try LinkMember(spec) } catch {
            logger.error("member not reachable", metadata: ["error": "\(error)"])
            return nil
        }
    }
}

/// What a state says of members and edges, present and past.
struct MemberFacts: Sendable {
    let members: [MemberRecord]
    let edges: [EdgeRecord]
    let former: [FormerMemberRecord]

    init(in view: some KeyValueView, codec: any DirectoryCodec) throws(StateDamage) {
        let view = DirectoryView(view, codec: codec)
        members = try view.allMembers()
        edges = try view.allEdges()
        former = try view.allFormerMembers()
    }
}
