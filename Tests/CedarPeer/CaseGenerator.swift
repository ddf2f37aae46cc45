import JSON
import Kernel

/// Draws cases: mostly policies, entities and requests to decide, else a text that may be damaged.
struct CaseGenerator {
    var random: SeededRandom
    private let seed: UInt64
    /// Whether expressions are drawn that are mostly valid in the usual schema. Others go wrong more often.
    private(set) var isCareful = false
    /// Whether entities and requests are drawn that mostly conform to the usual schema.
    private(set) var conforms = false

    init(seed: UInt64) {
        self.seed = seed
        // Neighbouring seeds would draw neighbouring numbers.
        var source = SeededRandom(seed: seed)
        random = source.split()
    }

    mutating func next() -> JSONValue {
        isCareful = oneIn(2)
        conforms = isCareful && oneIn(2)
        let seed = JSONValue.integer(Int64(bitPattern: seed))
        if oneIn(20) { return ["seed": seed, "schema text": .string(damagedSchema())] }
        let policies = policySet()
        if oneIn(6) { return ["seed": seed, "text": .string(damagedText(policies))] }
        return [
            "seed": seed, "policies": policies, "entities": entities(),
            "requests": .array((0..<3).map { _ in request() }),
            "schema": .string(isCareful || oneIn(2) ? Self.usualSchema : drawnSchema()),
        ]
    }

    mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }

    /// Whether to do what is mostly an error.
    mutating func errs(oneIn count: Int) -> Bool { oneIn(isCareful ? count * 40 : count) }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &random)]
    }

    mutating func count(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
}

extension CaseGenerator {
    private mutating func policySet() -> JSONValue {
        var templates: [JSONMember] = []
        var policies: [JSONMember] = []
        var links: [JSONValue] = []
        for index in 0..<count(1...4) {
            let id = "policy\(index)"
            let slots = oneIn(3) ? pick([["principal"], ["resource"], ["principal", "resource"]]) : []
            let policy = JSONMember(name: id, value: policy(slots: slots))
            guard !slots.isEmpty else {
                policies.append(policy)
                continue
            }
            templates.append(policy)
            for _ in 0..<count(0...2) {
                let values = slots.map { JSONMember(name: "?\($0)", value: uid()) }
                links.append([
                    "templateId": .string(id), "newId": .string("link\(links.count)"), "values": .object(values),
                ])
            }
        }
        return [
            "templates": .object(templates), "staticPolicies": .object(policies), "templateLinks": .array(links),
        ]
    }

    private mutating func policy(slots: [String]) -> JSONValue {
        var members = [
            JSONMember(name: "effect", value: oneIn(3) ? "forbid" : "permit"),
            JSONMember(name: "principal", value: constraint("principal", isSlot: slots.contains("principal"))),
            JSONMember(name: "action", value: actionConstraint()),
            JSONMember(name: "resource", value: constraint("resource", isSlot: slots.contains("resource"))),
            JSONMember(name: "conditions", value: .array((0..<count(0...2)).map { _ in condition() })),
        ]
        if oneIn(4) {
            members.append(JSONMember(name: "annotations", value: ["a": .string(text()), "if": oneIn(2) ? nil : ""]))
        }
        return .object(members)
    }

    private mutating func condition() -> JSONValue {
        ["kind": oneIn(3) ? "unless" : "when", "body": expression(.bool, depth: count(1...4))]
    }

    private mutating func constraint(_ name: String, isSlot: Bool) -> JSONValue {
        let reference = JSONMember(name: isSlot ? "slot" : "entity", value: isSlot ? .string("?\(name)") : uid())
        // Most scopes match, or no condition would ever be evaluated.
        switch isSlot ? count(1...3) : oneIn(2) ? 0 : count(1...4) {
        case 1: return .object([JSONMember(name: "op", value: "=="), reference])
        case 2: return .object([JSONMember(name: "op", value: "in"), reference])
        case 3: return ["op": "is", "entity_type": .string(pick(Self.types)), "in": .object([reference])]
        case 4: return ["op": "is", "entity_type": .string(pick(Self.types))]
        default: return ["op": "All"]
        }
    }

    private mutating func actionConstraint() -> JSONValue {
        switch count(0...5) {
        case 0: ["op": "==", "entity": action()]
        case 1: ["op": "in", "entity": action()]
        case 2: ["op": "in", "entities": .array((0..<count(0...2)).map { _ in action() })]
        default: ["op": "All"]
        }
    }
}

extension CaseGenerator {
    static let types = ["User", "Group", "NS::Doc", "A"]
    private static let ids = ["a", "b", "c", "", "x y", "\"\\\n", "\u{e9}", "e\u{301}", "\u{1F600}", "*\u{0}"]

    mutating func uid() -> JSONValue {
        ["type": .string(pick(Self.types)), "id": .string(oneIn(4) ? pick(Self.ids) : pick(["a", "b"]))]
    }

    mutating func action() -> JSONValue {
        if oneIn(8) { return ["type": "NS::Action", "id": "read"] }
        return ["type": "Action", "id": .string(pick(["view", "edit", "all"]))]
    }

    private mutating func request() -> JSONValue {
        let context = oneIn(40) ? pick([[], ["n": nil], ["n": .decimal("1.5")], "text"]) : attributes()
        let principal: JSONValue =
            oneIn(40)
            ? pick([["type": "no type", "id": "a"], ["type": "User"], "User"]) : party(["User", "Group"])
        return ["principal": principal, "action": action(), "resource": party(["A", "NS::Doc"]), "context": context]
    }

    /// An entity that is mostly of these types where it is to conform.
    private mutating func party(_ types: [String]) -> JSONValue {
        guard conforms, !oneIn(5) else { return uid() }
        return ["type": .string(pick(types)), "id": .string(pick(["a", "b"]))]
    }

    private mutating func entities() -> JSONValue {
        var entities: [JSONValue] = []
        for type in Self.types {
            for id in ["a", "b", "\u{e9}"] where !oneIn(3) {
                entities.append(entity(["type": .string(type), "id": .string(id)]))
            }
        }
        for id in ["view", "edit"] where oneIn(2) {
            let parents: JSONValue = (conforms ? !oneIn(20) : oneIn(2)) ? [["type": "Action", "id": "all"]] : []
            entities.append(["uid": ["type": "Action", "id": .string(id)], "attrs": [:], "parents": parents])
        }
        // The same entity twice, or what is none.
        if oneIn(50), let first = entities.first { entities.append(first) }
        if oneIn(50) { entities.append(pick([[:], nil, ["uid": uid(), "attrs": [], "parents": []]])) }
        return .array(entities)
    }

    private mutating func entity(_ uid: JSONValue) -> JSONValue {
        var members = [
            JSONMember(name: "uid", value: uid), JSONMember(name: "attrs", value: attributes()),
            // Cycles are refused, and would be common, did parents not mostly come later in the list of types.
            JSONMember(name: "parents", value: .array((0..<count(0...2)).compactMap { _ in parent(of: uid) })),
        ]
        if oneIn(2) { members.append(JSONMember(name: "tags", value: tags(of: uid))) }
        return .object(members)
    }

    private mutating func parent(of uid: JSONValue) -> JSONValue? {
        if oneIn(conforms ? 1000 : 100) { return self.uid() }
        let place = Self.types.firstIndex { $0 == uid["type"]?.stringValue } ?? 0
        let later = Self.types[(place + 1)...]
        return later.isEmpty ? nil : ["type": .string(pick(Array(later))), "id": .string(pick(["a", "b"]))]
    }

    /// Some of the attributes that expressions ask for, mostly of the kind that they expect.
    private mutating func attributes() -> JSONValue {
        if conforms { return conformingAttributes() }
        var members: [JSONMember] = []
        for kind in Kind.allCases where !oneIn(3) {
            members.append(JSONMember(name: kind.attribute, value: value(oneIn(12) ? pick(Kind.allCases) : kind)))
        }
        for name in Self.oddNames where oneIn(2) { members.append(JSONMember(name: name, value: .integer(1))) }
        return .object(members)
    }

    private mutating func tags(of uid: JSONValue) -> JSONValue {
        guard conforms, !oneIn(200) else { return ["t": value(pick(Kind.allCases)), "": "empty"] }
        switch uid["type"]?.stringValue {
        case "A": return [:]
        case "Group": return ["t": .string(text()), "": "empty"]
        default: return ["t": .integer(long()), "": 0]
        }
    }

    static let oddNames = ["if", "two words", "", "\u{e9}", "__cedar"]
}
