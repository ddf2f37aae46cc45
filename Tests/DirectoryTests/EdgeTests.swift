import Directory
import Identity
import Kernel
import Testing
import Wire

@Suite("Edges") struct EdgeTests {
    static let edge = MemberID(high: 6, low: 6)
    private static let voucher = MembershipTests.voucher

    static func ticket(_ name: String = "e1", isEdge: Bool = true) -> JoinTicket {
        JoinTicket(
            name: name,
            raftAddress: "10.0.0.9:7401",
            apiAddresses: ["10.0.0.9:7402"],
            secretDigest: MembershipTests.secret,
            expiresAt: TestDirectory.start.advanced(by: .seconds(600)),
            isEdge: isEdge
        )
    }

    static func joining(
        _ name: String = "e1",
        id: MemberID = edge,
        key: Digest = .of([60]),
        instance: Digest = .of([61])
    ) -> Joining {
        MembershipTests.joining(name, id: id, key: key, instance: instance)
    }

    static func directoryWithEdge() -> TestDirectory {
        var directory = TestDirectory()
        directory.succeed(.issueJoinTicket(ticket()))
        directory.succeed(.joinEdge(joining()), by: voucher)
        return directory
    }

    @Test("one joins by a ticket for edges, and is removed as a member is") func life() throws {
        var directory = TestDirectory()
        directory.succeed(.issueJoinTicket(Self.ticket()))
        let joined = directory.apply(.joinEdge(Self.joining()), by: Self.voucher)
        #expect(joined.applied?.events == [.membersChanged])
        #expect(joined.done?.created == [Self.edge.uuid, "1"])
        let record = try #require(try directory.view.edge(Self.edge))
        #expect(record.spec.raftAddress == "10.0.0.9:7401")
        #expect(record.spec.keyFingerprint == .of([60]))
        #expect(record.instance == .of([61]))
        #expect(try directory.view.edges().items == [record])
        #expect(try directory.view.members().items.map(\.spec.id) == [TestDirectory.voter])
        #expect(try directory.view.joinTicket("e1")?.usedBy == Self.edge)
        let removed = directory.apply(.removeEdge(Self.edge)).applied
        #expect(removed?.events == [.membersChanged])
        #expect(try directory.view.edge(Self.edge) == nil)
        #expect(try directory.view.formerMember(Self.edge)?.name == "e1")
        #expect(directory.refusal(.removeEdge(Self.edge))?.code == .notFound)
        #expect(directory.view.stateRoot == StateTree.recomputedRoot(of: directory.rows))
    }

    @Test("no entry that edges come and go by changes who votes") func noChange() {
        #expect(CommandBody.joinEdge(Self.joining()).memberChange == nil)
        #expect(CommandBody.removeEdge(Self.edge).memberChange == nil)
    }

    @Test("a ticket is for an edge or for a member, never for both") func kinds() {
        var directory = TestDirectory()
        directory.succeed(.issueJoinTicket(Self.ticket()), .issueJoinTicket(Self.ticket("n2", isEdge: false)))
        #expect(directory.refusal(.join(Self.joining()), by: Self.voucher)?.code == .ticketInvalid)
        #expect(directory.refusal(.joinEdge(Self.joining("n2")), by: Self.voucher)?.code == .ticketInvalid)
        directory.succeed(.joinEdge(Self.joining()), .join(MembershipTests.joining()), by: Self.voucher)
    }

    @Test("an edge whose answer was lost learns that it has joined, and nobody else") func secondUse() {
        var directory = Self.directoryWithEdge()
        let again = directory.refusal(.joinEdge(Self.joining(id: MemberID(high: 8, low: 8))), by: Self.voucher)
        #expect(again == CommandResult.Refusal(.alreadyJoined, [Self.edge.uuid, "1"]))
        for other in [Self.joining(key: .of([62])), Self.joining(instance: .of([63]))] {
            #expect(directory.refusal(.joinEdge(other), by: Self.voucher)?.code == .ticketInvalid)
        }
    }

    @Test("members and edges share no name, no node and no key") func uniqueness() {
        var directory = Self.directoryWithEdge()
        #expect(directory.refusal(.issueJoinTicket(Self.ticket(isEdge: false)))?.code == .alreadyExists)
        #expect(directory.refusal(.issueJoinTicket(Self.ticket("n1")))?.code == .alreadyExists)
        directory.succeed(.issueJoinTicket(Self.ticket("n2", isEdge: false)), .issueJoinTicket(Self.ticket("e2")))
        func code(_ body: CommandBody) -> RefusalCode? { directory.refusal(body, by: Self.voucher)?.code }
        let sameNode = MemberID(high: Self.edge.high, low: Self.edge.low, incarnation: 2)
        #expect(code(.join(Self.joining("n2", id: sameNode, key: .of([62])))) == .alreadyExists)
        #expect(code(.join(Self.joining("n2", id: MembershipTests.second))) == .alreadyExists)
        let voter = MemberID(high: TestDirectory.voter.high, low: TestDirectory.voter.low, incarnation: 2)
        #expect(code(.joinEdge(Self.joining("e2", id: voter, key: .of([62])))) == .alreadyExists)
        let votersKey = Self.joining("e2", id: MembershipTests.second, key: .of([2]))
        #expect(code(.joinEdge(votersKey)) == .alreadyExists)
        directory.succeed(.joinEdge(Self.joining("e2", id: MembershipTests.second, key: .of([62]))), by: Self.voucher)
    }

    @Test("a name that a ticket for the other kind has held meanwhile is taken all the same") func lateTicket() {
        var directory = TestDirectory()
        directory.succeed(.issueJoinTicket(Self.ticket()))
        directory.succeed(.joinEdge(Self.joining()), by: Self.voucher)
        directory.succeed(.removeEdge(Self.edge), .issueJoinTicket(Self.ticket(isEdge: false)))
        let next = MemberID(high: Self.edge.high, low: Self.edge.low, incarnation: 2)
        #expect(directory.refusal(.join(Self.joining()), by: Self.voucher)?.code == .incarnationUsed)
        directory.succeed(.join(Self.joining(id: next)), by: Self.voucher)
    }

    @Test("an edge is no member: it is not promoted, and its word counts for nothing") func noMember() {
        var directory = Self.directoryWithEdge()
        #expect(directory.refusal(.promoteMember(Self.edge))?.code == .notFound)
        #expect(directory.refusal(.removeMember(Self.edge))?.code == .notFound)
        #expect(directory.refusal(.pinIssuer(Self.edge, key: .of([1])))?.code == .notFound)
        let node = Caller.node(Self.edge)
        #expect(directory.refusal(.claimMember(instance: .of([61])), by: node)?.code == .unauthorized)
        #expect(directory.refusal(.claimSealKey(SealKeyTests.key(1)), by: node)?.code == .unauthorized)
        let vouched = directory.apply(.put(RoleSpec(name: "r")), vouchedBy: Self.edge)
        #expect(vouched.refusal?.code == .notAVoter)
        let sealing = directory.apply(.claimSealKey(SealKeyTests.key(1)), by: node, vouchedBy: Self.edge)
        #expect(sealing.refusal?.code == .notAVoter)
    }

    @Test("a policy that speaks of all nodes gives an edge nothing") func authority() {
        var directory = Self.directoryWithEdge()
        let policy = #"""
            permit(principal is Reeve::Node, action, resource);
            permit(principal is Reeve::Administrator, action, resource);
            """#
        directory.succeed(
            .draftPolicies(PolicyDraft(set: "reeve.admin", text: policy)),
            .activatePolicies(set: "reeve.admin", version: 2, .none)
        )
        #expect(directory.refusal(.put(RoleSpec(name: "a")), by: .node(TestDirectory.voter)) == nil)
        #expect(directory.refusal(.put(RoleSpec(name: "b")), by: .node(Self.edge))?.code == .unauthorized)
    }

    @Test("policies tell who may invite and remove edges from who may do it with members") func policies() {
        var directory = Self.directoryWithEdge()
        let policy = #"""
            permit(principal is Reeve::Administrator, action, resource);
            permit(principal == User::"ops", action == Reeve::Action::"issueJoinTicket", resource)
            when { context has edge && context.edge };
            permit(principal == User::"ops", action == Reeve::Action::"removeEdge", resource)
            when { resource.name == "e1" };
            """#
        directory.succeed(
            .put(PrincipalSpec(id: "user/ops")),
            .draftPolicies(PolicyDraft(set: "reeve.admin", text: policy)),
            .activatePolicies(set: "reeve.admin", version: 2, .none),
            .issueJoinTicket(MembershipTests.ticket())
        )
        directory.succeed(.join(MembershipTests.joining()), by: Self.voucher)
        let ops = Caller.principal("user/ops", token: nil)
        #expect(directory.refusal(.issueJoinTicket(Self.ticket("n3", isEdge: false)), by: ops)?.code == .unauthorized)
        directory.succeed(.issueJoinTicket(Self.ticket("e2")), by: ops)
        // Its ticket is good for an edge in its own right, asked for again when the edge comes.
        let second = Self.joining("e2", id: MemberID(high: 8, low: 8), key: .of([62]))
        directory.succeed(.joinEdge(second), by: Self.voucher)
        #expect(directory.refusal(.removeMember(MembershipTests.second), by: ops)?.code == .unauthorized)
        #expect(directory.refusal(.removeEdge(second.id), by: ops)?.code == .unauthorized)
        directory.succeed(.removeEdge(Self.edge), by: ops)
    }

    @Test("a cluster that may have programs that do not know of them takes none") func featureLevel() {
        var directory = TestDirectory(empty: TestDirectory().codec)
        _ = directory.apply(.bootstrap(TestDirectory.genesis(featureLevel: .seals)), by: .bootstrap)
        let bodies: [CommandBody] = [
            .issueJoinTicket(Self.ticket()), .joinEdge(Self.joining()), .removeEdge(Self.edge),
        ]
        for body in bodies { #expect(directory.refusal(body)?.code == .featureLevel, "\(body.action)") }
        directory.succeed(.issueJoinTicket(Self.ticket(isEdge: false)), .raiseFeatureLevel(.edges))
        directory.succeed(.issueJoinTicket(Self.ticket()))
    }

    @Test("a retry of an invitation gets the first answer, and none for the other kind") func retry() {
        var directory = TestDirectory()
        let first = directory.apply(.issueJoinTicket(Self.ticket()), key: "k").done
        #expect(directory.apply(.issueJoinTicket(Self.ticket()), key: "k").done == first)
        let other = directory.apply(.issueJoinTicket(Self.ticket(isEdge: false)), key: "k")
        #expect(other.refusal?.code == .idempotencyConflict)
    }

    @Test("there are a thousand at most") func limit() {
        var directory = TestDirectory()
        directory.succeed(.issueJoinTicket(Self.ticket()))
        for number in 0..<Limits.edges {
            let spec = MemberSpec(
                id: MemberID(high: 100, low: UInt64(number)),
                name: "x\(number)",
                raftAddress: "10.0.0.9:7401",
                apiAddresses: ["10.0.0.9:7402"],
                keyFingerprint: .of([7, UInt8(number & 0xff), UInt8(number >> 8)])
            )
            let metadata = RecordMetadata(createdAt: .distantPast, updatedAt: .distantPast, revision: LogIndex(1))
            let record = StoredRecord.edge(EdgeRecord(spec: spec, instance: .of([8]), metadata: metadata))
            directory.rows.set(directory.codec.encode(record), for: record.key)
            guard number == Limits.edges - 2 else { continue }
            var copy = directory
            copy.succeed(.joinEdge(Self.joining()), by: Self.voucher)
        }
        #expect(directory.refusal(.joinEdge(Self.joining()), by: Self.voucher)?.code == .limitReached)
    }
}
