import Directory
import Kernel
import Testing
import Wire

@Suite("Labels of nodes") struct LabelTests {
    private static let voter = TestDirectory.voter

    static func labels(_ pairs: (String, String)...) -> Labels {
        guard let labels = Labels(pairs.map { Labels.Entry($0, $1) }) else { preconditionFailure("\(pairs)") }
        return labels
    }

    static func labelling(_ id: MemberID, _ pairs: (String, String)..., without removed: [String] = []) -> CommandBody {
        let set = Labels(pairs.map { Labels.Entry($0, $1) }) ?? .none
        return .labelNode(id, LabelChange(set: set, removed: removed))
    }

    private static func ticket(_ labels: Labels, isEdge: Bool) -> JoinTicket {
        let plain = EdgeTests.ticket("n2", isEdge: isEdge)
        return JoinTicket(
            name: plain.name,
            raftAddress: plain.raftAddress,
            apiAddresses: plain.apiAddresses,
            secretDigest: plain.secretDigest,
            expiresAt: plain.expiresAt,
            isEdge: isEdge,
            labels: labels
        )
    }

    @Test("a member and an edge are given some and lose some, and keep the others") func change() throws {
        var directory = EdgeTests.directoryWithEdge()
        for id in [Self.voter, EdgeTests.edge] {
            func labels() throws -> Labels? { try directory.view.member(id)?.labels ?? directory.view.edge(id)?.labels }
            let first = directory.apply(Self.labelling(id, ("zone", "eu-1"), ("ring", "canary"))).applied
            #expect(first?.events == [.membersChanged])
            #expect(try labels() == Self.labels(("ring", "canary"), ("zone", "eu-1")))
            directory.succeed(Self.labelling(id, ("zone", "eu-2"), ("a", "1"), without: ["ring", "never"]))
            #expect(try labels() == Self.labels(("a", "1"), ("zone", "eu-2")))
            let again = directory.apply(Self.labelling(id, ("zone", "eu-2"), without: ["ring"]))
            #expect(again.applied?.events == [] && again.done?.objectRevision != again.done?.revision)
        }
        #expect(directory.view.stateRoot == StateTree.recomputedRoot(of: directory.rows))
    }

    @Test("what a ticket says is on the node that joins by it", arguments: [false, true])
    func joining(isEdge: Bool) throws {
        let labels = Self.labels(("zone", "eu-1"))
        var directory = TestDirectory()
        directory.succeed(.issueJoinTicket(Self.ticket(labels, isEdge: isEdge)))
        let joining = MembershipTests.joining("n2")
        directory.succeed(isEdge ? .joinEdge(joining) : .join(joining), by: MembershipTests.voucher)
        #expect(try directory.view.member(joining.id)?.labels == (isEdge ? nil : labels))
        #expect(try directory.view.edge(joining.id)?.labels == (isEdge ? labels : nil))
    }

    @Test("what is no label changes nothing") func grammar() throws {
        var directory = TestDirectory()
        let long = String(repeating: "a", count: Limits.labelByteCount + 1)
        let bad = [
            ("", "x"), ("Zone", "x"), ("1a", "x"), ("a b", "x"), ("zone", ""), ("zone", "a b"), ("zone", "é"),
            (long, "x"),
            ("zone", long), ("zone", "a,b"), ("zone", "a=b"), ("é", "x"),
        ]
        for (key, value) in bad {
            let refusal = directory.refusal(Self.labelling(Self.voter, (key, value)))
            #expect(refusal?.code == .invalid, "\(key)=\(value)")
            let ticket = directory.refusal(.issueJoinTicket(Self.ticket(Self.labels((key, value)), isEdge: true)))
            #expect(ticket?.code == .invalid, "\(key)=\(value)")
        }
        #expect(directory.refusal(Self.labelling(Self.voter))?.code == .invalid)
        #expect(directory.refusal(Self.labelling(Self.voter, ("a", "1"), without: ["a"]))?.code == .invalid)
        #expect(directory.refusal(Self.labelling(Self.voter, without: ["A"]))?.code == .invalid)
        #expect(directory.refusal(Self.labelling(MemberID(high: 9, low: 9), ("a", "1")))?.code == .notFound)
        #expect(try directory.view.member(Self.voter)?.labels == Labels.none)
        let good = String(repeating: "a", count: Limits.labelByteCount)
        directory.succeed(Self.labelling(Self.voter, (good, good), ("a.b/c_d-9", "A.b_C-9")))
    }

    @Test("there are sixteen at most, however they came") func limit() {
        var directory = TestDirectory()
        for number in 0..<Limits.labels { directory.succeed(Self.labelling(Self.voter, ("k\(number)", "v"))) }
        #expect(directory.refusal(Self.labelling(Self.voter, ("one-more", "v")))?.code == .limitReached)
        directory.succeed(Self.labelling(Self.voter, ("one-more", "v"), without: ["k0"]))
    }

    @Test("they stay when a member names its keys and becomes a voter") func stays() throws {
        var directory = TestDirectory()
        directory.succeed(Self.labelling(Self.voter, ("zone", "eu-1")))
        directory.succeed(.claimMember(instance: .of([1])), .claimSealKey(SealKeyTests.key(1)), by: .node(Self.voter))
        directory.succeed(.pinIssuer(Self.voter, key: .of([2])))
        #expect(try directory.view.member(Self.voter)?.labels.zone == "eu-1")
    }

    @Test("policies see which are set and which go") func policies() {
        var directory = TestDirectory()
        let policy = #"""
            permit(principal is Reeve::Administrator, action, resource);
            permit(principal == User::"ops", action == Reeve::Action::"labelNode", resource)
            when { !(context.labels has zone) && !context.removed.contains("zone") && resource.name == "n1" };
            permit(principal == User::"ops", action == Reeve::Action::"issueJoinTicket", resource)
            when { context has labels && context.labels.zone == "eu-1" };
            """#
        directory.succeed(
            .put(PrincipalSpec(id: "user/ops")),
            .draftPolicies(PolicyDraft(set: "reeve.admin", text: policy)),
            .activatePolicies(set: "reeve.admin", version: 2, .none)
        )
        let ops = Caller.principal("user/ops", token: nil)
        directory.succeed(Self.labelling(Self.voter, ("ring", "canary")), by: ops)
        #expect(directory.refusal(Self.labelling(Self.voter, ("zone", "x")), by: ops)?.code == .unauthorized)
        #expect(directory.refusal(Self.labelling(Self.voter, without: ["zone"]), by: ops)?.code == .unauthorized)
        let ticket = Self.ticket(Self.labels(("zone", "eu-1")), isEdge: true)
        directory.succeed(.issueJoinTicket(ticket), by: ops)
        #expect(directory.refusal(.issueJoinTicket(Self.ticket(.none, isEdge: true)), by: ops)?.code == .unauthorized)
    }

    @Test("a cluster that may have programs that do not know of them takes none") func featureLevel() {
        var directory = TestDirectory(empty: TestDirectory().codec)
        _ = directory.apply(.bootstrap(TestDirectory.genesis(featureLevel: .edges)), by: .bootstrap)
        let bodies: [CommandBody] = [
            Self.labelling(Self.voter, ("a", "1")),
            .issueJoinTicket(Self.ticket(Self.labels(("a", "1")), isEdge: false)),
        ]
        for body in bodies { #expect(directory.refusal(body)?.code == .featureLevel, "\(body.action)") }
        directory.succeed(.issueJoinTicket(Self.ticket(.none, isEdge: true)), .raiseFeatureLevel(.labels))
        for body in bodies { directory.succeed(body) }
    }
}
