import Cedar
import Decision
import Directory
import Identity
import Kernel
import Testing

/// Directories, policies and questions at random: what a snapshot decides, and what the tree-walking evaluator says over entities
/// that are read from the rows each time.
@Suite("Decisions over a snapshot, against the tree-walking evaluator") struct SnapshotDecisionTests {
    @Test("are the same, with their reasons and errors", arguments: 1...16 as ClosedRange<UInt64>)
    func agreement(seed: UInt64) throws {
        var run = Run(seed: seed)
        var counts: [DecisionCode: Int] = [:]
        for step in 0..<60 {
            run.change()
            for _ in 0..<6 {
                let code = try run.check("seed \(seed), step \(step)")
                counts[code, default: 0] += 1
            }
        }
        #expect(counts[.allowed, default: 0] > 5 && counts[.noPermit, default: 0] > 5, "seed \(seed): \(counts)")
    }

    private struct Run {
        static let principals: [PrincipalID] = ["agent/a", "agent/b-with-a-name-of-many-bytes", "user/c"]
        var world = World()
        var random: SeededRandom
        var text = ""
        /// One for all questions: nothing of one may be seen in the next.
        let workspace = DecisionWorkspace()

        init(seed: UInt64) {
            random = SeededRandom(seed: seed)
            for id in Self.principals { world.succeed(.put(.principal(PrincipalSpec(id: id)), .none)) }
            for role in 0..<5 { world.succeed(.put(.role(RoleSpec(name: "r\(role)")), .none)) }
            enact()
        }

        private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
        private mutating func pick<Element>(_ list: [Element]) -> Element { list[below(list.count)] }
        private mutating func perhaps<Value>(_ value: Value) -> Value? { below(2) == 0 ? value : nil }
        private mutating func role() -> String { "r\(below(5))" }
        private mutating func attributes() -> Attributes { below(2) == 0 ? .empty : ["n": .long(Int64(below(3)))] }
        private mutating func resource() -> EntityName {
            EntityName(type: "Tool", id: pick(["t0", "t1", "t2", "a tool of more than sixteen bytes"]))
        }

        mutating func change() {
            switch below(7) {
            case 0: enact()
            case 1:
                let spec = PrincipalSpec(
                    id: pick(Self.principals),
                    owner: perhaps(pick(Self.principals)),
                    parent: perhaps(pick(Self.principals)),
                    attributes: attributes()
                )
                world.attempt(.put(.principal(spec), .none))
            case 2:
                let parents = perhaps(role()).map { [$0] } ?? []
                world.attempt(.put(.role(RoleSpec(name: role(), parents: parents)), .none))
            case 3, 4:
                let start = perhaps(world.time.advanced(by: .milliseconds(UInt64(below(3)))))
                let end = perhaps(world.time.advanced(by: .milliseconds(UInt64(2 + below(4)))))
                let spec = AssignmentSpec(
                    id: "g\(below(8))",
                    principal: pick(Self.principals),
                    role: role(),
                    notBefore: start ?? .distantPast,
                    expiresAt: end
                )
                if case .refused? = world.attempt(.put(.assignment(spec), .none)) {
                    world.attempt(.delete(.assignment(spec.id), .none))
                }
            case 5:
                let spec = ResourceSpec(
                    id: resource(),
                    parents: perhaps(resource()).map { [$0] } ?? [],
                    owner: perhaps(pick(Self.principals)),
                    attributes: attributes()
                )
                world.attempt(.put(.resource(spec), .none))
            default: world.time = world.time.advanced(by: .milliseconds(UInt64(below(3))))
            }
        }

        private mutating func enact() {
            text = (0..<(1 + below(6))).map { _ in policy() }.joined(separator: "\n")
            world.enact(text)
        }

        private mutating func policy() -> String {
            let effect = pick(["permit", "permit", "permit", "forbid"])
            let principal = pick(["principal", "principal in Role::\"r\(below(5))\"", "principal is Agent"])
            let several = "action in [Action::\"read\", Action::\"write\"]"
            let action = pick(["action", "action == Action::\"read\"", several])
            let resource = pick(["resource", "resource == Tool::\"t1\"", "resource in Tool::\"t\(below(3))\""])
            return "\(effect) (\(principal), \(action), \(resource)) when { \(condition()) };"
        }

        private mutating func condition() -> String {
            pick([
                "true", "true", "principal.n == 1", "principal has n && principal.n < 2",
                "principal.status == \"active\"", "resource.owner in Role::\"r\(below(5))\"",
                "resource has owner && resource.owner == principal",
                "resource has owner.n && resource.owner.n == 1",
                "principal in Role::\"r1\" || principal in Role::\"r2\"",
                "principal has owner && principal.owner has owner && principal.owner.owner == principal",
                "context.reeve.age_ms < 20", "context has reeve", "context has reeve.age_ms",
                "context.n == \(below(3))", "context.action.deep", "context == {\"action\": {}}",
                "{\"c\": context}.c.reeve.epoch == 0",
                "context has reeve.latest && context.reeve.latest > context.reeve.earliest",
            ])
        }

        mutating func check(_ place: String) throws -> DecisionCode {
            world.age = .milliseconds(UInt64(below(40)))
            world.uncertainty = .milliseconds(UInt64(below(3)))
            let (subject, name, tool) = (pick(Self.principals), pick(["read", "write", "call"]), resource())
            let query = try DecisionQuery(
                subject: (subject.kind.rawValue, subject.name, .empty),
                action: (name, below(2) == 0 ? .empty : ["deep": .bool(below(2) == 0)]),
                resource: ("tool", tool.id, .empty),
                context: below(2) == 0 ? .empty : ["n": .long(Int64(below(3)))]
            )
            let answer = world.snapshot.decide(query, by: .principal(subject), at: world.moment, using: workspace)
            #expect(answer == world.snapshot.decide(query, by: .principal(subject), at: world.moment), "\(place)")
            let expected = try expected(query)
            #expect(answer.code == expected.code, "\(place): \(text)")
            #expect(answer.policies.map(\.id) == expected.policies, "\(place): \(text)")
            #expect(answer.failures.map { "\($0.policy.id) \($0.error)" } == expected.failures, "\(place): \(text)")
            return answer.code
        }

        private struct Expectation {
            let code: DecisionCode
            let policies: [String]
            let failures: [String]
        }

        private func expected(_ query: DecisionQuery) throws -> Expectation {
            let policies = try PolicySet.parse(text)
            let interval = world.moment.interval
            let reeve: Cedar.Record = [
                "age_ms": .long(Int64(world.age.milliseconds)),
                "earliest": .datetime(CedarDateTime(milliseconds: Int64(interval.earliest.milliseconds))),
                "epoch": .long(Int64(world.snapshot.epoch)),
                "latest": .datetime(CedarDateTime(milliseconds: Int64(interval.latest.milliseconds))),
                "revision": .long(Int64(world.index.number)),
            ]
            let request = Request(
                principal: query.subject.uid,
                action: query.action,
                resource: query.resource.uid,
                context: query.context.merging(["action": .record(query.actionProperties), "reeve": .record(reeve)])
            )
            let entities = Rows(view: DirectoryView(world.rows, codec: world.codec), interval: interval)
            let response = authorize(request, policies: policies, entities: entities)
            let forbids = Set(policies.policies.filter { $0.effect == .forbid }.map(\.id))
            let failures = response.errors.map { (id: $0.policy, text: "\($0.policy) \($0.error)") }
            let failed = failures.map(\.id).filter(forbids.contains)
            let (code, deciding): (DecisionCode, [PolicyID]) =
                switch response.decision {
                case .deny where !response.reasons.isEmpty: (.forbidden, response.reasons)
                case _ where !failed.isEmpty: (.policyError, failed)
                case .allow: (.allowed, response.reasons)
                case .deny: (.noPermit, [])
                }
            return Expectation(code: code, policies: deciding.map(\.text), failures: failures.map(\.text))
        }
    }

    /// Each question is answered from the rows.
    private struct Rows: EntityProvider {
        let view: DirectoryView<TrackedTransaction<MemoryStore>>
        let interval: TimeInterval

        func entity(_ uid: EntityUID) -> Entity? {
            guard let facts = try? view.facts(uid) else { return nil }
            let roles = facts.grants.filter { $0.counts(in: interval) }.map(\.role)
            return Entity(uid: uid, attributes: facts.attributes, parents: facts.parents + roles)
        }
    }
}
