import Directory
import Identity
import Kernel
import Testing
import Wire

@Suite("Roll-outs of policies") struct RolloutTests {
    private static let voter = TestDirectory.voter
    private static let first = MemberID(high: 10, low: 1)
    private static let second = MemberID(high: 10, low: 2)
    private static let third = MemberID(high: 10, low: 3)
    private static let canary = Ring(LabelTests.labels(("ring", "canary")))

    private static func spec(
        version: UInt64 = 2,
        rings: [Ring] = [canary, .all],
        soak: Span = .seconds(60),
        minimum: UInt32 = 100,
        set: String = "reports"
    ) -> RolloutSpec {
        RolloutSpec(set: set, version: version, rings: rings, soak: soak, minimumDecisions: minimum)
    }

    /// The voter is a canary, and so are as many edges; the set has version 1 in force and 2 drafted.
    private static func directory(edges: [MemberID] = [], voterIsCanary: Bool = true) -> TestDirectory {
        var directory = TestDirectory()
        for (number, id) in edges.enumerated() {
            let name = "c\(number)"
            directory.succeed(.issueJoinTicket(EdgeTests.ticket(name)))
            let joining = EdgeTests.joining(name, id: id, key: .of([80, UInt8(number)]))
            directory.succeed(.joinEdge(joining), by: MembershipTests.voucher)
            directory.succeed(LabelTests.labelling(id, ("ring", "canary")))
        }
        if voterIsCanary { directory.succeed(LabelTests.labelling(voter, ("ring", "canary"))) }
        directory.succeed(
            .draftPolicies(PolicyDraft(set: "reports", text: "permit(principal, action, resource);")),
            .activatePolicies(set: "reports", version: 1, .none),
            .draftPolicies(PolicyDraft(set: "reports", text: "forbid(principal, action, resource);"))
        )
        return directory
    }

    private static func running(_ spec: RolloutSpec = spec(), edges: [MemberID] = []) -> TestDirectory {
        var directory = directory(edges: edges)
        directory.succeed(.beginRollout(spec, .none))
        return directory
    }

    private static func record(_ directory: TestDirectory) throws -> RolloutRecord {
        try #require(try directory.view.rollout("reports"))
    }

    /// By a node, of the stage that is open.
    private static func report(
        _ directory: inout TestDirectory,
        by node: MemberID = voter,
        _ decisions: UInt64 = 100,
        changed: UInt64 = 0,
        failed: Bool = false
    ) throws -> CommandResult.Refusal? {
        let report = RolloutReport(
            stage: try record(directory).stageID,
            counts: RolloutCounts(decisions: decisions, nowDenied: changed),
            isFailed: failed
        )
        return directory.refusal(.reportRollout(report), by: .node(node))
    }

    @Test("opens a ring when the one before has soaked, and then the version is in force") func life() throws {
        var directory = Self.directory()
        let began = directory.apply(.beginRollout(Self.spec(), .none)).applied
        #expect(began?.events == [.rolloutChanged(set: "reports")])
        #expect(try Self.record(directory).base == 1)
        #expect(try directory.view.policySet("reports")?.activeVersion == 1)
        #expect(try Self.report(&directory) == nil)
        directory.advance(.milliseconds(59_999))
        #expect(try Self.report(&directory) == nil)
        #expect(try Self.record(directory).stage == 0)
        directory.advance(.seconds(12))
        #expect(try Self.report(&directory) == nil)
        #expect(try Self.record(directory).stage == 1)
        #expect(try Self.record(directory).witnesses == [])
        #expect(try directory.view.policySet("reports")?.activeVersion == 1)
        // What was counted in the ring before says nothing of this one.
        directory.advance(.seconds(60))
        #expect(try Self.report(&directory, 99) == nil)
        #expect(try Self.record(directory).state == .running)
        directory.advance(.seconds(12))
        let report = RolloutReport(stage: try Self.record(directory).stageID, counts: RolloutCounts(decisions: 100))
        let last = directory.apply(.reportRollout(report), by: .node(Self.voter)).applied
        #expect(last?.events == [.policiesActivated(set: "reports"), .rolloutChanged(set: "reports")])
        #expect(try Self.record(directory).state == .done)
        #expect(try directory.view.policySet("reports")?.activeVersion == 2)
        #expect(try directory.view.policyVersion("reports", 1)?.state == .superseded)
        #expect(try directory.view.policyVersion("reports", 2)?.state == .active)
        #expect(directory.view.stateRoot == StateTree.recomputedRoot(of: directory.rows))
    }

    @Test("opens none while more than half of the nodes are not heard of") func majority() throws {
        var directory = Self.running(edges: [Self.first, Self.second, Self.third])
        directory.advance(.seconds(60))
        #expect(try Self.report(&directory, 200) == nil)
        #expect(try Self.report(&directory, by: Self.first) == nil)
        #expect(try Self.record(directory).stage == 0, "two of four are no majority")
        // What was said long ago is no news of how they are.
        directory.advance(.seconds(37))
        #expect(try Self.report(&directory, by: Self.second) == nil)
        #expect(try Self.record(directory).stage == 0)
        #expect(try Self.report(&directory, by: Self.third) == nil)
        #expect(try Self.record(directory).stage == 0)
        #expect(try Self.report(&directory, 200) == nil)
        #expect(try Self.record(directory).stage == 1)
    }

    @Test("no edge opens one by itself, and no number that it makes up outweighs the others") func edges() throws {
        var alone = Self.directory(edges: [Self.first], voterIsCanary: false)
        alone.succeed(.beginRollout(Self.spec(), .none))
        alone.advance(.seconds(60))
        #expect(try Self.report(&alone, by: Self.first, 1 << 40) == nil)
        #expect(try Self.record(alone).stage == 0)
        alone.succeed(.steerRollout(set: "reports", .advance(from: 0)))
        #expect(try Self.record(alone).stage == 1)

        var two = Self.directory(edges: [Self.first, Self.second], voterIsCanary: false)
        two.succeed(.beginRollout(Self.spec(), .none))
        two.advance(.seconds(60))
        #expect(try Self.report(&two, by: Self.first) == nil)
        #expect(try Self.report(&two, by: Self.second) == nil)
        #expect(try Self.record(two).stage == 1)

        var lied = Self.running(edges: [Self.first, Self.second])
        #expect(try Self.report(&lied, by: Self.first, 1 << 40) == nil)
        // 20 of 60 are too many, of 160 and of as many as an edge says.
        #expect(try Self.report(&lied, 60, changed: 20) == nil)
        #expect(try Self.record(lied).state == .halted)
    }

    @Test("halts where a node's decisions come out otherwise, and opens nothing more") func changed() throws {
        var directory = Self.running()
        #expect(try Self.report(&directory, 1000, changed: 10) == nil)
        #expect(try Self.record(directory).state == .running, "one in a hundred is within the bound")
        #expect(try Self.report(&directory, 1000, changed: 11) == nil, "what is wrong is never too early")
        var record = try Self.record(directory)
        #expect(record.state == .halted && record.reason == .changedDecisions && record.culprit == Self.voter)
        #expect(record.isOpen(to: LabelTests.labels(("ring", "canary"))), "who decides by it goes on")
        directory.advance(.seconds(600))
        #expect(try Self.report(&directory, 1_000_000)?.code == .preconditionFailed)
        #expect(try Self.record(directory).stage == 0)
        let old = record.stageID
        directory.succeed(.steerRollout(set: "reports", .resume))
        let late = RolloutReport(stage: old, counts: RolloutCounts(decisions: 9000, nowDenied: 9000))
        let refusal = directory.refusal(.reportRollout(late), by: .node(Self.voter))
        #expect(refusal?.code == .preconditionFailed, "what was counted before is forgiven")
        record = try Self.record(directory)
        #expect(record.state == .running && record.reason == nil && record.witnesses == [])
        #expect(try Self.report(&directory) == nil)
        #expect(try Self.record(directory).stage == 0, "the ring soaks once more")
        directory.advance(.seconds(60))
        #expect(try Self.report(&directory) == nil)
        #expect(try Self.record(directory).stage == 1)
    }

    @Test("a node that cannot put the version in force halts it, whoever it is") func failed() throws {
        var directory = Self.running(edges: [Self.first])
        #expect(try Self.report(&directory, by: Self.first, 0, failed: true) == nil)
        let record = try Self.record(directory)
        #expect(record.state == .halted && record.reason == .failedNode && record.culprit == Self.first)
    }

    @Test("an administrator opens the next ring once, halts and aborts") func steering() throws {
        var directory = Self.running()
        #expect(directory.refusal(.steerRollout(set: "reports", .advance(from: 1)))?.code == .revisionMismatch)
        directory.succeed(.steerRollout(set: "reports", .halt))
        #expect(try Self.record(directory).reason == .administrator)
        directory.succeed(.steerRollout(set: "reports", .advance(from: 0)))
        #expect(directory.refusal(.steerRollout(set: "reports", .advance(from: 0)))?.code == .revisionMismatch)
        #expect(try Self.record(directory).state == .halted)
        directory.succeed(.steerRollout(set: "reports", .abort))
        #expect(try Self.record(directory).state == .aborted)
        #expect(try !Self.record(directory).isOpen(to: LabelTests.labels(("ring", "canary"))))
        #expect(try directory.view.policySet("reports")?.activeVersion == 1)
        for act in [RolloutAct.advance(from: 1), .halt, .resume, .abort] {
            #expect(directory.refusal(.steerRollout(set: "reports", act))?.code == .notFound, "\(act.name)")
        }
        directory.succeed(.beginRollout(Self.spec(rings: [.all]), .none))
        directory.succeed(.steerRollout(set: "reports", .advance(from: 0)))
        #expect(try directory.view.policySet("reports")?.activeVersion == 2)
    }

    @Test("another activation ends it, also that of the version before", arguments: [1, 2, 3] as [UInt64])
    func superseded(_ version: UInt64) throws {
        var directory = Self.running()
        directory.succeed(.draftPolicies(PolicyDraft(set: "reports", text: "")))
        directory.succeed(.activatePolicies(set: "reports", version: version, .none))
        #expect(try Self.record(directory).state == .superseded)
        #expect(try directory.view.policySet("reports")?.activeVersion == version)
        directory.succeed(.deletePolicySet("reports", .none))
        #expect(try directory.view.rollout("reports") == nil)
    }

    @Test("reports of others, of other stages, and too many are refused") func reports() throws {
        var directory = Self.running(edges: [Self.first])
        directory.succeed(LabelTests.labelling(Self.first, without: ["ring"]))
        let stage = try Self.record(directory).stageID
        func refusal(_ report: RolloutReport, by caller: Caller) -> RefusalCode? {
            var copy = directory
            return copy.refusal(.reportRollout(report), by: caller)?.code
        }
        let counts = RolloutCounts(decisions: 5)
        let good = RolloutReport(stage: stage, counts: counts)
        #expect(refusal(good, by: .node(Self.voter)) == nil)
        #expect(refusal(good, by: .node(Self.first)) == .unauthorized, "outside of the ring")
        #expect(
            refusal(RolloutReport(stage: stage, counts: .none, isFailed: true), by: .node(Self.first)) == .unauthorized
        )
        #expect(refusal(good, by: .node(Self.second)) == .unauthorized, "a stranger")
        #expect(refusal(good, by: directory.admin) == .unauthorized)
        let others = [
            RolloutStage(set: "reports", openedAt: stage.openedAt, number: 1),
            RolloutStage(set: "reports", openedAt: stage.openedAt.advanced(by: .milliseconds(1)), number: 0),
            RolloutStage(set: "none", openedAt: stage.openedAt, number: 0),
        ]
        for other in others {
            #expect(refusal(RolloutReport(stage: other, counts: counts), by: .node(Self.voter)) == .preconditionFailed)
        }
        let impossible = [
            RolloutCounts(decisions: 5, nowDenied: 3, nowAllowed: 3), RolloutCounts(decisions: .max),
            RolloutCounts(decisions: 5, nowDenied: .max, nowAllowed: .max, failures: .max),
        ]
        for counts in impossible {
            #expect(refusal(RolloutReport(stage: stage, counts: counts), by: .node(Self.voter)) == .invalid)
        }
        #expect(try Self.report(&directory) == nil)
        directory.advance(.milliseconds(5999))
        #expect(try Self.report(&directory)?.code == .limitReached)
        directory.advance(.milliseconds(1))
        #expect(try Self.report(&directory) == nil)
    }

    @Test("no more nodes than a few write to the log") func witnesses() throws {
        let edges = (0..<UInt64(Limits.rolloutWitnesses)).map { MemberID(high: 11, low: $0) }
        var directory = Self.running(edges: edges)
        let last = try #require(edges.last)
        #expect(try directory.view.witnesses(of: Self.record(directory)) == [Self.voter] + edges.dropLast())
        #expect(try Self.report(&directory, by: last)?.code == .limitReached)
        #expect(try Self.report(&directory, by: last, 0, failed: true) == nil, "that it fails counts of anybody")
    }

    @Test("what cannot be rolled out is refused") func refused() {
        var directory = Self.directory()
        let bad: [(RolloutSpec, RefusalCode)] = [
            (Self.spec(set: "reeve.admin"), .invalid), (Self.spec(set: "none"), .notFound),
            (Self.spec(version: 3), .notFound), (Self.spec(version: 1), .alreadyExists),
            (Self.spec(rings: []), .invalid), (Self.spec(rings: [.all, .all]), .invalid),
            (Self.spec(rings: [Ring(LabelTests.labels(("A", "1")))]), .invalid),
            (Self.spec(soak: .milliseconds(999)), .invalid), (Self.spec(soak: .seconds(604_801)), .invalid),
            (Self.spec(minimum: 1_000_001), .invalid),
        ]
        for (spec, code) in bad {
            #expect(directory.refusal(.beginRollout(spec, .none))?.code == code, "\(spec)")
        }
        #expect(directory.refusal(.beginRollout(Self.spec(), .revision(LogIndex(1))))?.code == .revisionMismatch)
        directory.succeed(.beginRollout(Self.spec(), .none))
        #expect(directory.refusal(.beginRollout(Self.spec(), .none))?.code == .inUse)
    }

    @Test("the version that is rolled out is not dropped for new drafts") func kept() throws {
        var directory = Self.running()
        for number in 0...Limits.policyVersions {
            directory.succeed(.draftPolicies(PolicyDraft(set: "reports", text: "// \(number)")))
        }
        #expect(try directory.view.policyVersion("reports", 1) != nil)
        #expect(try directory.view.policyVersion("reports", 2) != nil)
        #expect(try directory.view.policyVersion("reports", 3) == nil)
    }

    @Test("policies see an activation by rings as one, and each step of it") func policies() {
        var directory = Self.directory()
        let policy = #"""
            permit(principal is Reeve::Administrator, action, resource);
            permit(principal == User::"ops", action == Reeve::Action::"activatePolicies", resource)
            when { context has rollout && context.version == 2 };
            permit(principal == User::"ops", action == Reeve::Action::"steerRollout", resource == Reeve::PolicySet::"reports")
            when { context.act == "halt" };
            """#
        directory.succeed(
            .put(PrincipalSpec(id: "user/ops")),
            .draftPolicies(PolicyDraft(set: "reeve.admin", text: policy)),
            .activatePolicies(set: "reeve.admin", version: 2, .none)
        )
        let ops = Caller.principal("user/ops", token: nil)
        let plain = CommandBody.activatePolicies(set: "reports", version: 2, .none)
        #expect(directory.refusal(plain, by: ops)?.code == .unauthorized)
        directory.succeed(.beginRollout(Self.spec(), .none), by: ops)
        directory.succeed(.steerRollout(set: "reports", .halt), by: ops)
        for act in [RolloutAct.advance(from: 0), .resume, .abort] {
            #expect(directory.refusal(.steerRollout(set: "reports", act), by: ops)?.code == .unauthorized)
        }
    }

    @Test("a cluster that may have programs that do not know of them takes none") func featureLevel() {
        var directory = TestDirectory(empty: TestDirectory().codec)
        _ = directory.apply(.bootstrap(TestDirectory.genesis(featureLevel: .edges)), by: .bootstrap)
        let stage = RolloutStage(set: "reports", openedAt: .distantPast, number: 0)
        let bodies: [CommandBody] = [
            .beginRollout(Self.spec(), .none), .steerRollout(set: "reports", .halt),
            .reportRollout(RolloutReport(stage: stage, counts: .none)),
        ]
        for body in bodies { #expect(directory.refusal(body)?.code == .featureLevel, "\(body.action)") }
    }
}
