import Cedar
import Decision
import Directory
import Identity
import Kernel
import Testing
import Wire

/// A directory of four nodes, and what each decides from.
private struct Cluster {
    static let nodes = [World.voter] + (1...3).map { MemberID(high: 20, low: $0) }
    static let canary = ("ring", "canary")

    var world = World()
    /// As each node keeps it, in the order of `nodes`.
    var snapshots: [DecisionSnapshot] = []

    init() {
        let world = world
        snapshots = Self.nodes.map {
            DecisionSnapshot(from: world.rows, revision: world.index, codec: world.codec, for: $0)
        }
        for (number, node) in Self.nodes.dropFirst().enumerated() {
            let ticket = JoinTicket(
                name: "e\(number)",
                raftAddress: "e:1",
                apiAddresses: ["e:2"],
                secretDigest: .of([4]),
                expiresAt: world.time.advanced(by: .seconds(60)),
                isEdge: true
            )
            let joining = Joining(
                name: "e\(number)",
                secretDigest: .of([4]),
                id: node,
                keyFingerprint: .of([5, UInt8(number)]),
                instance: .of([6])
            )
            run(.issueJoinTicket(ticket), .joinEdge(joining))
        }
        run(.put(.principal(PrincipalSpec(id: "agent/bot")), .none))
        run(.draftPolicies(PolicyDraft(set: "app", text: "@id(\"base\") permit(principal, action, resource);")))
        run(.activatePolicies(set: "app", version: 1, .none))
        run(.draftPolicies(PolicyDraft(set: "app", text: Self.text)))
    }

    /// Another `write` is permitted, a `read` no more.
    private static let text = """
        @id("candidate") permit(principal, action == Action::"write", resource);
        @id("broken") permit(principal, action == Action::"send", resource) when { resource.nothing };
        @id("other") permit(principal, action == Action::"send", resource);
        """

    @discardableResult
    mutating func apply(_ body: CommandBody, by caller: Caller? = nil) -> CommandResult? {
        let command = Command(
            caller: caller ?? .administrator(fingerprint: World.administrator),
            authenticatedBy: World.voter,
            idempotencyKey: "c\(world.index.number)",
            notAfter: world.time.advanced(by: .seconds(60)),
            body: body
        )
        world.index = world.index.next
        let outcome = world.state.apply(
            command,
            carrying: body.memberChange,
            at: world.index,
            time: world.time,
            to: &world.rows
        )
        guard case .applied(let applied) = outcome else { return nil }
        snapshots = snapshots.map { follow($0, applied.events) }
        return applied.result
    }

    private func follow(_ snapshot: DecisionSnapshot, _ events: [DirectoryEvent]) -> DecisionSnapshot {
        snapshot.updated(with: events, at: world.index, from: world.rows, codec: world.codec)
    }

    mutating func run(_ bodies: CommandBody..., sourceLocation: SourceLocation = #_sourceLocation) {
        for body in bodies {
            guard case .done? = apply(body) else {
                Issue.record("\(body.action) was refused", sourceLocation: sourceLocation)
                return
            }
        }
    }

    mutating func label(_ node: Int, _ isCanary: Bool = true) {
        let labels = Labels([Labels.Entry(Self.canary.0, Self.canary.1)]) ?? .none
        let change = isCanary ? LabelChange(set: labels) : LabelChange(removed: [Self.canary.0])
        apply(.labelNode(Self.nodes[node], change))
    }

    static var spec: RolloutSpec {
        let canary = Ring(Labels([Labels.Entry(canary.0, canary.1)]) ?? .none)
        return RolloutSpec(set: "app", version: 2, rings: [canary, .all], soak: .seconds(10), minimumDecisions: 10)
    }

    var record: RolloutRecord? { (try? DirectoryView(world.rows, codec: world.codec).rollout("app")) ?? nil }

    func answer(_ node: Int, _ action: String) throws -> DecisionAnswer {
        let query = try World.query("agent/bot", action)
        return snapshots[node].decide(query, by: .principal("agent/bot"), at: world.moment)
    }

    /// Of the policies that permit `write`.
    func version(at node: Int) throws -> UInt64? { try answer(node, "write").policies.first?.version }
}

@Suite("Roll-outs on nodes") struct RolloutTests {
    @Test("nodes in open rings decide by the new version, others by the one before") func rings() throws {
        var cluster = Cluster()
        cluster.label(1)
        cluster.run(.beginRollout(Cluster.spec, .none))
        #expect(try (0..<4).map { try cluster.version(at: $0) } == [1, 2, 1, 1])
        #expect(try cluster.answer(1, "read").code == .noPermit)
        #expect(try cluster.answer(0, "read").policies.map(\.version) == [1])
        cluster.label(2)
        cluster.label(1, false)
        #expect(try (0..<4).map { try cluster.version(at: $0) } == [1, 1, 2, 1])
        cluster.run(.steerRollout(set: "app", .halt))
        #expect(try (0..<4).map { try cluster.version(at: $0) } == [1, 1, 2, 1])
        cluster.run(.steerRollout(set: "app", .advance(from: 0)))
        #expect(try (0..<4).map { try cluster.version(at: $0) } == [2, 2, 2, 2])
        cluster.run(.steerRollout(set: "app", .abort))
        #expect(try (0..<4).map { try cluster.version(at: $0) } == [1, 1, 1, 1])
        #expect(cluster.snapshots.allSatisfy { $0.rollouts.isEmpty })
    }

    @Test("a revocation counts at once, in whichever ring") func revocation() throws {
        var cluster = Cluster()
        cluster.label(1)
        cluster.run(.beginRollout(Cluster.spec, .none), .revoke(.principal("agent/bot"), reason: ""))
        for node in 0..<4 { #expect(try cluster.answer(node, "write").code == .principalRevoked) }
    }

    @Test("a version that a node cannot read leaves the one before in force there") func poison() throws {
        var cluster = Cluster()
        cluster.label(1)
        cluster.run(.beginRollout(Cluster.spec, .none))
        let view = DirectoryView(cluster.world.rows, codec: cluster.world.codec)
        let version = try #require(try view.policyVersion("app", 2))
        // As a newer program may have drafted it.
        let unknown = PolicyVersionRecord(
            set: "app",
            version: 2,
            text: "permit(principal, action, resource) unless never;",
            note: "",
            author: version.author,
            state: version.state,
            activatedAt: nil,
            metadata: version.metadata
        )
        let row = StoredRecord.policyVersion(unknown)
        cluster.world.rows.set(cluster.world.codec.encode(row), for: row.key)
        cluster.label(2)
        for node in [1, 2] {
            #expect(try cluster.answer(node, "read").code == .allowed)
            #expect(try cluster.version(at: node) == 1)
            let share = try #require(cluster.snapshots[node].rollouts.first)
            #expect(!share.isInForce && share.failure != nil)
            #expect(cluster.snapshots[node].rolloutComparisons.isEmpty)
            #expect(cluster.snapshots[node].damage == nil)
        }
        #expect(try cluster.answer(0, "read").code == .allowed)
        // Everybody is to have it, whatever that node has said.
        cluster.run(
            .steerRollout(set: "app", .advance(from: 0)),
            .steerRollout(set: "app", .advance(from: 1))
        )
        for node in 0..<4 {
            #expect(try cluster.version(at: node) == 1)
            #expect(cluster.snapshots[node].rollouts.isEmpty && cluster.snapshots[node].damage == nil)
            #expect(cluster.snapshots[node].unreadPolicies.map(\.version) == [2])
        }
    }

    @Test("decisions are compared with those of the version before") func comparison() throws {
        var cluster = Cluster()
        cluster.label(1)
        cluster.run(
            .draftPolicies(PolicyDraft(set: "extra", text: "forbid(principal, action == Action::\"drop\", resource);")),
            .activatePolicies(set: "extra", version: 1, .none),
            .beginRollout(Cluster.spec, .none)
        )
        #expect(cluster.snapshots[0].rolloutComparisons.isEmpty)
        let comparison = try #require(cluster.snapshots[1].rolloutComparisons.first)
        #expect(comparison.stage == RolloutStage(set: "app", openedAt: cluster.world.time, number: 0))
        func outcome(_ action: String, _ principal: PrincipalID = "agent/bot") throws -> RolloutComparison.Outcome? {
            let query = try World.query(principal, action)
            let credential = Credential.principal(principal)
            return comparison.outcome(
                of: cluster.snapshots[1].decide(query, by: credential, at: cluster.world.moment),
                to: query,
                by: credential,
                at: cluster.world.moment,
                using: DecisionWorkspace()
            )
        }
        #expect(try outcome("write") == .same)
        #expect(try outcome("read") == .nowDenied)
        #expect(try outcome("drop") == .same)
        #expect(try outcome("send") == .failed)
        #expect(try outcome("write", "agent/nobody") == nil, "no policy decided this")
        cluster.run(.steerRollout(set: "app", .halt))
        #expect(cluster.snapshots[1].rolloutComparisons.isEmpty)
    }

    @Test("what only the new version permits is counted as such") func nowAllowed() throws {
        var cluster = Cluster()
        cluster.label(1)
        cluster.run(.activatePolicies(set: "app", version: 2, .none))
        let back = RolloutSpec(set: "app", version: 1, rings: Cluster.spec.rings)
        cluster.run(.beginRollout(back, .none))
        let query = try World.query("agent/bot", "read")
        let answer = try cluster.answer(1, "read")
        let outcome = cluster.snapshots[1].rolloutComparisons.first?.outcome(
            of: answer,
            to: query,
            by: .principal("agent/bot"),
            at: cluster.world.moment,
            using: DecisionWorkspace()
        )
        #expect(outcome == .nowAllowed)
    }
}

/// Everything at once, in any order: labels come and go, nodes report what they like, time passes, somebody steers.
@Suite("Roll-outs under way") struct RolloutPropertyTests {
    private struct Act {
        var random: SeededRandom

        mutating func number(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

        mutating func body(_ record: RolloutRecord?) -> (CommandBody, Caller?)? {
            switch number(12) {
            case 0:
                let labels = Labels([Labels.Entry(Cluster.canary.0, Cluster.canary.1)]) ?? .none
                let change = number(3) > 0 ? LabelChange(set: labels) : LabelChange(removed: [Cluster.canary.0])
                return (.labelNode(Cluster.nodes[number(4)], change), nil)
            case 1: return (.beginRollout(Cluster.spec, .none), nil)
            case 2:
                guard number(6) == 0 else { return nil }
                let stage = UInt32(number(2))
                let acts: [RolloutAct] = [.advance(from: stage), .halt, .resume, .resume, .abort]
                return (.steerRollout(set: "app", acts[number(5)]), nil)
            case 3:
                guard number(8) == 0 else { return nil }
                return (.activatePolicies(set: "app", version: 1, .none), nil)
            default:
                guard let record else { return nil }
                let stage = RolloutStage(
                    set: "app",
                    openedAt: record.stageOpenedAt,
                    number: number(10) == 0 ? UInt32(number(2)) : record.stage
                )
                let decisions = UInt64(number(40))
                let changed = number(25) == 0 ? decisions / 2 : 0
                let counts = RolloutCounts(decisions: decisions, nowDenied: changed)
                let report = RolloutReport(stage: stage, counts: counts, isFailed: number(150) == 0)
                return (.reportRollout(report), .node(Cluster.nodes[number(4)]))
            }
        }
    }

    @Test(
        "no ring is opened early, none by a halted roll-out, and no node outside decides by the version",
        arguments: 1...6 as ClosedRange<UInt64>
    )
    func safety(seed: UInt64) throws {
        var act = Act(random: SeededRandom(seed: seed))
        var cluster = Cluster()
        for node in 0..<3 { cluster.label(node) }
        var (opened, halted, done, revoked) = (0, 0, 0, false)
        for step in 0..<800 {
            cluster.world.time = cluster.world.time.advanced(by: .milliseconds(UInt64(act.number(1500))))
            let before = cluster.record
            guard let (body, caller) = act.body(before) else { continue }
            _ = cluster.apply(body, by: caller)
            let isSteered = if case .steerRollout = body { true } else { false }
            let name = "seed \(seed), step \(step)"
            if let before, let after = cluster.record, before.began == after.began, !isSteered {
                let isOpened = after.stage > before.stage || after.state == .done && before.state != .done
                if isOpened {
                    opened += 1
                    #expect(before.state == .running, "\(name): a roll-out opens a ring though it is \(before.state)")
                    let soaked = before.stageOpenedAt.advanced(by: Cluster.spec.soak)
                    #expect(soaked <= cluster.world.time, "\(name): a ring is opened before the last one has soaked")
                }
                if before.state == .halted { #expect(after.state != .running, "\(name): resumed by nobody") }
                if before.state == .running, after.state == .halted { halted += 1 }
                if before.state == .running, after.state == .done { done += 1 }
            }
            try check(cluster, name, anew: step.isMultiple(of: 20))
            if step >= 650, !revoked {
                cluster.run(.revoke(.principal("agent/bot"), reason: ""))
                revoked = true
            }
            guard !revoked else { continue }
            if after(cluster) == .done { cluster.run(.activatePolicies(set: "app", version: 1, .none)) }
        }
        #expect(opened > 0 && halted > 0, "seed \(seed) opened \(opened) rings, halted \(halted) times, ended \(done)")
    }

    private func after(_ cluster: Cluster) -> RolloutRecord.State? { cluster.record?.state }

    /// What every node decides by follows from the log, however the node came by it.
    private func check(_ cluster: Cluster, _ name: String, anew isAnew: Bool) throws {
        let view = DirectoryView(cluster.world.rows, codec: cluster.world.codec)
        let active = try #require(try view.policySet("app")?.activeVersion)
        for (number, node) in Cluster.nodes.enumerated() {
            let snapshot = cluster.snapshots[number]
            let labels = try #require(try view.labels(of: node))
            let isOpen = cluster.record?.isOpen(to: labels) ?? false
            let expected = isOpen ? Cluster.spec.version : active
            #expect(snapshot.policies.map(\.version) == [expected], "\(name), node \(number)")
            if view.isRevoked { #expect(try cluster.answer(number, "write").code == .principalRevoked, "\(name)") }
            guard isAnew else { continue }
            let anew = DecisionSnapshot(
                from: cluster.world.rows,
                revision: cluster.world.index,
                codec: cluster.world.codec,
                for: node
            )
            // Not written out where they differ, which takes minutes.
            let isSame = snapshot == anew
            #expect(isSame, "\(name), node \(number)")
        }
    }
}

extension DirectoryView {
    fileprivate var isRevoked: Bool { (try? status(.principal("agent/bot"))) == .revoked }
}
