import Directory
import Identity
import Kernel
import Testing
import Wire

@Suite("Idempotency and time") struct IdempotencyTests {
    @Test("a retry has no effect and gets the first answer") func retry() throws {
        var directory = TestDirectory()
        let first = directory.apply(.put(PrincipalSpec(id: "user/ann")), key: "k")
        directory.succeed(.delete(.principal("user/ann"), .none))
        let root = directory.view.stateRoot
        let retry = directory.apply(.put(PrincipalSpec(id: "user/ann")), key: "k")
        #expect(retry.done == first.done)
        #expect(retry.applied?.events == [])
        #expect(try directory.view.principal("user/ann") == nil)
        #expect(directory.view.stateRoot == root)
    }

    @Test("a refusal is remembered as well") func refusedRetry() {
        var directory = TestDirectory()
        let body = CommandBody.put(PrincipalSpec(id: "agent/bot", owner: "user/ann"))
        #expect(directory.refusal(body, key: "k")?.code == .unknownReference)
        directory.succeed(.put(PrincipalSpec(id: "user/ann")))
        #expect(directory.refusal(body, key: "k")?.code == .unknownReference)
        #expect(directory.refusal(body, key: "k2") == nil)
    }

    @Test("one key with two bodies is a conflict") func conflict() throws {
        var directory = TestDirectory()
        directory.apply(.put(PrincipalSpec(id: "user/ann")), key: "k")
        #expect(directory.refusal(.put(PrincipalSpec(id: "user/bob")), key: "k")?.code == .idempotencyConflict)
        #expect(try directory.view.principal("user/bob") == nil)
    }

    @Test("keys of different callers do not meet") func scoped() {
        var directory = TestDirectory()
        let second = Digest.of([8])
        directory.succeed(.addAdministrator(fingerprint: second, name: "second"))
        directory.apply(.put(PrincipalSpec(id: "user/ann")), key: "k")
        let body = CommandBody.put(PrincipalSpec(id: "user/bob"))
        #expect(directory.refusal(body, by: .administrator(fingerprint: second), key: "k") == nil)
    }

    @Test("a retried token does not depend on the secret that the voter drew") func tokenRetry() {
        var directory = TestDirectory()
        directory.succeed(.put(PrincipalSpec(id: "user/ann")))
        func grant(_ secret: UInt8) -> CommandBody {
            .issueToken(
                TokenGrant(id: "t", principal: "user/ann", secretDigest: .of([secret]), expiresAt: .distantFuture)
            )
        }
        let first = directory.apply(grant(1), key: "k")
        #expect(first.done != nil)
        #expect(directory.apply(grant(2), key: "k").done == first.done)
    }

    @Test("a late command is refused, also when it is a retry") func late() {
        var directory = TestDirectory()
        let notAfter = directory.time.advanced(by: .seconds(10))
        let body = CommandBody.put(PrincipalSpec(id: "user/ann"))
        directory.time = notAfter
        #expect(directory.refusal(body, key: "k", notAfter: notAfter) == nil)
        directory.advance(.milliseconds(1))
        #expect(directory.refusal(body, key: "k", notAfter: notAfter)?.code == .late)
    }

    @Test("not-after lies at most a day ahead") func tooFar() {
        var directory = TestDirectory()
        let day = directory.time.advanced(by: .seconds(86_400))
        let body = CommandBody.put(PrincipalSpec(id: "user/ann"))
        #expect(directory.refusal(body, notAfter: day.advanced(by: .milliseconds(1)))?.code == .notAfterTooFar)
        #expect(directory.refusal(body, notAfter: day) == nil)
    }

    @Test("keys are 1 to 128 printable characters", arguments: ["", "a b", "é", String(repeating: "x", count: 129)])
    func keyGrammar(key: String) {
        var directory = TestDirectory()
        #expect(directory.refusal(.put(PrincipalSpec(id: "user/ann")), key: key)?.code == .invalid)
    }

    @Test("log time never goes back") func monotonicTime() throws {
        var directory = TestDirectory()
        directory.advance(.seconds(100))
        let later = directory.time
        directory.succeed(.put(PrincipalSpec(id: "user/ann")))
        directory.time = TestDirectory.start
        let notAfter = later.advanced(by: .seconds(1))
        directory.apply(.put(PrincipalSpec(id: "user/bob")), notAfter: notAfter)
        #expect(try directory.view.principal("user/bob")?.metadata.createdAt == later)
        #expect(try directory.view.ledger()?.time == later)
        let tooLate = directory.refusal(.put(PrincipalSpec(id: "user/cat")), notAfter: TestDirectory.start)
        #expect(tooLate?.code == .late)
    }

    @Test("a caller with all its keys in force waits, until the first can no longer be used") func tooManyPending() {
        var directory = TestDirectory(settings: Settings(idempotencyLimit: 16))
        let soon = directory.time.advanced(by: .seconds(10))
        let later = directory.time.advanced(by: .seconds(1000))
        let body = CommandBody.put(PrincipalSpec(id: "user/ann"))
        for number in 0..<16 {
            #expect(directory.refusal(body, key: "k\(number)", notAfter: number == 7 ? soon : later) == nil)
        }
        #expect(directory.refusal(body, key: "more", notAfter: later)?.code == .tooManyPending)
        directory.time = soon.advanced(by: .milliseconds(1))
        #expect(directory.refusal(body, key: "more", notAfter: later) == nil)
        #expect(directory.refusal(body, key: "more2", notAfter: later)?.code == .tooManyPending)
        // What was evicted is the key that had passed; the others still are remembered.
        #expect(directory.refusal(.put(PrincipalSpec(id: "user/bob")), key: "k0")?.code == .idempotencyConflict)
    }

    @Test("keys are forgotten after a day of log time") func retention() throws {
        var directory = TestDirectory(settings: Settings(idempotencyLimit: 16))
        for number in 0..<16 { directory.apply(.put(PrincipalSpec(id: "user/ann")), key: "k\(number)") }
        directory.advance(.seconds(86_401))
        for number in 0..<8 {
            #expect(directory.refusal(.put(PrincipalSpec(id: "user/bob")), key: "k\(number)") == nil, "\(number)")
        }
    }

    @Test("history keeps as many commands as the settings say, and never fewer than the keys need") func history()
        throws
    {
        var directory = TestDirectory(settings: Settings(historyLimit: 100))
        for number in 0..<150 { directory.succeed(.put(PrincipalSpec(id: "user/ann", description: "\(number)"))) }
        #expect(try directory.view.ledger()?.commandCount == 150)
        directory.advance(.seconds(86_401))
        for number in 0..<150 { directory.succeed(.put(PrincipalSpec(id: "user/ann", description: "\(number)"))) }
        #expect(try directory.view.ledger()?.commandCount == 150)
        let page = try directory.view.commands(from: .zero, limit: 1000)
        #expect(page.items.count == 150)
        #expect(page.items.map(\.index) == page.items.map(\.index).sorted())
    }

    @Test("a large command that is refused leaves little behind") func largeRefusal() throws {
        var directory = TestDirectory()
        let name = String(repeating: "ü", count: 100_000)
        let outcome = directory.apply(.put(RoleSpec(name: "r", parents: [name])))
        let refusal = try #require(outcome.refusal)
        #expect(refusal.names.allSatisfy { $0.utf8.count < 600 })
        #expect(try directory.view.command(directory.index)?.result == .refused(refusal))
        directory.apply(.put(RoleSpec(name: name)))
        #expect(try #require(try directory.view.command(directory.index)).target.utf8.count < 600)
    }

    @Test("the history says who did what, and what came of it") func historyContent() throws {
        var directory = TestDirectory()
        directory.apply(.put(RoleSpec(name: "editor", parents: ["viewer"])), key: "k")
        let record = try #require(try directory.view.command(directory.index))
        #expect(record.caller == directory.admin)
        #expect(record.authenticatedBy == TestDirectory.voter)
        #expect(record.action == "putRole")
        #expect(record.target == "role/editor")
        #expect(record.result == .refused(CommandResult.Refusal(.unknownReference, ["role/viewer"])))
    }
}

@Suite("Vouching for callers") struct VoucherTests {
    let put = CommandBody.put(RoleSpec(name: "r"))

    @Test("what no voter vouches for changes nothing, not even the memory of its key") func strangers() {
        var directory = TestDirectory()
        let root = directory.view.stateRoot
        for voucher in [MemberID(high: 9, low: 9), MemberID(high: 1, low: 1, incarnation: 2)] {
            let refusal = directory.apply(put, vouchedBy: voucher, key: "k").refusal
            #expect(refusal == CommandResult.Refusal(.notAVoter, [voucher.uuid]))
        }
        #expect(directory.view.stateRoot == root)
        #expect(directory.refusal(put, key: "k") == nil)
    }

    @Test("a voter's word ends with its vote, and the command may be sent again") func removed() throws {
        var directory = TestDirectory()
        let member = try #require(try directory.view.member(TestDirectory.voter))
        directory.store(MemberRecord(spec: member.spec, isVoter: false, metadata: member.metadata))
        #expect(directory.refusal(put, key: "k")?.code == .notAVoter)
        directory.store(member)
        #expect(directory.refusal(put, key: "k") == nil)
    }
}

extension TestDirectory {
    /// As a change of membership will.
    fileprivate mutating func store(_ member: MemberRecord) {
        let record = StoredRecord.member(member)
        rows.set(codec.encode(record), for: record.key)
    }
}

@Suite("Bootstrap and halts") struct BootstrapTests {
    @Test("nothing happens before the first entry, which comes once") func first() throws {
        var directory = TestDirectory(empty: ProtobufCodec())
        #expect(directory.refusal(.put(PrincipalSpec(id: "user/ann")))?.code == .notBootstrapped)
        #expect(directory.view.stateRoot == .zero)
        #expect(directory.refusal(.bootstrap(TestDirectory.genesis()), by: directory.admin)?.code == .unauthorized)
        #expect(directory.refusal(.bootstrap(TestDirectory.genesis()), by: .bootstrap) == nil)
        #expect(directory.refusal(.bootstrap(TestDirectory.genesis()), by: .bootstrap)?.code == .alreadyBootstrapped)
        #expect(try directory.view.cluster()?.lineage == Lineage(high: 7, low: 7))
        #expect(try directory.view.members().items.map(\.spec.id) == [TestDirectory.voter])
    }

    @Test("the bootstrap caller can do nothing else") func bootstrapCaller() {
        var directory = TestDirectory()
        #expect(directory.refusal(.put(PrincipalSpec(id: "user/ann")), by: .bootstrap)?.code == .unauthorized)
    }

    @Test("what does not decode halts") func undecodable() {
        var directory = TestDirectory()
        let root = directory.view.stateRoot
        let outcome = directory.state.apply([1, 2, 3], at: LogIndex(2), time: directory.time, to: &directory.rows)
        guard case .halt(.undecodable) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(directory.view.stateRoot == root)
    }

    @Test("a feature level above the program's halts, one above the cluster's is refused") func featureLevel() {
        var directory = TestDirectory()
        let (admin, time) = (directory.admin, directory.time)
        func command(_ level: UInt32, _ body: CommandBody) -> Command {
            Command(
                featureLevel: FeatureLevel(level),
                caller: admin,
                authenticatedBy: TestDirectory.voter,
                idempotencyKey: "f\(level)",
                notAfter: time,
                body: body
            )
        }
        let put = CommandBody.put(PrincipalSpec(id: "user/ann"))
        let next = FeatureLevel.supported.number + 1
        let halted = directory.state.apply(
            command(next, put),
            at: LogIndex(2),
            time: directory.time,
            to: &directory.rows
        )
        #expect(halted == .halt(.featureLevelTooHigh(FeatureLevel(next), supported: .supported)))
        #expect(directory.apply(.raiseFeatureLevel(FeatureLevel(next))) == halted)
        // Who may not raise it cannot end the nodes that have yet to be upgraded either.
        let agent = Caller.principal("agent/a", token: nil)
        #expect(directory.refusal(.raiseFeatureLevel(FeatureLevel(next)), by: agent)?.code == .unauthorized)

        directory.state = DirectoryState(codec: directory.codec, supported: FeatureLevel(next))
        let refused = directory.state.apply(
            command(next, put),
            at: LogIndex(2),
            time: directory.time,
            to: &directory.rows
        )
        #expect(refused.refusal?.code == .featureLevel)
        directory.succeed(.raiseFeatureLevel(FeatureLevel(next)))
        #expect(directory.refusal(.raiseFeatureLevel(FeatureLevel(next - 1)))?.code == .invalid)
        let applied = directory.state.apply(
            command(next, put),
            at: LogIndex(9),
            time: directory.time,
            to: &directory.rows
        )
        #expect(applied.done != nil)
    }

    @Test("a damaged row halts rather than being taken for something else") func damage() {
        var directory = TestDirectory()
        directory.succeed(.put(PrincipalSpec(id: "user/ann")), .put(PrincipalSpec(id: "user/bob")))
        // The row of one principal under the key of the other.
        let bob = directory.rows.value(for: Key(.principal).principal("user/bob").bytes) ?? []
        directory.rows.set(bob, for: Key(.principal).principal("user/ann").bytes)
        let outcome = directory.apply(.put(PrincipalSpec(id: "user/ann", description: "x")))
        guard case .halt(.damaged) = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test("damage met while policies are evaluated halts, too") func damageInPolicies() {
        var directory = TestDirectory()
        directory.succeed(.put(PrincipalSpec(id: "user/ann")))
        directory.rows.set([0xff], for: Key(.principal).principal("user/ann").bytes)
        guard case .halt(.damaged) = directory.apply(.put(PrincipalSpec(id: "user/ann"))) else {
            Issue.record("applied over a damaged row")
            return
        }
    }

    @Test("settings keep to their bounds") func settings() throws {
        var directory = TestDirectory()
        #expect(directory.refusal(.putSettings(Settings(maximumAge: .seconds(1)), .none))?.code == .invalid)
        #expect(directory.refusal(.putSettings(Settings(idempotencyLimit: 1), .none))?.code == .invalid)
        directory.succeed(.putSettings(Settings(maximumAge: .seconds(30)), .none))
        #expect(try directory.view.settings()?.settings.maximumAge == .seconds(30))
        let names = ["", "a\nb", String(repeating: "x", count: 257)]
        let unnamed = names.map { [ActionAge(action: $0, maximumAge: .seconds(5))] }
        let deploy = ActionAge(action: "deploy", maximumAge: .seconds(5))
        let many = (0...Settings.actionAgeLimit).map { ActionAge(action: "a\($0)", maximumAge: .seconds(5)) }
        for bad in unnamed + [[ActionAge(action: "deploy", maximumAge: .seconds(2))], [deploy, deploy], many] {
            let refusal = directory.refusal(.putSettings(Settings(actionAges: bad), .none))
            #expect(refusal?.code == .invalid, "\(bad.prefix(2))")
        }
        directory.succeed(.putSettings(Settings(actionAges: many.dropLast()), .none))
        #expect(try directory.view.settings()?.settings.actionAges.count == Settings.actionAgeLimit)
    }

    @Test("every level that the program knows says what it brings, and no other does") func levels() {
        let known = FeatureLevel.known
        #expect(known.first == .first && known.last == .supported)
        #expect(zip(known, known.dropFirst()).allSatisfy { $0.number + 1 == $1.number })
        #expect(Set(known.compactMap(\.brings)).count == known.count, "a level without a sentence of its own")
        #expect(FeatureLevel(0).brings == nil && FeatureLevel(FeatureLevel.supported.number + 1).brings == nil)
    }

    @Test("a cluster that may have programs that do not know of bounds by action takes none") func actionAgeLevel() {
        let bounded = Settings(actionAges: [ActionAge(action: "deploy", maximumAge: .seconds(5))])
        var directory = TestDirectory(empty: ProtobufCodec())
        for (settings, level) in [(bounded, FeatureLevel.cascades), (Settings(), .cascades)] {
            let genesis = TestDirectory.genesis(settings: settings, featureLevel: level)
            let outcome = directory.apply(.bootstrap(genesis), by: .bootstrap, key: "bootstrap")
            #expect(outcome.refusal?.code == (settings == bounded ? .invalid : nil))
        }
        #expect(directory.refusal(.putSettings(bounded, .none))?.code == .featureLevel)
        directory.succeed(.raiseFeatureLevel(.actionAges))
        directory.succeed(.putSettings(bounded, .none))
    }
}
