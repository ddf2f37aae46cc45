import Cedar
import Decision
import Directory
import Identity
import Kernel
import Testing

@Suite("Snapshots") struct SnapshotTests {
    struct Generator {
        var random: SeededRandom

        mutating func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
        mutating func principal() -> PrincipalID {
            ["agent/a", "agent/b", "user/c", "service/d", "agent/e"][number(5)]
        }
        mutating func role() -> String { "role\(number(3))" }
        mutating func resource() -> EntityName { EntityName(type: "Tool", id: "t\(number(3))") }
        mutating func token() -> String { "tok\(number(3))" }

        mutating func body(_ statements: [Digest]) -> CommandBody {
            switch number(18) {
            case 0, 1:
                .put(.principal(PrincipalSpec(id: principal(), attributes: ["n": .long(Int64(number(3)))])), .none)
            case 2: .put(.role(RoleSpec(name: role(), parents: number(2) == 0 ? [] : [role()])), .none)
            case 3, 4:
                .put(.assignment(AssignmentSpec(id: "as\(number(5))", principal: principal(), role: role())), .none)
            case 5: .put(.resource(ResourceSpec(id: resource(), owner: number(2) == 0 ? nil : principal())), .none)
            case 6: .delete(.principal(principal()), .none)
            case 7: .delete(number(2) == 0 ? .role(role()) : .assignment("as\(number(5))"), .none)
            case 8: .delete(number(2) == 0 ? .resource(resource()) : .token(token()), .none)
            case 9:
                .issueToken(
                    TokenGrant(
                        id: token(),
                        principal: principal(),
                        secretDigest: .of([UInt8(number(9))]),
                        expiresAt: .distantFuture
                    )
                )
            case 10: .quarantine(principal(), number(2) == 0 ? .restrict : .quarantine, reason: "")
            case 11:
                .liftQuarantine(
                    statements: statements.isEmpty ? [] : [statements[number(statements.count)]],
                    reason: ""
                )
            case 12:
                number(60) == 0 ? .revoke(.principal(principal()), reason: "") : .revoke(.token(token()), reason: "")
            case 13:
                number(3) == 0
                    ? .putSettings(Settings(maximumAge: .seconds(UInt64(10 + number(5)))), .none)
                    : .addAdministrator(fingerprint: .of([UInt8(number(4))]), name: "x\(number(2))")
            default:
                switch number(5) {
                case 0: .deletePolicySet("app\(number(2))", .none)
                case 1, 2: .activatePolicies(set: "app\(number(2))", version: UInt64(number(8)), .none)
                default:
                    .draftPolicies(PolicyDraft(set: "app\(number(2))", text: policies()))
                }
            }
        }

        /// Of which some are in the next one, too.
        private mutating func policies() -> String {
            (0..<number(5)).map { _ in "permit (principal, action == Action::\"a\(number(4))\", resource);\n" }.joined()
        }
    }

    @Test("kept up to date by events, a snapshot is the one read anew", arguments: 1...10 as ClosedRange<UInt64>)
    func incremental(seed: UInt64) throws {
        var generator = Generator(random: SeededRandom(seed: seed))
        var world = World()
        var statements: [Digest] = []
        var (changes, policyCount) = (0, 0)
        for step in 0..<400 {
            let result = world.attempt(generator.body(statements), key: "k\(step)")
            if case .done(let done)? = result {
                statements += done.created.compactMap { Digest(hex: $0) }
                changes += done.objectRevision == world.index ? 1 : 0
            }
            guard step.isMultiple(of: 20) || step == 399 else { continue }
            let anew = DecisionSnapshot(from: world.rows, revision: world.index, codec: world.codec)
            #expect(world.snapshot == anew, "seed \(seed), step \(step)")
            // Equal sets are those of equal texts.
            for (set, other) in zip(world.snapshot.policies, anew.policies) {
                #expect(set.rules == other.rules)
                #expect(
                    set.rules.indices.map { set.reference(of: $0) }
                        == other.rules.indices.map { other.reference(of: $0) }
                )
                policyCount = max(policyCount, set.rules.count)
            }
            #expect(world.snapshot.damage == nil)
        }
        #expect(changes > 60, "seed \(seed) changed too little")
        #expect(policyCount > 1)
    }

    @Test("a node that joins is known at once, and one that is removed no more") func members() {
        var world = World()
        let member = MemberID(high: 4, low: 4)
        let code = { (world: World) in
            world.snapshot.authorize(.node(member), action: "read", on: EntityUIDs.cluster, at: world.moment).code
        }
        #expect(code(world) == .callerUnknown)
        let ticket = JoinTicket(
            name: "n4",
            raftAddress: "n4:1",
            apiAddresses: ["n4:2"],
            secretDigest: .of([4]),
            expiresAt: world.time.advanced(by: .seconds(60))
        )
        let joining = Joining(
            name: "n4",
            secretDigest: .of([4]),
            id: member,
            keyFingerprint: .of([5]),
            instance: .of([6])
        )
        world.succeed(.issueJoinTicket(ticket), .join(joining))
        #expect(code(world) == .noPermit)
        #expect(world.snapshot == DecisionSnapshot(from: world.rows, revision: world.index, codec: world.codec))
        world.succeed(.removeMember(member))
        #expect(code(world) == .callerUnknown)
        #expect(world.snapshot == DecisionSnapshot(from: world.rows, revision: world.index, codec: world.codec))
    }

    @Test("an older snapshot stays as it was") func immutable() throws {
        var world = DecideTests.world("permit (principal, action, resource);")
        let before = world.snapshot
        world.succeed(.revoke(.principal("agent/bot"), reason: ""))
        let query = try World.query("agent/bot", "send")
        #expect(before.decide(query, by: .principal("agent/bot"), at: world.moment).isAllowed)
        #expect(world.snapshot.revision > before.revision)
    }

    @Test("threads decide by one snapshot while others are made of it") func threads() async throws {
        var world = DecideTests.world("permit (principal, action, resource) when { principal has owner || true };")
        let (snapshot, moment) = (world.snapshot, world.moment)
        let query = try World.query("agent/bot", "send")
        let expected = snapshot.decide(query, by: .principal("agent/bot"), at: moment)
        #expect(expected.isAllowed)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    let workspace = DecisionWorkspace()
                    var count = 0
                    while !Task.isCancelled || count < 100 {
                        let found = snapshot.decide(query, by: .principal("agent/bot"), at: moment, using: workspace)
                        try #require(found == expected)
                        count += 1
                        await Task.yield()
                    }
                    return count
                }
            }
            for round in 0..<50 {
                world.enact("permit (principal, action, resource) when { \(round) > 25 };")
                world.succeed(.put(.role(RoleSpec(name: "role\(round)")), .none))
                await Task.yield()
            }
            world.succeed(.revoke(.principal("agent/bot"), reason: ""))
            group.cancelAll()
            for try await count in group { #expect(count >= 100) }
        }
        #expect(try world.code("agent/bot", "send") == .principalRevoked)
    }
}
