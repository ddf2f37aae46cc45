import Kernel
import Testing

@testable import Cedar

@Suite("Compiled policies")
struct CompiledPolicyTests {
    /// What kinds of answers a test came by, so that it cannot pass by asking nothing.
    private struct Tally {
        var allows = 0
        var denials = 0
        var reasons: Set<String> = []

        mutating func note(_ response: Response) {
            if response.decision == .allow { allows += 1 } else { denials += 1 }
            for failure in response.errors {
                reasons.insert(String("\(failure.error.reason)".prefix { $0 != "(" && $0 != ":" }.prefix(12)))
            }
        }
    }

    @Test("decide as the tree-walking authorizer does: decision, reasons, errors", arguments: 0..<12 as Range<UInt64>)
    func equality(seed: UInt64) throws {
        var world = RandomWorld(seed: seed)
        var tally = Tally()
        for round in 0..<40 {
            let policies = try PolicySet.parse(world.policySet(count: [1, 4, 12, 40][round % 4]))
            let compiled = CompiledPolicySet(policies)
            for _ in 0..<4 {
                let entities = try world.entities()
                for _ in 0..<6 {
                    let request = world.request()
                    let expected = authorize(request, policies: policies, entities: entities)
                    let found = compiled.authorize(request, entities: entities)
                    try #require(
                        found == expected,
                        "seed \(seed), round \(round): \(request)\n\(policies.policies.count)"
                    )
                    tally.note(found)
                }
            }
        }
        #expect(tally.allows > 50)
        #expect(tally.denials > 50)
        #expect(tally.reasons.count > 3, "\(tally.reasons)")
    }

    @Test("reasons and errors are in the order of their names' bytes, however long these are") func order() throws {
        let names = [
            "", "a", "a\u{0}", "a\u{0}b", "b", "policy-of-sixteen", "policy-of-sixteen-a", "policy-of-sixteen-b",
            "policy-of-sixtee", "policy1", "policy10", "policy2", "z", "ä", "ä\u{308}", "\u{FB01}", "\u{1F600}",
        ]
        let permit = try #require(PolicySet.parse("permit(principal, action, resource);").policies.first)
        let failing = try #require(
            PolicySet.parse("permit(principal, action, resource) when { principal.none };").policies.first
        )
        let uid = EntityUID(type: "U", id: "a")
        let request = Request(principal: uid, action: uid, resource: uid)
        for policy in [permit, failing] {
            var set = CompiledPolicySet()
            for name in names.reversed() { set.put(policy.renamed(PolicyID(name))) }
            let response = set.authorize(request, entities: EntityStore.empty)
            let found = policy === permit ? response.reasons : response.errors.map(\.policy)
            #expect(found == names.map { PolicyID($0) }.sorted())
        }
    }

    @Test("fail nowhere but where the policy fails", arguments: 0..<6 as Range<UInt64>)
    func failures(seed: UInt64) throws {
        var world = RandomWorld(seed: seed + 100)
        var outcomes = (hold: 0, holdNot: 0, fail: 0)
        for _ in 0..<300 {
            let policy = try #require(try PolicySet.parse(world.policy()).policies.first)
            let code = PolicyCompiler.compile(policy.conditions)
            let entities = try world.entities()
            for _ in 0..<4 {
                let request = world.request()
                var evaluator = Evaluator(request: request, entities: entities)
                var fast = CompiledEvaluator(request, entities: entities)
                let expected = evaluator.holds(policy.conditions)
                let found = fast.run(code.places)
                try #require(found == expected, "seed \(seed): \(request)")
                guard found != nil else {
                    outcomes.fail += 1
                    continue
                }
                #expect(fast.steps == evaluator.steps, "seed \(seed)")
                if found == true { outcomes.hold += 1 } else { outcomes.holdNot += 1 }
            }
        }
        #expect(min(outcomes.hold, outcomes.holdNot, outcomes.fail) > 100, "\(outcomes)")
    }

    @Test("run out of steps where the tree-walking authorizer does", arguments: 0..<6 as Range<UInt64>)
    func limits(seed: UInt64) throws {
        var world = RandomWorld(seed: seed + 200)
        var exhausted = 0
        for _ in 0..<40 {
            let policies = try PolicySet.parse(world.policySet(count: 12))
            let compiled = CompiledPolicySet(policies)
            let entities = try world.entities()
            for limit in [0, 1, 2, 5, 10, 20, 40, 80, 160] {
                let request = world.request()
                let limits = EvaluationLimits(maxSteps: limit)
                let expected = authorize(request, policies: policies, entities: entities, limits: limits)
                let found = compiled.authorize(request, entities: entities, limits: limits)
                try #require(found == expected, "seed \(seed), limit \(limit)")
                let isExhausted = found.errors.contains { $0.error.reason == .tooManySteps(limit: limit) }
                if isExhausted { exhausted += 1 }
            }
        }
        #expect(exhausted > 40)
    }

    @Test("decide on several threads while changed copies of them are made", arguments: 0..<2 as Range<UInt64>)
    func threads(seed: UInt64) async throws {
        var world = RandomWorld(seed: seed + 400)
        let policies = try PolicySet.parse(world.policySet(count: 40))
        let others = try PolicySet.parse(world.policySet(count: 40)).policies
        let entities = try world.entities()
        let cases = (0..<40).map { _ in
            let request = world.request()
            return (request, authorize(request, policies: policies, entities: entities))
        }
        let compiled = CompiledPolicySet(policies)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for thread in 0..<2 {
                group.addTask {
                    for round in 0..<50 {
                        for (request, expected) in cases {
                            let found = compiled.authorize(request, entities: entities)
                            try #require(found == expected, "thread \(thread), round \(round): \(request)")
                        }
                    }
                    return cases.count
                }
            }
            group.addTask {
                var changed = compiled
                for round in 0..<50 {
                    changed = round.isMultiple(of: 2) ? compiled : changed
                    for policy in others { changed.put(policy) }
                    for policy in policies.policies.prefix(round) { changed.remove(policy.id) }
                }
                return changed.count
            }
            for try await done in group { #expect(done >= 0) }
        }
        #expect(compiled.count == policies.policies.count)
    }

    @Test("of one scope are all found, whichever of them go", arguments: 0..<8 as Range<UInt64>)
    func sameScope(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let text = #"permit(principal == U::"a", action == Action::"r", resource == D::"d");"#
        let policy = try #require(try PolicySet.parse(text).policies.first)
        let request = Request(
            principal: EntityUID(type: "U", id: "a"),
            action: EntityUID(type: "Action", id: "r"),
            resource: EntityUID(type: "D", id: "d")
        )
        var compiled = CompiledPolicySet()
        var listed: Set<PolicyID> = []
        for _ in 0..<200 {
            let id = PolicyID("p\(Int.random(in: 0..<8, using: &random))")
            if listed.remove(id) != nil {
                compiled.remove(id)
            } else {
                listed.insert(id)
                compiled.put(policy.renamed(id))
            }
            let found = compiled.authorize(request, entities: EntityStore.empty)
            #expect(Set(found.reasons) == listed)
        }
    }

    @Test("are the same set however it came to be", arguments: 0..<6 as Range<UInt64>)
    func changes(seed: UInt64) throws {
        var world = RandomWorld(seed: seed + 300)
        var random = SeededRandom(seed: seed)
        var compiled = CompiledPolicySet()
        var listed: [Policy] = []
        for round in 0..<120 {
            let id = PolicyID("p\(Int.random(in: 0..<60, using: &random))")
            let place = listed.firstIndex { $0.id == id }
            let (before, listedBefore) = (compiled, listed)
            if let place, Bool.random(using: &random) {
                listed.remove(at: place)
                compiled.remove(id)
            } else {
                let policy = try #require(try PolicySet.parse(world.policy()).policies.first).renamed(id)
                if let place { listed[place] = policy } else { listed.append(policy) }
                compiled.put(policy)
            }
            #expect(compiled.count == listed.count)
            guard round % 5 == 0 else { continue }
            let (policies, policiesBefore) = (try PolicySet(listed), try PolicySet(listedBefore))
            let entities = try world.entities()
            for _ in 0..<10 {
                let request = world.request()
                // The older set is untouched by what became of its copy.
                try #require(
                    before.authorize(request, entities: entities)
                        == authorize(request, policies: policiesBefore, entities: entities),
                    "seed \(seed), round \(round)"
                )
                let expected = authorize(request, policies: policies, entities: entities)
                try #require(
                    compiled.authorize(request, entities: entities) == expected,
                    "seed \(seed), round \(round)"
                )
            }
        }
    }
}

extension Evaluator {
    /// Whether all conditions hold; nil where one has no value.
    fileprivate mutating func holds(_ conditions: [Condition]) -> Bool? {
        do throws(EvaluationError) {
            for condition in conditions where try bool(condition.body) != (condition.kind == .when) { return false }
            return true
        } catch {
            return nil
        }
    }
}
