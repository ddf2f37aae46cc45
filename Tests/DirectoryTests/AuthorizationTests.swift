import Directory
import Identity
import Kernel
import Testing

@Suite("Authorization of commands") struct AuthorizationTests {
    static let delegating = """
        @id("administrators")
        permit (principal is Reeve::Administrator, action, resource);
        @id("owners")
        permit (principal is User, action == Reeve::Action::"putPrincipal", resource)
        when { context has owner && context.owner == principal };
        @id("leads")
        permit (principal in Role::"lead", action == Reeve::Action::"putAssignment", resource)
        when { context.role == Role::"reader" && context has expiresAt };
        @id("no-self-grants")
        forbid (principal, action == Reeve::Action::"putAssignment", resource)
        when { context.principal == principal };
        """

    static func directory() -> TestDirectory {
        var directory = TestDirectory()
        directory.succeed(
            .put(PrincipalSpec(id: "user/ann")),
            .put(PrincipalSpec(id: "user/bob")),
            .put(RoleSpec(name: "lead")),
            .put(RoleSpec(name: "reader")),
            .put(RoleSpec(name: "writer")),
            .draftPolicies(PolicyDraft(set: "reeve.admin", text: delegating)),
            .activatePolicies(set: "reeve.admin", version: 2, .none)
        )
        return directory
    }

    @Test("a stranger may do nothing") func strangers() {
        var directory = TestDirectory()
        let body = CommandBody.put(PrincipalSpec(id: "user/ann"))
        #expect(directory.refusal(body, by: .administrator(fingerprint: .of([77])))?.code == .unauthorized)
        #expect(directory.refusal(body, by: .principal("user/ann", token: nil))?.code == .unauthorized)
        #expect(directory.refusal(body, by: .node(TestDirectory.voter))?.code == .unauthorized)
        #expect(directory.refusal(body, by: .node(MemberID(high: 9, low: 9)))?.code == .unauthorized)
    }

    @Test("policies over the context decide what a principal may administer") func context() {
        var directory = Self.directory()
        let ann = Caller.principal("user/ann", token: nil)
        #expect(directory.refusal(.put(PrincipalSpec(id: "agent/bot", owner: "user/ann")), by: ann) == nil)
        let stolen = CommandBody.put(PrincipalSpec(id: "agent/other", owner: "user/bob"))
        #expect(directory.refusal(stolen, by: ann)?.code == .unauthorized)
    }

    @Test("a forbid overrides, for administrators too") func forbid() {
        var directory = Self.directory()
        let expiresAt = directory.time.advanced(by: .seconds(60))
        directory.succeed(.put(AssignmentSpec(id: "l", principal: "user/ann", role: "lead")))
        func refusal(_ principal: PrincipalID, _ role: String) -> RefusalCode? {
            let spec = AssignmentSpec(
                id: "\(principal.name)-\(role)",
                principal: principal,
                role: role,
                expiresAt: expiresAt
            )
            return directory.refusal(.put(spec), by: .principal("user/ann", token: nil))?.code
        }
        #expect(refusal("user/bob", "reader") == nil)
        #expect(refusal("user/bob", "writer") == .unauthorized)
        #expect(refusal("user/ann", "reader") == .unauthorized)
    }

    @Test("a role counts in log time only from its start to its end") func expiredRole() {
        var directory = Self.directory()
        let expiresAt = directory.time.advanced(by: .seconds(60))
        let later = directory.time.advanced(by: .seconds(600))
        let lead = AssignmentSpec(
            id: "l",
            principal: "user/ann",
            role: "lead",
            notBefore: directory.time.advanced(by: .seconds(30)),
            expiresAt: expiresAt
        )
        directory.succeed(.put(lead))
        func grant() -> RefusalCode? {
            let spec = AssignmentSpec(id: "g", principal: "user/bob", role: "reader", expiresAt: later)
            return directory.refusal(.put(spec), by: .principal("user/ann", token: nil))?.code
        }
        #expect(grant() == .unauthorized)
        directory.advance(.seconds(30))
        #expect(grant() == nil)
        directory.time = expiresAt
        #expect(grant() == .unauthorized)
    }

    @Test("standing comes before policies") func standing() {
        var directory = Self.directory()
        let ann = Caller.principal("user/ann", token: nil)
        let body = CommandBody.put(PrincipalSpec(id: "agent/bot", owner: "user/ann"))
        directory.succeed(.quarantine("user/ann", .restrict, reason: "odd"))
        #expect(directory.refusal(body, by: ann)?.code == .callerQuarantined)
        directory.succeed(.revoke(.principal("user/ann"), reason: "worse"))
        #expect(directory.refusal(body, by: ann)?.code == .callerRevoked)
    }

    @Test("a token speaks for its principal until it expires, is deleted or revoked") func tokens() {
        var directory = Self.directory()
        let expiresAt = directory.time.advanced(by: .seconds(60))
        func grant(_ id: String) -> CommandBody {
            .issueToken(
                TokenGrant(id: id, principal: "user/ann", secretDigest: .of(Array(id.utf8)), expiresAt: expiresAt)
            )
        }
        func refusal(_ token: String, for id: PrincipalID = "user/ann") -> RefusalCode? {
            let spec = PrincipalSpec(id: "agent/bot", owner: id)
            return directory.refusal(.put(spec), by: .principal(id, token: token))?.code
        }
        directory.succeed(grant("t1"), grant("t2"), grant("t3"))
        #expect(refusal("t1") == nil)
        #expect(refusal("t1", for: "user/bob") == .callerRevoked)
        directory.succeed(.revoke(.token("t2"), reason: "leaked"), .delete(.token("t3"), .none))
        #expect(refusal("t2") == .callerRevoked)
        #expect(refusal("t3") == .callerRevoked)
        directory.time = expiresAt
        #expect(refusal("t1") == .callerRevoked)
    }

    @Test("a lift needs permission over every subject that it names") func lift() throws {
        var directory = TestDirectory()
        directory.succeed(
            .put(PrincipalSpec(id: "user/ann")),
            .put(PrincipalSpec(id: "agent/a", owner: "user/ann")),
            .put(PrincipalSpec(id: "agent/b")),
            .draftPolicies(
                PolicyDraft(
                    set: "reeve.admin",
                    text: """
                        permit (principal is Reeve::Administrator, action, resource);
                        permit (principal, action == Reeve::Action::"liftQuarantine", resource)
                        when { resource has owner && resource.owner == principal };
                        """
                )
            ),
            .activatePolicies(set: "reeve.admin", version: 2, .none)
        )
        let statements = try ["agent/a", "agent/b"].map { (id: PrincipalID) in
            try #require(directory.apply(.quarantine(id, .quarantine, reason: "")).done?.created.first)
        }.compactMap { Digest(hex: $0) }
        let ann = Caller.principal("user/ann", token: nil)
        let both = CommandBody.liftQuarantine(statements: statements, reason: "")
        #expect(directory.refusal(both, by: ann)?.code == .unauthorized)
        #expect(directory.refusal(.liftQuarantine(statements: [], reason: ""), by: ann)?.code == .unauthorized)
        #expect(directory.refusal(.liftQuarantine(statements: [statements[0]], reason: ""), by: ann) == nil)
        #expect(try directory.view.status(.principal("agent/a")) == .active)
        #expect(try directory.view.status(.principal("agent/b")) == .quarantined)
    }
}

@Suite("Policy sets") struct PolicySetTests {
    static let some = "permit (principal, action, resource);"

    @Test("versions count up, and activation supersedes") func versions() throws {
        var directory = TestDirectory()
        let draft = CommandBody.draftPolicies(PolicyDraft(set: "app", text: Self.some))
        #expect(directory.apply(draft).done?.created == ["1"])
        #expect(directory.apply(draft).done?.created == ["2"])
        #expect(try directory.view.policySet("app")?.activeVersion == nil)
        directory.succeed(.activatePolicies(set: "app", version: 1, .none))
        directory.succeed(.activatePolicies(set: "app", version: 2, .none))
        #expect(try directory.view.policyVersions(of: "app").items.map(\.state) == [.superseded, .active])
        // A roll-back.
        directory.succeed(.activatePolicies(set: "app", version: 1, .none))
        #expect(try directory.view.policyVersions(of: "app").items.map(\.state) == [.active, .superseded])
        #expect(try directory.view.policySet("app")?.latestVersion == 2)
    }

    @Test("what does not parse is refused, with the place") func parse() throws {
        var directory = TestDirectory()
        let outcome = directory.apply(
            .draftPolicies(PolicyDraft(set: "app", text: "permit (principal, action, resource)\nwhen { 1 + };"))
        )
        #expect(outcome.refusal == CommandResult.Refusal(.invalidPolicy, ["app"]))
        #expect(outcome.applied?.diagnostics.first?.line == 2)
        #expect(try directory.view.policySet("app") == nil)
    }

    @Test(
        "annotations are checked",
        arguments: [
            "@max_age(\"soon\") permit (principal, action, resource);",
            "@max_age(\"1s\") permit (principal, action, resource);",
            "@max_age(\"-5s\") permit (principal, action, resource);",
            "@max_age(\"5s\") forbid (principal, action, resource);",
            "@allow_restricted forbid (principal, action, resource);",
            "permit (principal == ?principal, action, resource);",
            "@id(\"a\") permit (principal, action, resource); @id(\"a\") permit (principal, action, resource);",
        ]
    )
    func annotations(text: String) {
        var directory = TestDirectory()
        let outcome = directory.apply(.draftPolicies(PolicyDraft(set: "app", text: text)))
        #expect(outcome.refusal?.code == .invalidPolicy)
        #expect(outcome.applied?.diagnostics.isEmpty == false)
    }

    @Test("an activation that leaves nobody able to activate is refused") func lockout() {
        var directory = TestDirectory()
        func activate(_ text: String) -> RefusalCode? {
            let version = directory.apply(.draftPolicies(PolicyDraft(set: "reeve.admin", text: text))).done?.created
                .first
            return directory.refusal(
                .activatePolicies(set: "reeve.admin", version: version.flatMap { UInt64($0) } ?? 0, .none)
            )?.code
        }
        #expect(activate("") == .lockout)
        #expect(activate("permit (principal, action, resource); forbid (principal, action, resource);") == .lockout)
        #expect(activate("permit (principal is User, action, resource);") == .lockout)
        // A forbid that fails denies: it locks out as well.
        #expect(
            activate("permit (principal, action, resource); forbid (principal, action, resource) when { 1 < true };")
                == .lockout
        )
        directory.succeed(.put(PrincipalSpec(id: "user/ann")))
        #expect(activate("permit (principal is User, action, resource);") == nil)
        #expect(directory.refusal(.put(PrincipalSpec(id: "user/bob")))?.code == .unauthorized)
        let ann = Caller.principal("user/ann", token: nil)
        #expect(directory.refusal(.put(PrincipalSpec(id: "user/bob")), by: ann) == nil)
    }

    @Test("a revoked principal does not count against a lockout") func lockoutRevoked() {
        var directory = TestDirectory()
        directory.succeed(.put(PrincipalSpec(id: "user/ann")), .revoke(.principal("user/ann"), reason: ""))
        let text = "permit (principal is User, action, resource);"
        directory.succeed(.draftPolicies(PolicyDraft(set: "reeve.admin", text: text)))
        #expect(directory.refusal(.activatePolicies(set: "reeve.admin", version: 2, .none))?.code == .lockout)
    }

    @Test("the last administrator stays, and so does the administration set") func lastAdministrator() {
        var directory = TestDirectory()
        #expect(directory.refusal(.removeAdministrator(fingerprint: TestDirectory.administrator))?.code == .lockout)
        #expect(directory.refusal(.deletePolicySet("reeve.admin", .none))?.code == .lockout)
        directory.succeed(.addAdministrator(fingerprint: .of([5]), name: "second"))
        directory.succeed(.removeAdministrator(fingerprint: TestDirectory.administrator))
        #expect(directory.refusal(.put(PrincipalSpec(id: "user/ann")))?.code == .unauthorized)
    }

    @Test("reserved names are refused") func reserved() {
        var directory = TestDirectory()
        let draft = PolicyDraft(set: "reeve.other", text: Self.some)
        #expect(directory.refusal(.draftPolicies(draft))?.code == .invalid)
    }

    @Test("a set made anew does not decide by what its namesake said") func recreated() throws {
        var directory = TestDirectory()
        directory.succeed(
            .draftPolicies(PolicyDraft(set: "app", text: Self.some)),
            .activatePolicies(set: "app", version: 1, .none),
            .deletePolicySet("app", .none)
        )
        #expect(try directory.view.policyVersions(of: "app").items.isEmpty)
        #expect(directory.refusal(.activatePolicies(set: "app", version: 1, .none))?.code == .notFound)
        directory.succeed(.draftPolicies(PolicyDraft(set: "app", text: Self.some)))
        #expect(try directory.view.policySet("app")?.activeVersion == nil)
    }

    @Test("the number of versions is bounded, and the active one stays") func bounded() throws {
        var directory = TestDirectory(settings: Settings(historyLimit: 100))
        let draft = CommandBody.draftPolicies(PolicyDraft(set: "app", text: Self.some))
        directory.succeed(draft, .activatePolicies(set: "app", version: 1, .none))
        for _ in 0..<203 { directory.succeed(draft) }
        let page = try directory.view.policyVersions(of: "app", ListRequest(limit: 1000))
        #expect(page.next == nil)
        #expect(page.items.first?.version == 1)
        #expect(page.items.last?.version == 204)
    }
}

@Suite("Revocations") struct RevocationTests {
    static func directory() -> TestDirectory {
        var directory = TestDirectory()
        directory.succeed(.put(PrincipalSpec(id: "agent/bot")))
        return directory
    }

    @Test("a revoked id never comes back") func forEver() throws {
        var directory = Self.directory()
        directory.succeed(.revoke(.principal("agent/bot"), reason: "stolen key"))
        #expect(directory.refusal(.put(PrincipalSpec(id: "agent/bot", description: "x")))?.code == .revoked)
        directory.succeed(.delete(.principal("agent/bot"), .none))
        #expect(directory.refusal(.put(PrincipalSpec(id: "agent/bot")))?.code == .revoked)
        #expect(try directory.view.status(.principal("agent/bot")) == .revoked)
        let record = try #require(try directory.view.revocations(of: .principal("agent/bot")).first)
        #expect(record.reason == "stolen key")
        #expect(record.revoker == directory.admin)
    }

    @Test("a quarantine survives deletion, too") func quarantineOutlivesRecord() throws {
        var directory = Self.directory()
        directory.succeed(
            .quarantine("agent/bot", .quarantine, reason: ""),
            .delete(.principal("agent/bot"), .none),
            .put(PrincipalSpec(id: "agent/bot"))
        )
        #expect(try directory.view.status(.principal("agent/bot")) == .quarantined)
    }

    @Test("the strictest statement that is not lifted is in force") func strictest() throws {
        var directory = Self.directory()
        func status() throws -> SubjectStatus { try directory.view.status(.principal("agent/bot")) }
        func lift(_ id: String?) throws -> RefusalCode? {
            let digest = try #require(id.flatMap { Digest(hex: $0) })
            return directory.refusal(.liftQuarantine(statements: [digest], reason: "checked"))?.code
        }
        let restrict = directory.apply(.quarantine("agent/bot", .restrict, reason: "")).done?.created.first
        #expect(try status() == .restricted)
        let quarantine = directory.apply(.quarantine("agent/bot", .quarantine, reason: "")).done?.created.first
        #expect(try status() == .quarantined)
        #expect(try lift(quarantine) == nil)
        #expect(try status() == .restricted)
        #expect(try lift(restrict) == nil)
        #expect(try status() == .active)
        let revoke = directory.apply(.revoke(.principal("agent/bot"), reason: "")).done?.created.first
        #expect(try lift(revoke) == .notLiftable)
        #expect(try status() == .revoked)
    }

    @Test("two statements of equal content are two, and a lifted one stays lifted") func twoStatements() throws {
        var directory = Self.directory()
        let body = CommandBody.quarantine("agent/bot", .quarantine, reason: "same")
        let first = try #require(directory.apply(body).done?.created.first.flatMap { Digest(hex: $0) })
        let second = try #require(directory.apply(body).done?.created.first.flatMap { Digest(hex: $0) })
        #expect(first != second)
        directory.succeed(.liftQuarantine(statements: [first], reason: ""))
        #expect(try directory.view.status(.principal("agent/bot")) == .quarantined)
        let lift = try #require(try directory.view.revocation(first)?.lift)
        directory.succeed(.liftQuarantine(statements: [first], reason: "again"))
        #expect(try directory.view.revocation(first)?.lift == lift)
    }

    @Test("revoking again changes nothing") func again() throws {
        var directory = Self.directory()
        let first = directory.apply(.revoke(.principal("agent/bot"), reason: ""))
        let second = directory.apply(.revoke(.principal("agent/bot"), reason: "other"))
        #expect(second.done?.created == first.done?.created)
        #expect(second.applied?.events == [])
        #expect(try directory.view.ledger()?.epoch == 1)
    }

    @Test("the epoch counts recorded statements") func epoch() throws {
        var directory = Self.directory()
        #expect(try directory.view.ledger()?.epoch == 0)
        let first = directory.apply(.quarantine("agent/bot", .restrict, reason: ""))
        #expect(first.applied?.events == [.standingChanged(.principal("agent/bot"), epoch: 1)])
        directory.succeed(.put(PrincipalSpec(id: "user/ann")), .revoke(.principal("agent/bot"), reason: ""))
        #expect(try directory.view.ledger()?.epoch == 2)
    }

    @Test("a name that nobody has is refused: it is more likely mistyped") func unknown() {
        var directory = Self.directory()
        #expect(directory.refusal(.revoke(.principal("agent/bto"), reason: ""))?.code == .notFound)
        #expect(directory.refusal(.revoke(.token("t"), reason: ""))?.code == .notFound)
        #expect(directory.refusal(.quarantine("agent/bto", .quarantine, reason: ""))?.code == .notFound)
        #expect(directory.refusal(.liftQuarantine(statements: [.of([3])], reason: ""))?.code == .notFound)
    }

    @Test("a revoked token's id is spent") func token() {
        var directory = Self.directory()
        func grant(_ secret: UInt8) -> CommandBody {
            .issueToken(
                TokenGrant(id: "t", principal: "agent/bot", secretDigest: .of([secret]), expiresAt: .distantFuture)
            )
        }
        directory.succeed(grant(1), .revoke(.token("t"), reason: ""), .delete(.token("t"), .none))
        #expect(directory.refusal(grant(2))?.code == .revoked)
    }
}
