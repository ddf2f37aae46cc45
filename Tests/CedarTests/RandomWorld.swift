import Cedar
import Kernel

/// Random entities, policies and requests over a few names, so that they meet. Not always well-typed: the tests that use
/// them are about errors, too.
struct RandomWorld {
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    // MARK: Entities

    private static let types = ["User", "Team", "Doc", "App::User"]
    private static let ids = ["a", "b", "c", "d of more than sixteen bytes"]
    /// With arguments that parse, that do not, and as many as a function does not take.
    private static let calls = [
        "ip(\"10.0.0.1\")", "ip(context.s)", "ip(\"nope\")", "ip()", "ip(\"::1\", \"::1\")", "ip(1)",
        "ip(\"10.0.0.1\").isIpv4()", "ip(\"10.0.0.1\").isInRange()", "decimal(principal.s)", "decimal(\"1\")",
        "decimal(\"1.5\").lessThan(decimal(context.s))", "datetime(\"1970-01-02\")",
    ]
    private static let names = ["n", "s", "owner", "tags", "nested", "flag", "when"]

    static let uids = types.flatMap { type in ids.map { EntityUID(type: type, id: $0) } }
    static let actions = ["view", "edit", "all", "any"].map { EntityUID(type: "Action", id: $0) }

    private mutating func uid() -> EntityUID { pick(Self.uids) }

    private mutating func action() -> EntityUID { pick(Self.actions) }

    /// Each entity is in such as come after it in one order, so that there is no cycle.
    mutating func entities() throws -> EntityStore {
        var entities: [Entity] = []
        for (place, uid) in Self.uids.enumerated() where !chance(20) {
            let later = Self.uids.dropFirst(place + 1).filter { _ in chance(12) }
            entities.append(Entity(uid: uid, attributes: record(depth: 2), tags: record(depth: 1), parents: later))
        }
        let groups = ["view": ["all"], "edit": ["all", "any"], "all": ["any"]]
        for (id, parents) in groups.sorted(by: { $0.key < $1.key }) where !chance(20) {
            let parents = parents.map { EntityUID(type: "Action", id: $0) }
            entities.append(Entity(uid: EntityUID(type: "Action", id: id), parents: parents))
        }
        return try EntityStore(entities)
    }

    private mutating func record(depth: Int) -> Record {
        Record(Self.names.filter { _ in chance(70) }.map { ($0, value(depth: depth)) })
    }

    private mutating func value(depth: Int) -> Value {
        switch Int.random(in: 0..<(depth > 0 ? 11 : 8), using: &random) {
        case 0: .bool(chance(50))
        case 1, 2: .long(pick([0, 1, 2, 3, .max, .min]))
        case 3: .string(pick(["", "a", "ab", "10.0.0.1", "1.5", "e\u{301}", "a text of more than fifteen bytes"]))
        case 4, 5: .entity(uid())
        case 6: .datetime(CedarDateTime(milliseconds: pick([0, 86_400_000, .max])))
        case 7: .duration(CedarDuration(milliseconds: pick([0, 1, -1, .max])))
        case 8, 9: .set(ValueSet((0..<Int.random(in: 0..<4, using: &random)).map { _ in value(depth: depth - 1) }))
        default: .record(record(depth: depth - 1))
        }
    }

    mutating func request() -> Request {
        Request(principal: uid(), action: action(), resource: uid(), context: record(depth: 2))
    }

    /// The request with one part or more unknown, half of them with a type.
    mutating func hiding(_ request: Request) -> PartialRequest {
        let hidden = Int.random(in: 1..<8, using: &random)
        return PartialRequest(
            principal: part(request.principal, isHidden: hidden & 1 > 0),
            action: part(request.action, isHidden: hidden & 2 > 0),
            resource: part(request.resource, isHidden: hidden & 4 > 0),
            context: request.context
        )
    }

    private mutating func part(_ uid: EntityUID, isHidden: Bool) -> PartialRequest.Part {
        isHidden ? .unknown(chance(50) ? uid.type : nil) : .known(uid)
    }

    // MARK: Policies

    mutating func policySet(count: Int) -> String {
        (0..<count).map { _ in policy() }.joined(separator: "\n")
    }

    mutating func policy() -> String {
        let principal = "principal" + constraint()
        let resource = "resource" + constraint()
        var text = "\(pick(["permit", "permit", "forbid"]))(\(principal), \(actionConstraint()), \(resource))"
        for _ in 0..<pick([0, 1, 1, 2]) { text += " \(pick(["when", "when", "unless"])) { \(test(depth: 4)) }" }
        return text + ";"
    }

    private mutating func constraint() -> String {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: " == \(uid())"
        case 1, 2: " in \(uid())"
        case 3: " is \(pick(Self.types))"
        case 4: " is \(pick(Self.types)) in \(uid())"
        default: ""
        }
    }

    private mutating func actionConstraint() -> String {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: "action == \(action())"
        case 1: "action in \(action())"
        case 2, 3: "action in [\((0..<pick([0, 1, 2, 3])).map { _ in "\(action())" }.joined(separator: ", "))]"
        default: "action"
        }
    }

    /// Mostly of type bool.
    private mutating func test(depth: Int) -> String {
        guard depth > 0, !chance(6) else { return pick(["true", "false", "context.flag", "1", "principal.flag"]) }
        let next = depth - 1
        switch Int.random(in: 0..<20, using: &random) {
        case 0, 1: return "(" + (0..<pick([2, 3])).map { _ in test(depth: next) }.joined(separator: " && ") + ")"
        case 2, 3: return "(" + (0..<pick([2, 3])).map { _ in test(depth: next) }.joined(separator: " || ") + ")"
        case 4: return "!(\(test(depth: next)))"
        case 5: return "(if \(test(depth: next)) then \(test(depth: next)) else \(test(depth: next)))"
        case 6, 7: return "(\(term(depth: next)) \(pick(["==", "!="])) \(term(depth: next)))"
        case 8, 9: return "(\(number(depth: next)) \(pick(["<", "<=", ">", ">="])) \(number(depth: next)))"
        case 10, 11: return "(\(entity(depth: next)) in \(group(depth: next)))"
        case 12: return "(\(entity(depth: next)) is \(pick(Self.types)))"
        case 13: return "(\(entity(depth: next)) is \(pick(Self.types)) in \(group(depth: next)))"
        case 14, 15: return "(\(owner(depth: next)) has \(pick(["n", "owner.n", "nested.owner.flag", "\"when\""])))"
        case 16: return "(\(text(depth: next)) like \(pick(["\"*\"", "\"a*\"", "\"a\"", "\"*e*\""])))"
        case 17:
            let function = pick(["contains", "containsAll", "containsAny"])
            return "\(group(depth: next)).\(function)(\(chance(60) ? group(depth: next) : term(depth: next)))"
        case 18: return "\(group(depth: next)).isEmpty()"
        default: return "\(entity(depth: next)).hasTag(\(text(depth: next)))"
        }
    }

    private mutating func term(depth: Int) -> String {
        guard depth > 0 else { return pick(["1", "\"a\"", "principal", "context.n", "resource.owner", "[]"]) }
        switch Int.random(in: 0..<9, using: &random) {
        case 0, 1: return number(depth: depth)
        case 2: return entity(depth: depth)
        case 3: return text(depth: depth)
        case 4: return group(depth: depth)
        case 5: return owner(depth: depth)
        case 6: return "{\"n\": \(term(depth: depth - 1)), \"flag\": \(test(depth: depth - 1))}"
        case 7: return pick(Self.calls)
        default: return test(depth: depth - 1)
        }
    }

    private mutating func number(depth: Int) -> String {
        guard depth > 0 else { return pick(["0", "1", "9223372036854775807", "context.n", "principal.n"]) }
        let next = depth - 1
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return "(\(number(depth: next)) + \(number(depth: next)) - \(number(depth: next)))"
        case 1: return "(\(number(depth: next)) * \(number(depth: next)))"
        case 2: return "-(\(number(depth: next)))"
        case 3: return "\(owner(depth: next)).n"
        case 4: return "(if \(test(depth: next)) then \(number(depth: next)) else \(number(depth: next)))"
        case 5 where chance(40):
            return "{\"s\": \(text(depth: next)), \"n\": \(entity(depth: next))}.\(pick(["n", "s"]))"
        case 5: return "\(entity(depth: next)).getTag(\(text(depth: next)))"
        case 6: return pick(["duration(\"1h\")", "context.when", "context.when.toTime()", "duration(context.s)"])
        default: return pick(["2", "3", "resource.n", "context.n", "context.nested.n"])
        }
    }

    private mutating func entity(depth: Int) -> String {
        guard depth > 0 else { return pick(["principal", "resource", "action", "context.owner"]) }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return "\(uid())"
        case 1: return "\(owner(depth: depth - 1)).owner"
        case 2: return "(if \(test(depth: depth - 1)) then \(entity(depth: depth - 1)) else \(uid()))"
        default: return pick(["principal", "resource", "action", "principal.owner", "context.owner"])
        }
    }

    private mutating func group(depth: Int) -> String {
        guard depth > 0 else { return pick(["[]", "principal.tags", "context.tags", "[1, principal]"]) }
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return "[" + (0..<pick([1, 2, 3])).map { _ in entity(depth: depth - 1) }.joined(separator: ", ") + "]"
        case 1: return "[" + (0..<pick([0, 2, 3])).map { _ in term(depth: depth - 1) }.joined(separator: ", ") + "]"
        case 2: return entity(depth: depth - 1)
        default: return pick(["context.tags", "resource.tags", "[\"a\", 1]", "\(uid())"])
        }
    }

    private mutating func owner(depth: Int) -> String {
        chance(50) ? pick(["context", "context.nested", "principal.nested"]) : entity(depth: depth)
    }

    private mutating func text(depth: Int) -> String {
        depth > 0 && chance(15)
            ? term(depth: depth - 1)
            : pick(["\"a\"", "\"n\"", "\"owner\"", "context.s", "principal.s", "\"e\\u{301}\""])
    }
}
