import Cedar
import Testing

@Suite("Compiled evaluator")
struct CompiledEvaluatorTests {
    @Test("decides one request after the other as if each were the first", arguments: 0..<6 as Range<UInt64>)
    func reuse(seed: UInt64) throws {
        var world = RandomWorld(seed: seed + 400)
        var allows = 0
        for _ in 0..<10 {
            let policies = try PolicySet.parse(world.policySet(count: 12))
            let compiled = CompiledPolicySet(policies)
            let entities = try world.entities()
            var evaluator = CompiledEvaluator(world.request(), entities: entities)
            for _ in 0..<30 {
                let request = world.request()
                let expected = authorize(request, policies: policies, entities: entities)
                evaluator.begin(request)
                let decision = evaluator.decide(by: compiled)
                let errors = evaluator.failures.map {
                    Response.PolicyFailure(policy: $0.policy.policy.id, error: $0.error)
                }
                let reasons = evaluator.satisfied.map(\.policy.id)
                try #require(
                    Response(decision: decision, reasons: reasons, errors: errors) == expected,
                    "seed \(seed): \(request)"
                )
                if decision == .allow { allows += 1 }
            }
        }
        #expect(allows > 20)
    }

    /// Whether the principal `N::"0"` is allowed, which the tree-walking authorizer must say as well.
    private func isAllowed(_ conditions: String, _ entities: [Entity]) throws -> Bool {
        let policies = try PolicySet.parse("permit(principal, action, resource) when { \(conditions) };")
        let store = try EntityStore(entities)
        let request = Request(principal: uid(0), action: EntityUID(type: "Action", id: "a"), resource: uid(1))
        let found = CompiledPolicySet(policies).authorize(request, entities: store)
        #expect(found == authorize(request, policies: policies, entities: store))
        return found.decision == .allow
    }

    private func uid(_ number: Int) -> EntityUID { EntityUID(type: "N", id: "\(number)") }

    private static let chainLength = 70

    /// Each has the next as an attribute and is in it; the first has all of them.
    private var chain: [Entity] {
        (0...Self.chainLength).map { number in
            var fields: [(String, Value)] = [("number", .long(Int64(number))), ("next", .entity(uid(number + 1)))]
            if number == 0 { fields += (0...Self.chainLength).map { ("to\($0)", .entity(uid($0))) } }
            return Entity(uid: uid(number), attributes: Record(fields), parents: [uid(number + 1)])
        }
    }

    @Test("reads entities however many there are, and however far away")
    func entities() throws {
        let length = Self.chainLength
        let far = "principal" + String(repeating: ".next", count: length) + ".number"
        #expect(try isAllowed("\(far) == \(length)", chain))
        #expect(try !isAllowed("\(far) == \(length - 1)", chain))
        #expect(try isAllowed("\(far) == resource" + String(repeating: ".next", count: length - 1) + ".number", chain))
        let all = (0...length).map { "principal.to\($0).number == \($0)" }.joined(separator: " && ")
        #expect(try isAllowed("\(all) && \(all)", chain))
        #expect(try !isAllowed("\(all) && principal.to3.number == 4", chain))
        #expect(try isAllowed("principal.to5 in principal.to60 && !(principal.to60 in principal.to5)", chain))
        #expect(try isAllowed("principal.to5 in [principal.to3, principal.to5] && principal in principal.to5", chain))
    }

    @Test("tells names apart by their code points, few or many, short or long")
    func names() throws {
        let names = [
            "caf\u{E9} of more than fifteen bytes", "cafe\u{301} of more than fifteen bytes", "\u{E9}", "e\u{301}",
            "ab",
            "ba", "a name of more than fifteen bytes", "a name of more than fifteen bits.", "", "z", "y", "x",
        ]
        for count in [4, 8, 9, 12] {
            let fields = names.prefix(count).enumerated().map { ($1, Value.long(Int64($0))) }
            let entities = [Entity(uid: uid(0), attributes: Record(fields))]
            for (number, name) in names.enumerated() {
                let isThere = number < count
                #expect(try isAllowed("principal has \"\(name)\"", entities) == isThere, "\(name), \(count)")
                #expect(try isAllowed("principal[\"\(name)\"] == \(number)", entities) == isThere, "\(name), \(count)")
            }
        }
    }

    @Test("finds what a set has, and no more, small or large", arguments: [1, 5, 31, 32, 33, 60])
    func sets(count: Int) throws {
        let kinds: [(Int) -> String] = [{ "N::\"\($0)\"" }, { "\($0)" }, { "\"a text of so many bytes \($0)\"" }]
        for kind in kinds {
            let set = "[" + (0..<count).map(kind).joined(separator: ", ") + "]"
            #expect(try isAllowed("\(set).contains(\(kind(count / 2))) && !\(set).contains(\(kind(count)))", []))
            #expect(try isAllowed("\(set).containsAll([\(kind(0)), \(kind(count - 1))])", []))
            #expect(try !isAllowed("\(set).containsAny([\(kind(count)), \(kind(count + 1))])", []))
        }
    }

    @Test("lists of identities are the same by whatever names")
    func sharedNames() {
        let list = EntityUIDList([uid(0), uid(1), uid(0)])
        #expect(Array(list) == [uid(0), uid(1), uid(0)])
        let shared = EntityUIDList.Name(uid(0))
        let sharing = list.sharing { $0 == shared.uid ? shared : nil }
        #expect(sharing == list)
        #expect(sharing.hashValue == list.hashValue)
        #expect(list != EntityUIDList([uid(1), uid(0), uid(0)]))
        #expect(Array(list.sharing { _ in EntityUIDList.Name(uid(7)) }) == [uid(7), uid(7), uid(7)])
    }
}
