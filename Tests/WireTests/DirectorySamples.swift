import Directory
import Identity
import Kernel

/// A value of every kind that the directory keeps or is told.
struct DirectorySamples {
    let agent: PrincipalID
    let user: PrincipalID
    let callers: [Caller]
    let attributes: Attributes

    init() throws {
        agent = try PrincipalID.sample(.agent, "invoice-bot")
        user = try PrincipalID.sample(.user, "ana.b")
        callers = [
            .administrator(fingerprint: .of([1])), .principal(agent, token: nil), .principal(user, token: "ci"),
            .principal(user, token: ""), .node(MemberID(high: 1, low: 2, incarnation: 3)), .bootstrap,
        ]
        attributes = [
            "yes": .bool(true), "no": .bool(false), "count": .long(.min), "zero": .long(0), "": .string(""),
            "é": .string("e\u{301} \u{1F600}\0"), "tool": .entity(EntityName(type: "Billing::Tool", id: "x\"y")),
            "list": .set([.long(3), .long(3), .set([]), .record(.empty)]),
            "nested": .record(["a": .record(["b": .extension(function: "ip", argument: "10.0.0.0/8")])]),
        ]
    }

    let preconditions: [Precondition] = [
        .none, .mustNotExist, .mustExist, .revision(LogIndex(.max)), .revision(.zero),
    ]
    let metadata = RecordMetadata(
        createdAt: WallTime(milliseconds: 5),
        updatedAt: .distantFuture,
        revision: LogIndex(9)
    )

    var objects: [DirectoryObject] {
        [
            .principal(
                PrincipalSpec(id: agent, owner: user, parent: agent, description: "bot", attributes: attributes)
            ),
            .principal(PrincipalSpec(id: user)),
            .role(RoleSpec(name: "editor", parents: ["viewer", "auditor"], description: "edits")),
            .role(RoleSpec(name: "")),
            .assignment(AssignmentSpec(id: "a1", principal: agent, role: "editor")),
            .assignment(
                AssignmentSpec(
                    id: "a2",
                    principal: user,
                    role: "r",
                    notBefore: WallTime(milliseconds: 4),
                    expiresAt: .distantPast,
                    reason: "on call"
                )
            ),
            .resource(ResourceSpec(id: EntityName(type: "Tool", id: "t"))),
            .resource(
                ResourceSpec(
                    id: EntityName(type: "Tool", id: "t"),
                    parents: [EntityName(type: "B", id: "1"), EntityName(type: "A", id: "2")],
                    owner: user,
                    attributes: attributes
                )
            ),
        ]
    }

    var genesis: Genesis {
        Genesis(
            lineage: Lineage(high: 7, low: 8),
            trustDomain: "example.org",
            voters: [2, 1].map { number in
                MemberSpec(
                    id: MemberID(high: number, low: 0),
                    name: "n\(number)",
                    raftAddress: "h:1",
                    apiAddresses: ["h:2", "h:3"],
                    keyFingerprint: .of([UInt8(number)])
                )
            },
            administrator: AdministratorSpec(fingerprint: .of([9]), name: "root"),
            settings: Settings(idempotencyLimit: 10_000)
        )
    }

    private var boundedSettings: Settings {
        Settings(actionAges: ["send", "deploy"].map { ActionAge(action: $0, maximumAge: .seconds(5)) })
    }

    var grant: TokenGrant {
        TokenGrant(id: "t1", principal: user, secretDigest: .of([4]), expiresAt: WallTime(milliseconds: 77))
    }

    var ticket: JoinTicket {
        JoinTicket(
            name: "n4",
            raftAddress: "h:7",
            apiAddresses: ["h:8", "h:9"],
            secretDigest: .of([10]),
            expiresAt: WallTime(milliseconds: 78)
        )
    }

    var edgeTicket: JoinTicket {
        JoinTicket(
            name: "e1",
            raftAddress: "h:7",
            apiAddresses: ["h:8"],
            secretDigest: .of([10]),
            expiresAt: WallTime(milliseconds: 78),
            isEdge: true
        )
    }

    var labels: Labels { Labels([Labels.Entry("zone", "eu-1"), Labels.Entry("ring", "canary")]) ?? .none }

    var labelledTicket: JoinTicket {
        JoinTicket(
            name: "n4",
            raftAddress: "h:7",
            apiAddresses: ["h:8"],
            secretDigest: .of([10]),
            expiresAt: WallTime(milliseconds: 78),
            labels: labels
        )
    }

    var rollout: RolloutSpec {
        RolloutSpec(
            set: "a",
            version: 2,
            rings: [Ring(labels), .all],
            soak: .seconds(60),
            changedPerMillion: 5,
            minimumDecisions: 6
        )
    }

    var rolloutStage: RolloutStage { RolloutStage(set: "a", openedAt: WallTime(milliseconds: 9), number: 1) }
    var rolloutCounts: RolloutCounts { RolloutCounts(decisions: 10, nowDenied: 1, nowAllowed: 2, failures: 3) }

    var joining: Joining {
        Joining(
            name: "n4",
            secretDigest: .of([10]),
            id: MemberID(high: 4, low: 4, incarnation: 2),
            keyFingerprint: .of([11]),
            instance: .of([12])
        )
    }

    var warrants: [WarrantSpec] {
        [.everybody, .principals([agent, user]), .ownedBy(user)].map { scope in
            WarrantSpec(
                name: "night-shift",
                key: [UInt8](repeating: 2, count: Limits.publicKeyByteCount),
                scope: scope,
                level: .quarantine,
                expiresAt: WallTime(milliseconds: 79),
                budget: .max
            )
        } + [
            WarrantSpec(
                name: "wide",
                key: [UInt8](repeating: 3, count: Limits.publicKeyByteCount),
                scope: .everybody,
                level: .revoke,
                cascades: true,
                expiresAt: WallTime(milliseconds: 79),
                budget: 1
            )
        ]
    }

    var statements: [SignedStatement] {
        RevocationKind.allCases.flatMap { kind in
            [.principal(agent), .token("t1")].map { (subject: RevocationSubject) in
                SignedStatement(
                    Statement(
                        lineage: genesis.lineage,
                        warrant: "night-shift",
                        sequence: 3,
                        kind: kind,
                        subject: subject,
                        reason: "odd",
                        issuedAt: WallTime(milliseconds: 70)
                    ),
                    signature: [1, 2, 3]
                )
            }
        } + [cascadingStatement]
    }

    private var cascadingStatement: SignedStatement {
        let statement = Statement(
            lineage: genesis.lineage,
            warrant: "wide",
            sequence: 1,
            kind: .restrict,
            subject: .principal(agent),
            cascades: true,
            reason: "",
            issuedAt: WallTime(milliseconds: 71)
        )
        return SignedStatement(statement, signature: [4])
    }

    var bodies: [CommandBody] {
        let keys: [ObjectKey] = [
            .principal(agent), .role("r"), .assignment("a"), .resource(EntityName(type: "T", id: "")), .token("t"),
        ]
        var bodies: [CommandBody] = []
        for precondition in preconditions {
            for object in objects { bodies.append(.put(object, precondition)) }
            for key in keys { bodies.append(.delete(key, precondition)) }
            let text = "permit(principal,action,resource);"
            bodies.append(.draftPolicies(PolicyDraft(set: "s", text: text, precondition: precondition)))
            bodies.append(.activatePolicies(set: "s", version: 3, precondition))
            bodies.append(.deletePolicySet("s", precondition))
            bodies.append(.putSettings(Settings(idempotencyLimit: 10_000), precondition))
        }
        return bodies + unconditional + [.putSettings(boundedSettings, .none)]
    }

    private var unconditional: [CommandBody] {
        [
            .bootstrap(genesis), .issueToken(grant), .revoke(.principal(agent), reason: "leaked"),
            .revoke(.token("t1"), reason: ""), .quarantine(agent, .restrict, reason: "odd"),
            .quarantine(agent, .quarantine, reason: "odd"),
            .quarantine(agent, .restrict, reason: "odd", cascades: true),
            .revoke(.principal(agent), reason: "leaked", cascades: true),
            .liftQuarantine(statements: [.of([2]), .of([1])], reason: "fine"),
            .liftQuarantine(statements: [], reason: ""), .raiseFeatureLevel(FeatureLevel(2)),
            .addAdministrator(fingerprint: .of([3]), name: "ben"), .removeAdministrator(fingerprint: .zero),
            .issueJoinTicket(ticket), .withdrawJoinTicket(name: "n4"), .withdrawJoinTicket(name: ""), .join(joining),
            .promoteMember(joining.id), .removeMember(joining.id), .claimMember(instance: .of([12])),
            .pinIssuer(joining.id, key: .of([13])), .withdrawWarrant(name: "night-shift"),
            .claimSealKey([UInt8](repeating: 2, count: Limits.publicKeyByteCount)),
            .issueJoinTicket(edgeTicket), .joinEdge(joining), .removeEdge(joining.id),
            .issueJoinTicket(labelledTicket), .labelNode(joining.id, LabelChange(set: labels, removed: ["b", "a"])),
            .labelNode(joining.id, LabelChange(removed: ["zone"])),
            .beginRollout(rollout, .none), .beginRollout(rollout, .revision(LogIndex(3))),
            .steerRollout(set: "a", .advance(from: 0)), .steerRollout(set: "a", .advance(from: 1)),
            .steerRollout(set: "a", .halt), .steerRollout(set: "a", .resume), .steerRollout(set: "a", .abort),
            .reportRollout(RolloutReport(stage: rolloutStage, counts: rolloutCounts)),
            .reportRollout(RolloutReport(stage: rolloutStage, counts: .none, isFailed: true)),
        ] + warrants.map { .issueWarrant($0) } + statements.map { .judgeStatement($0) }
    }

    var commands: [Command] {
        bodies.enumerated().map { offset, body in
            Command(
                featureLevel: FeatureLevel(UInt32(offset)),
                caller: callers[offset % callers.count],
                authenticatedBy: MemberID(high: 0, low: 0, incarnation: 0),
                idempotencyKey: "key-\(offset)",
                notAfter: WallTime(milliseconds: UInt64(offset)),
                body: body
            )
        }
    }

    var results: [CommandResult] {
        RefusalCode.allCases.map { .refused(CommandResult.Refusal($0, ["a", ""])) }
            + [
                .done(CommandResult.Done(revision: LogIndex(4), objectRevision: LogIndex(3), created: ["1"])),
                .done(CommandResult.Done(revision: .zero, objectRevision: .zero)),
            ]
    }
}

extension DirectorySamples {
    var records: [StoredRecord] { objectRecords + rolloutRecords + statementRecords + ledgerRecords }

    private var objectRecords: [StoredRecord] {
        objects.map { object in
            switch object {
            case .principal(let spec): .principal(PrincipalRecord(spec: spec, metadata: metadata))
            case .role(let spec): .role(RoleRecord(spec: spec, metadata: metadata))
            case .assignment(let spec):
                .assignment(AssignmentRecord(spec: spec, grantor: callers[1], metadata: metadata))
            case .resource(let spec): .resource(ResourceRecord(spec: spec, metadata: metadata))
            }
        } + [
            .token(TokenRecord(grant: grant, issuer: callers[0], metadata: metadata)),
            .administrator(AdministratorRecord(spec: genesis.administrator, metadata: metadata)),
            .member(MemberRecord(spec: genesis.voters[0], isVoter: true, metadata: metadata)),
            .member(MemberRecord(spec: genesis.voters[1], isVoter: false, metadata: metadata)),
            .member(
                MemberRecord(
                    spec: genesis.voters[1],
                    isVoter: true,
                    instance: .of([12]),
                    issuerFingerprint: .zero,
                    sealKey: [UInt8](repeating: 2, count: Limits.publicKeyByteCount),
                    metadata: metadata
                )
            ),
            .formerMember(
                FormerMemberRecord(id: joining.id, name: "n4", keyFingerprint: .of([11]), metadata: metadata)
            ),
            .joinTicket(JoinTicketRecord(ticket: ticket, issuer: callers[1], metadata: metadata)),
            .joinTicket(JoinTicketRecord(ticket: ticket, issuer: callers[1], usedBy: joining.id, metadata: metadata)),
            .joinTicket(JoinTicketRecord(ticket: edgeTicket, issuer: callers[1], metadata: metadata)),
            .edge(EdgeRecord(spec: genesis.voters[0], instance: .of([12]), metadata: metadata)),
            .edge(EdgeRecord(spec: genesis.voters[0], instance: .of([12]), labels: labels, metadata: metadata)),
            .member(MemberRecord(spec: genesis.voters[0], isVoter: true, labels: labels, metadata: metadata)),
            .joinTicket(JoinTicketRecord(ticket: labelledTicket, issuer: callers[1], metadata: metadata)),
        ]
    }

    private var rolloutRecords: [StoredRecord] {
        func record(
            _ state: RolloutRecord.State,
            base: UInt64? = 1,
            _ reason: RolloutRecord.Reason? = nil,
            witnesses: [RolloutRecord.Witness] = []
        ) -> StoredRecord {
            .rollout(
                RolloutRecord(
                    spec: rollout,
                    base: base,
                    began: LogIndex(9),
                    author: callers[0],
                    state: state,
                    reason: reason,
                    culprit: reason == nil ? nil : joining.id,
                    stage: 1,
                    stageOpenedAt: WallTime(milliseconds: 70),
                    witnesses: witnesses,
                    metadata: metadata
                )
            )
        }
        let heard = [joining.id, MemberID(high: 1, low: 1)].map {
            RolloutRecord.Witness(node: $0, counts: rolloutCounts, reportedAt: WallTime(milliseconds: 71))
        }
        return RolloutRecord.State.allCases.map { record($0) }
            + RolloutRecord.Reason.allCases.map { record(.halted, $0) }
            + [record(.running, base: nil, witnesses: heard)]
    }

    private var statementRecords: [StoredRecord] {
        let lifts = [
            nil, RevocationRecord.Lift(by: callers[2], reason: "ok", index: LogIndex(5), time: .distantPast),
        ]
        let revocations: [StoredRecord] = RevocationKind.allCases.flatMap { kind in
            lifts.map { lift in
                .revocation(
                    RevocationRecord(
                        id: .of([5]),
                        kind: kind,
                        subject: .principal(agent),
                        reason: "r",
                        revoker: callers[0],
                        index: LogIndex(2),
                        time: WallTime(milliseconds: 3),
                        lift: lift
                    )
                )
            }
        }
        let statements = RevocationKind.allCases.map { StandingRecord.Statement(id: .of([6]), kind: $0) }
        let cascading = [StandingRecord.Statement(id: .of([6]), kind: .restrict, cascades: true)]
        let versions: [StoredRecord] = PolicyVersionRecord.State.allCases.map { state in
            .policyVersion(
                PolicyVersionRecord(
                    set: "s",
                    version: 1,
                    text: "// \u{E9}",
                    note: "n",
                    author: callers[0],
                    state: state,
                    activatedAt: state == .draft ? nil : .distantPast,
                    metadata: metadata
                )
            )
        }
        return revocations + versions + warrantRecords + [
            .standing(StandingRecord(subject: .token("t"), statements: statements, metadata: metadata)),
            .standing(StandingRecord(subject: .principal(user), statements: [], metadata: metadata)),
            .standing(StandingRecord(subject: .principal(agent), statements: cascading, metadata: metadata)),
            .policySet(PolicySetRecord(name: "s", activeVersion: nil, latestVersion: 1, metadata: metadata)),
            .policySet(PolicySetRecord(name: "s", activeVersion: 0, latestVersion: 2, metadata: metadata)),
        ]
    }

    private var warrantRecords: [StoredRecord] {
        let states = WarrantRecord.State.allCases.map { state in
            StoredRecord.warrant(
                WarrantRecord(spec: warrants[0], issuer: callers[0], state: state, spent: 4, metadata: metadata)
            )
        }
        let refusals = StatementRefusal.allCases.map { refusal in
            StoredRecord.refusedStatement(
                RefusedStatementRecord(
                    statement: statements[0],
                    refusal: refusal,
                    index: LogIndex(8),
                    time: .distantPast
                )
            )
        }
        let mark = WarrantMark(warrant: "w", sequence: 1, issuedAt: WallTime(milliseconds: 2), signature: [3])
        let recorded = StoredRecord.revocation(
            RevocationRecord(
                id: .of([5]),
                kind: .revoke,
                subject: .token("t"),
                reason: "",
                revoker: callers[0],
                index: LogIndex(2),
                time: WallTime(milliseconds: 3),
                warrant: mark
            )
        )
        let cascading = StoredRecord.revocation(
            RevocationRecord(
                id: .of([7]),
                kind: .restrict,
                subject: .principal(agent),
                cascades: true,
                reason: "",
                revoker: callers[0],
                index: LogIndex(3),
                time: WallTime(milliseconds: 4)
            )
        )
        let wide = WarrantRecord(spec: warrants[3], issuer: callers[0], metadata: metadata)
        return states + refusals + [recorded, cascading, .warrant(wide)]
    }

    private var ledgerRecords: [StoredRecord] {
        results.map { result in
            .command(
                CommandRecord(
                    index: LogIndex(6),
                    time: .distantPast,
                    caller: callers[3],
                    authenticatedBy: MemberID(high: 1, low: 1),
                    action: "putRole",
                    target: "role/r",
                    result: result,
                    idempotencyKey: "k",
                    notAfter: .distantFuture,
                    bodyDigest: .of([7])
                )
            )
        } + callers.map { .caller(CallerRecord(caller: $0, pendingCount: 3)) } + [
            .cluster(
                ClusterRecord(
                    lineage: Lineage(high: 1, low: 2),
                    trustDomain: "d",
                    featureLevel: .first,
                    metadata: metadata
                )
            ),
            .ledger(
                LedgerRecord(time: .distantFuture, commandCount: 1, retryFloor: LogIndex(2), epoch: 3)
            ),
            .settings(
                SettingsRecord(
                    settings: Settings(maximumAge: .seconds(9), idempotencyLimit: 10_000),
                    metadata: metadata
                )
            ),
            .settings(SettingsRecord(settings: boundedSettings, metadata: metadata)),
        ]
    }
}

extension PrincipalID {
    struct NotAName: Error {}

    static func sample(_ kind: PrincipalKind, _ name: String) throws -> PrincipalID {
        guard let id = PrincipalID(kind: kind, name: name) else { throw NotAName() }
        return id
    }
}
