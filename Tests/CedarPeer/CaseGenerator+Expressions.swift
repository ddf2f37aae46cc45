import JSON

extension CaseGenerator {
    /// In the JSON form, so that it is read by both sides, and printed as text by ours for both to parse.
    mutating func expression(_ wanted: Kind, depth: Int) -> JSONValue {
        // Now and then something else than what is expected: errors must be the same, too.
        let kind = errs(oneIn: 25) ? pick(Kind.allCases) : wanted
        guard depth > 0 else { return leaf(kind) }
        if oneIn(12) {
            return [
                "if-then-else": [
                    "if": expression(.bool, depth: depth - 1), "then": expression(kind, depth: depth - 1),
                    "else": expression(kind, depth: depth - 1),
                ]
            ]
        }
        if oneIn(5) { return attribute(kind, depth: depth - 1) }
        switch kind {
        case .bool: return bool(depth: depth - 1)
        case .long: return long(depth: depth - 1)
        case .string, .entity: return leaf(kind)
        case .set:
            let element = isCareful ? .long : pick(Kind.allCases)
            return [
                "Set": .array((0..<count(isCareful ? 1...3 : 0...3)).map { _ in expression(element, depth: depth - 1) })
            ]
        case .record: return record(depth: depth - 1)
        case .ip, .decimal: return constructor(kind, depth: depth - 1)
        case .datetime:
            switch count(0...2) {
            case 0: return call("offset", [.datetime, .duration], depth)
            case 1: return call("toDate", [.datetime], depth)
            default: return constructor(kind, depth: depth - 1)
            }
        case .duration:
            switch count(0...2) {
            case 0: return call("durationSince", [.datetime, .datetime], depth)
            case 1: return call("toTime", [.datetime], depth)
            default: return constructor(kind, depth: depth - 1)
            }
        }
    }

    private mutating func leaf(_ kind: Kind, isAttribute: Bool = true) -> JSONValue {
        if isAttribute, oneIn(4) { return attribute(kind, depth: 0) }
        switch kind {
        case .entity where !oneIn(3):
            return ["Var": .string(pick(["principal", "resource"] + (errs(oneIn: 3) ? ["action"] : [])))]
        case .record where !oneIn(3): return ["Var": "context"]
        case .set where errs(oneIn: 2): return ["Set": []]
        case .ip, .decimal, .datetime, .duration: return constructor(kind, depth: 0)
        case .bool, .long, .string, .entity, .set, .record: return ["Value": value(kind)]
        }
    }

    private mutating func attribute(_ kind: Kind, depth: Int) -> JSONValue {
        let base =
            isCareful ? leaf(.entity, isAttribute: false) : expression(oneIn(3) ? .record : .entity, depth: depth)
        if errs(oneIn: 6) { return ["getTag": ["left": base, "right": tagName(depth)]] }
        let name = errs(oneIn: 12) ? pick(Self.oddNames) : kind.attribute
        return [".": ["left": base, "attr": .string(name)]]
    }

    private mutating func tagName(_ depth: Int) -> JSONValue {
        oneIn(5) ? expression(.string, depth: depth) : ["Value": .string(pick(["t", ""]))]
    }

    private mutating func constructor(_ kind: Kind, depth: Int) -> JSONValue {
        if errs(oneIn: 30) { return .object([JSONMember(name: kind.rawValue, value: .array([]))]) }
        let argument = errs(oneIn: 4) ? pick(argumentTexts(kind)) : pick(goodArgumentTexts(kind))
        let operand: JSONValue = errs(oneIn: 12) ? expression(.string, depth: depth) : ["Value": .string(argument)]
        return .object([JSONMember(name: kind.rawValue, value: [operand])])
    }

    private mutating func record(depth: Int) -> JSONValue {
        var members: [JSONMember] = []
        for _ in 0..<count(0...3) {
            let kind = pick(Kind.allCases)
            let name = oneIn(6) ? pick(Self.oddNames) : kind.attribute
            guard !members.contains(where: { $0.name == name }) else { continue }
            members.append(JSONMember(name: name, value: expression(kind, depth: depth)))
        }
        return ["Record": .object(members)]
    }

    private mutating func call(_ name: String, _ kinds: [Kind], _ depth: Int) -> JSONValue {
        var arguments = kinds.map { expression($0, depth: depth - 1) }
        // Too many, which is an error of evaluation.
        if errs(oneIn: 40) { arguments.append(expression(.long, depth: 0)) }
        return .object([JSONMember(name: name, value: .array(arguments))])
    }

    private mutating func binary(_ name: String, _ left: Kind, _ right: Kind, _ depth: Int) -> JSONValue {
        let operands: JSONValue = ["left": expression(left, depth: depth), "right": expression(right, depth: depth)]
        return .object([JSONMember(name: name, value: operands)])
    }

    private mutating func unary(_ name: String, _ operand: Kind, _ depth: Int) -> JSONValue {
        .object([JSONMember(name: name, value: ["arg": expression(operand, depth: depth)])])
    }

    private mutating func long(depth: Int) -> JSONValue {
        switch count(0...7) {
        case 0...3: return binary(pick(["+", "-", "*"]), .long, .long, depth)
        case 4: return unary("neg", .long, depth)
        case 5:
            let name = pick(["toMilliseconds", "toSeconds", "toMinutes", "toHours", "toDays"])
            return call(name, [.duration], depth + 1)
        default: return leaf(.long)
        }
    }

    private mutating func bool(depth: Int) -> JSONValue {
        switch count(0...15) {
        case 0, 1: return binary("&&", .bool, .bool, depth)
        case 2, 3: return binary("||", .bool, .bool, depth)
        case 4: return unary("!", .bool, depth)
        case 5, 6:
            let kind = pick(Kind.allCases.filter { $0 != .record || !isCareful })
            return binary(pick(["==", "!="]), kind, kind, depth)
        case 7:
            let kind = pick([Kind.long, .datetime, .duration])
            return binary(pick(["<", "<=", ">", ">="]), kind, kind, depth)
        case 8: return binary("in", .entity, errs(oneIn: 2) ? .set : .entity, depth)
        case 9: return isType(depth: depth)
        case 10: return has(depth: depth)
        case 11: return like(depth: depth)
        case 12: return sets(depth: depth)
        case 13: return ["hasTag": ["left": expression(.entity, depth: depth), "right": tagName(depth)]]
        case 14: return call(pick(["isIpv4", "isIpv6", "isLoopback", "isMulticast"]), [.ip], depth + 1)
        default:
            return oneIn(2)
                ? call("isInRange", [.ip, .ip], depth + 1)
                : call(
                    pick(["lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"]),
                    [.decimal, .decimal],
                    depth + 1
                )
        }
    }

    private mutating func isType(depth: Int) -> JSONValue {
        var members = [
            JSONMember(name: "left", value: expression(.entity, depth: depth)),
            JSONMember(name: "entity_type", value: .string(pick(Self.types))),
        ]
        if oneIn(3) {
            members.append(JSONMember(name: "in", value: expression(errs(oneIn: 2) ? .set : .entity, depth: depth)))
        }
        return ["is": .object(members)]
    }

    private mutating func has(depth: Int) -> JSONValue {
        let base = expression(pick([.entity, .record]), depth: depth)
        let names = Kind.allCases.map(\.attribute)
        if oneIn(4) {
            let path = (0..<count(2...3)).map { _ in JSONValue.string(pick(["ent", "rec"] + names)) }
            return ["has": ["left": base, "attr": .array(path)]]
        }
        return ["has": ["left": base, "attr": .string(pick(names + Self.oddNames))]]
    }

    private mutating func like(depth: Int) -> JSONValue {
        let elements = (0..<count(0...4)).map { _ in
            oneIn(2) ? JSONValue.string("Wildcard") : ["Literal": .string(text())]
        }
        return ["like": ["left": expression(.string, depth: depth), "pattern": .array(elements)]]
    }

    private mutating func sets(depth: Int) -> JSONValue {
        switch count(0...3) {
        case 0: return unary("isEmpty", .set, depth)
        case 1: return binary("containsAll", .set, .set, depth)
        case 2: return binary("containsAny", .set, .set, depth)
        default: return binary("contains", .set, isCareful ? .long : pick(Kind.allCases), depth)
        }
    }
}
