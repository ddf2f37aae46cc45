import JSON

/// Writes what `PolicyJSONReader` reads, within `JSONLimits.policies`: what is written can be read again.
struct PolicyJSONWriter {
    private var valueCount = 0
    private let limits = JSONLimits.policies

    mutating func set(_ set: PolicySet) throws(CedarJSONError) -> JSONValue {
        var templates: [JSONMember] = []
        for template in set.templates { templates.append(try member(template)) }
        var policies: [JSONMember] = []
        var links: [JSONValue] = []
        for policy in set.policies {
            if let template = policy.template {
                links.append(try link(policy, to: template, in: set))
            } else {
                policies.append(try member(policy))
            }
        }
        return [
            "templates": .object(templates), "staticPolicies": .object(policies), "templateLinks": .array(links),
        ]
    }

    private mutating func member(_ policy: Policy) throws(CedarJSONError) -> JSONMember {
        JSONMember(
            name: policy.id.text,
            value: try CedarJSONError.at("`\(policy.id)`") { () throws(CedarJSONError) in
                try self.policy(policy, level: 3)
            }
        )
    }

    private mutating func link(
        _ policy: Policy,
        to id: PolicyID,
        in set: PolicySet
    ) throws(CedarJSONError) -> JSONValue {
        guard let template = set[id], template.isTemplate else {
            throw CedarJSONError("its template `\(id)` is not in the set", path: "`\(policy.id)`")
        }
        var values: [JSONMember] = []
        for (slot, constraint) in [
            (template.scope.principal.slot, policy.scope.principal),
            (template.scope.resource.slot, policy.scope.resource),
        ] {
            guard let slot, let uid = constraint.entity else { continue }
            values.append(JSONMember(name: "?\(slot.rawValue)", value: EntityJSON.write(uid)))
        }
        return ["templateId": .string(id.text), "newId": .string(policy.id.text), "values": .object(values)]
    }

    /// - Parameter level: how deep in the document it stands, from 1.
    mutating func policy(_ policy: Policy, level: Int) throws(CedarJSONError) -> JSONValue {
        var conditions: [JSONValue] = []
        for condition in policy.conditions {
            try count(condition.body)
            let body = try expression(condition.body, level: level + 3)
            conditions.append(["kind": .string(condition.kind.rawValue), "body": body])
        }
        var members = [
            JSONMember(name: "effect", value: .string(policy.effect.rawValue)),
            JSONMember(name: "principal", value: Self.constraint(policy.scope.principal)),
            JSONMember(name: "action", value: Self.constraint(policy.scope.action)),
            JSONMember(name: "resource", value: Self.constraint(policy.scope.resource)),
            JSONMember(name: "conditions", value: .array(conditions)),
        ]
        if !policy.annotations.isEmpty {
            let annotations = policy.annotations.map {
                JSONMember(name: $0.name, value: $0.isBare ? .null : .string($0.value))
            }
            members.append(JSONMember(name: "annotations", value: .object(annotations)))
        }
        return .object(members)
    }

    private static func constraint(_ constraint: EntityConstraint) -> JSONValue {
        switch constraint {
        case .any: ["op": "All"]
        case .equal(let other): .object([JSONMember(name: "op", value: "=="), reference(other)])
        case .memberOf(let group): .object([JSONMember(name: "op", value: "in"), reference(group)])
        case .isType(let type): ["op": "is", "entity_type": .string(type.text)]
        case .isTypeIn(let type, let group):
            ["op": "is", "entity_type": .string(type.text), "in": .object([reference(group)])]
        }
    }

    private static func reference(_ reference: EntityReference) -> JSONMember {
        switch reference {
        case .entity(let uid): JSONMember(name: "entity", value: EntityJSON.write(uid))
        case .slot(let slot): JSONMember(name: "slot", value: .string("?\(slot.rawValue)"))
        }
    }

    private static func constraint(_ constraint: ActionConstraint) -> JSONValue {
        switch constraint {
        case .any: ["op": "All"]
        case .equal(let action): ["op": "==", "entity": EntityJSON.write(action)]
        case .memberOf(let group): ["op": "in", "entity": EntityJSON.write(group)]
        // The reference writes a list of one without the list.
        case .memberOfAny(let groups) where groups.count == 1: ["op": "in", "entity": EntityJSON.write(groups[0])]
        case .memberOfAny(let groups): ["op": "in", "entities": .array(groups.map { EntityJSON.write($0) })]
        }
    }

    /// Throws before anything is made of an expression that would not fit.
    private mutating func count(_ expression: Expression) throws(CedarJSONError) {
        valueCount += expression.jsonValueCount(limit: limits.maxElements)
        guard valueCount <= limits.maxElements else {
            throw CedarJSONError("the JSON form has more than \(limits.maxElements) values")
        }
    }
}

extension Expression {
    /// How many values its JSON form has, about: more than `limit` if it has more. The operand of a path after `has` is
    /// written once for each of its steps, so nested ones multiply.
    fileprivate func jsonValueCount(limit: Int) -> Int {
        var count = 3
        for child in kind.children { count = min(count + child.jsonValueCount(limit: limit), limit + 1) }
        switch kind {
        case .has(_, let path): count = count * path.count + 3 * path.count * path.count
        case .like(_, let pattern): count += pattern.segments.reduce(0) { $0 + 2 * $1.unicodeScalars.count + 1 }
        default: break
        }
        return min(count, limit + 1)
    }
}
