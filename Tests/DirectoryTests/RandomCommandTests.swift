import Directory
import Identity
import Kernel
import Testing
import Wire

@Suite("Random commands") struct RandomCommandTests {
    /// Commands over few names, so that they often meet.
    struct Generator {
        var random: SeededRandom
        var statements: [Digest] = []

        mutating func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
        mutating func principal() -> PrincipalID { ["agent/a", "agent/b", "user/c", "service/d"][number(4)] }
        mutating func optional<Value>(_ value: Value) -> Value? { number(3) == 0 ? value : nil }
        mutating func role() -> String { "role\(number(4))" }
        mutating func resource() -> EntityName { EntityName(type: "Tool", id: "t\(number(4))") }
        mutating func precondition() -> Precondition {
            [.none, .none, .none, .mustExist, .mustNotExist, .revision(LogIndex(5))][number(6)]
        }

        mutating func body() -> CommandBody {
            switch number(16) {
            case 0, 1:
                .put(
                    PrincipalSpec(
                        id: principal(),
                        owner: optional(principal()),
                        parent: optional(principal()),
                        attributes: ["n": .long(Int64(number(3)))]
                    ),
                    precondition()
                )
            case 2: .put(RoleSpec(name: role(), parents: number(2) == 0 ? [] : [role()]), precondition())
            case 3, 4:
                .put(
                    AssignmentSpec(
                        id: "as\(number(6))",
                        principal: principal(),
                        role: role(),
                        expiresAt: optional(WallTime(milliseconds: UInt64(number(1_000_000))))
                    ),
                    precondition()
                )
            case 5, 6:
                .put(
                    ResourceSpec(
                        id: resource(),
                        parents: number(2) == 0 ? [] : [resource()],
                        owner: optional(principal())
                    ),
                    precondition()
                )
            case 7: .delete(.principal(principal()), precondition())
            case 8: .delete(.role(role()), .none)
            case 9: .delete(number(2) == 0 ? .assignment("as\(number(6))") : .token("tok\(number(4))"), .none)
            case 10: .delete(.resource(resource()), .none)
            case 11:
                .issueToken(
                    TokenGrant(
                        id: "tok\(number(4))",
                        principal: principal(),
                        secretDigest: .of([UInt8(number(20))]),
                        expiresAt: .distantFuture
                    )
                )
            case 12:
                .quarantine(
                    principal(),
                    number(2) == 0 ? .restrict : .quarantine,
                    reason: "r",
                    cascades: number(3) == 0
                )
            case 13:
                .liftQuarantine(
                    statements: statements.isEmpty ? [] : [statements[number(statements.count)]],
                    reason: ""
                )
            case 14:
                number(150) == 0
                    ? .revoke(.principal(principal()), reason: "") : .revoke(.token("tok\(number(4))"), reason: "")
            default:
                number(2) == 0
                    ? .draftPolicies(PolicyDraft(set: "app\(number(2))", text: "permit (principal, action, resource);"))
                    : .activatePolicies(set: "app\(number(2))", version: UInt64(number(4)), .none)
            }
        }
    }

    struct Step {
        let body: CommandBody
        let key: String
        let pause: Span
    }

    /// One in five keys is used again.
    static func steps(seed: UInt64, count: Int) -> [Step] {
        var generator = Generator(random: SeededRandom(seed: seed))
        var steps: [Step] = []
        for number in 0..<count {
            let isRetry = !steps.isEmpty && generator.number(5) == 0
            let earlier = isRetry ? steps[generator.number(steps.count)] : nil
            let pause = Span.seconds(generator.number(50) == 0 ? 40_000 : UInt64(generator.number(3)))
            steps.append(
                Step(
                    body: earlier.flatMap { generator.number(2) == 0 ? $0.body : nil } ?? generator.body(),
                    key: earlier?.key ?? "k\(number)",
                    pause: pause
                )
            )
        }
        return steps
    }

    static func play(_ steps: [Step], _ codec: ProtobufCodec) -> (TestDirectory, [ApplyOutcome]) {
        var directory = TestDirectory(codec, settings: Settings(historyLimit: 100, idempotencyLimit: 30))
        var outcomes: [ApplyOutcome] = []
        for step in steps {
            directory.advance(step.pause)
            outcomes.append(directory.apply(step.body, key: step.key))
        }
        return (directory, outcomes)
    }

    @Test("the same log gives the same rows, results and root", arguments: 1...12 as ClosedRange<UInt64>)
    func deterministic(seed: UInt64) throws {
        let steps = Self.steps(seed: seed, count: 600)
        let codec = ProtobufCodec()
        let (first, outcomes) = Self.play(steps, codec)
        let (second, again) = Self.play(steps, codec)
        #expect(outcomes == again, "seed \(seed)")
        #expect(first.view.stateRoot == second.view.stateRoot, "seed \(seed)")
        #expect(first.view.stateRoot == StateTree.recomputedRoot(of: first.rows), "seed \(seed)")
        #expect(outcomes.allSatisfy { $0.applied != nil }, "seed \(seed) halted")
        let successes = outcomes.count { $0.done != nil }
        #expect(successes > 50, "seed \(seed) did too little")
    }

    @Test("a retry never applies twice", arguments: 1...12 as ClosedRange<UInt64>)
    func retries(seed: UInt64) throws {
        let steps = Self.steps(seed: seed, count: 300)
        var directory = TestDirectory()
        var retried = 0
        for step in steps {
            let notAfter = directory.time.advanced(by: .seconds(60))
            let first = directory.apply(step.body, key: step.key, notAfter: notAfter)
            let root = directory.view.stateRoot
            let second = directory.apply(step.body, key: step.key, notAfter: notAfter)
            #expect(second.applied?.result == first.applied?.result, "seed \(seed)")
            #expect(directory.view.stateRoot == root, "seed \(seed)")
            retried += first.done == nil ? 0 : 1
        }
        #expect(retried > 30, "seed \(seed) did too little")
    }

    @Test("indexes name exactly what the records say", arguments: 1...6 as ClosedRange<UInt64>)
    func indexes(seed: UInt64) throws {
        let (directory, _) = Self.play(Self.steps(seed: seed, count: 500), ProtobufCodec())
        let indexes: Set<UInt8> = Set(
            [
                .principalDependents, .ownedResources, .roleChildren, .resourceChildren, .assignmentsByPrincipal,
                .assignmentsByRole, .tokensByPrincipal, .tokenByDigest, .revocationsBySubject, .cascades,
            ].map { (table: Table) in
                table.rawValue
            }
        )
        var found: Set<[UInt8]> = []
        var expected: Set<[UInt8]> = []
        directory.rows.scan(prefix: []) { key, value in
            if let first = key.first, indexes.contains(first) { found.insert(key) }
            if let first = key.first, first <= Table.caller.rawValue,
                let record = try? directory.codec.decodeRecord(value)
            {
                #expect(record.key == key)
                expected.formUnion(record.indexRows.map(\.key))
            }
            return true
        }
        #expect(found == expected, "seed \(seed)")
        #expect(!found.isEmpty)
    }
}
