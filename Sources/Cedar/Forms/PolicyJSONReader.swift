import JSON

/// Reads trees that the parser of texts could have made, within the same limits.
struct PolicyJSONReader {
    let limits: SyntaxLimits

    func document(_ json: JSONValue) throws(CedarJSONError) -> PolicySet {
        var set = PolicySet()
        if json["effect"] == nil {
            try read(json, into: &set)
        } else {
            try add(try policy(json, id: "policy0"), to: &set)
        }
        return set
    }

    private func read(_ json: JSONValue, into set: inout PolicySet) throws(CedarJSONError) {
        let object = try PolicyJSONObject(json, members: ["templates", "staticPolicies", "templateLinks"])
        let templates = try object.member("templates") { json throws(CedarJSONError) in
            try self.policies(json, areTemplates: true)
        }
        let policies = try object.member("staticPolicies") { json throws(CedarJSONError) in
            try self.policies(json, areTemplates: false)
        }
        for policy in templates + policies { try add(policy, to: &set) }
        _ = try object.member("templateLinks") { json throws(CedarJSONError) in
            try each(json) { json throws(CedarJSONError) in try link(json, in: &set) }
        }
    }

    private func add(_ policy: Policy, to set: inout PolicySet) throws(CedarJSONError) {
        guard set.policies.count + set.templates.count < limits.maxPolicies else {
            throw CedarJSONError("more than \(limits.maxPolicies) policies")
        }
        try inSet { () throws(PolicySetError) in try set.add(policy) }
    }

    private func inSet(_ change: () throws(PolicySetError) -> Void) throws(CedarJSONError) {
        do throws(PolicySetError) { try change() } catch { throw CedarJSONError("\(error)") }
    }

    private func policies(_ json: JSONValue, areTemplates: Bool) throws(CedarJSONError) -> [Policy] {
        guard case .object(let members) = json else {
            throw CedarJSONError("expected an object, found \(json.kind)")
        }
        var policies: [Policy] = []
        for member in members {
            let policy = try CedarJSONError.at(".\(member.name)") { () throws(CedarJSONError) in
                try self.policy(member.value, id: PolicyID(member.name))
            }
            guard policy.isTemplate == areTemplates else {
                throw CedarJSONError(
                    areTemplates ? "a template has a slot, this policy has none" : "a policy with slots is a template",
                    path: ".\(member.name)"
                )
            }
            policies.append(policy)
        }
        return policies
    }

    private func link(_ json: JSONValue, in set: inout PolicySet) throws(CedarJSONError) {
        let link = try link(json)
        guard set.policies.count + set.templates.count < limits.maxPolicies else {
            throw CedarJSONError("more than \(limits.maxPolicies) policies")
        }
        try inSet { () throws(PolicySetError) in try set.link(link) }
    }

    /// As a part of a set: `{"templateId": …, "newId": …, "values": {"?principal": {"__entity": …}}}`.
    func link(_ json: JSONValue) throws(CedarJSONError) -> TemplateLink {
        let object = try PolicyJSONObject(json, members: ["templateId", "newId", "values"])
        let template = try object.member("templateId") { json throws(CedarJSONError) in try string(json) }
        let id = try object.member("newId") { json throws(CedarJSONError) in try string(json) }
        let values = try object.member("values") { json throws(CedarJSONError) in
            try slots(json) { json throws(CedarJSONError) in try EntityJSON.parseUID(json) }
        }
        return TemplateLink(template: PolicyID(template), id: PolicyID(id), values: values)
    }

    /// As the reference's command line keeps links: `{"template_id": …, "link_id": …, "args": {"?principal": "User::\"ann\""}}`.
    private func linkOfCommands(_ json: JSONValue) throws(CedarJSONError) -> TemplateLink {
        let object = try PolicyJSONObject(json, members: ["template_id", "link_id", "args"])
        let template = try object.member("template_id") { json throws(CedarJSONError) in try string(json) }
        let id = try object.member("link_id") { json throws(CedarJSONError) in try string(json) }
        let values = try object.member("args") { json throws(CedarJSONError) in
            try slots(json) { json throws(CedarJSONError) in
                let text = try string(json)
                do throws(CedarSyntaxError) {
                    return try EntityUID.parse(text)
                } catch {
                    throw CedarJSONError("\(JSONValue.string(text)) is no entity such as User::\"ann\"")
                }
            }
        }
        return TemplateLink(template: PolicyID(template), id: PolicyID(id), values: values)
    }

    private func slots(
        _ json: JSONValue,
        _ read: (JSONValue) throws(CedarJSONError) -> EntityUID
    ) throws(CedarJSONError) -> [Slot: EntityUID] {
        let slots = try PolicyJSONObject(json, members: Slot.allCases.map { "?\($0.rawValue)" })
        var values: [Slot: EntityUID] = [:]
        for slot in Slot.allCases { values[slot] = try slots.optional("?\(slot.rawValue)", read) }
        return values
    }

    /// An array of links, each in one of both forms.
    func links(_ json: JSONValue) throws(CedarJSONError) -> [TemplateLink] {
        guard case .array(let elements) = json else {
            throw CedarJSONError("expected an array of links, found \(json.kind)")
        }
        guard elements.count <= limits.maxPolicies else {
            throw CedarJSONError("more than \(limits.maxPolicies) links")
        }
        return try each(json) { json throws(CedarJSONError) in
            json["template_id"] == nil ? try link(json) : try linkOfCommands(json)
        }
    }

    func policy(_ json: JSONValue, id: PolicyID) throws(CedarJSONError) -> Policy {
        let names = ["effect", "principal", "action", "resource", "conditions", "annotations"]
        let object = try PolicyJSONObject(json, members: names)
        let effect = try object.member("effect") { json throws(CedarJSONError) in
            guard let effect = Effect(rawValue: try string(json)) else {
                throw CedarJSONError("expected \"permit\" or \"forbid\"")
            }
            return effect
        }
        let scope = Scope(
            principal: try object.member("principal") { json throws(CedarJSONError) in try constraint(json, .principal)
            },
            action: try object.member("action") { json throws(CedarJSONError) in try actionConstraint(json) },
            resource: try object.member("resource") { json throws(CedarJSONError) in try constraint(json, .resource) }
        )
        let conditions = try object.member("conditions") { json throws(CedarJSONError) in
            try each(json) { json throws(CedarJSONError) in try condition(json) }
        }
        return Policy(
            id: id,
            annotations: try object.optional("annotations") { json throws(CedarJSONError) in try annotations(json) }
                ?? [],
            effect: effect,
            scope: scope,
            conditions: conditions,
            position: .start,
            range: .none,
            template: nil
        )
    }

    private func annotations(_ json: JSONValue) throws(CedarJSONError) -> [Annotation] {
        guard case .object(let members) = json else {
            throw CedarJSONError("expected an object, found \(json.kind)")
        }
        var annotations: [Annotation] = []
        for member in members {
            let value = try CedarJSONError.at(".\(member.name)") { () throws(CedarJSONError) in
                guard Identifier.isWord(member.name) else { throw CedarJSONError("no name of an annotation") }
                return member.value.isNull ? nil : try string(member.value)
            }
            annotations.append(Annotation(name: member.name, value: value))
        }
        return annotations
    }

    private func condition(_ json: JSONValue) throws(CedarJSONError) -> Condition {
        let object = try PolicyJSONObject(json, members: ["kind", "body"])
        let kind = try object.member("kind") { json throws(CedarJSONError) in
            guard let kind = Condition.Kind(rawValue: try string(json)) else {
                throw CedarJSONError("expected \"when\" or \"unless\"")
            }
            return kind
        }
        let body = try object.member("body") { json throws(CedarJSONError) in try expression(json) }
        return Condition(kind: kind, body: body)
    }
}

extension PolicyJSONReader {
    /// `{"op": "All" | "==" | "in" | "is", …}`
    private func constraint(_ json: JSONValue, _ slot: Slot) throws(CedarJSONError) -> EntityConstraint {
        switch try operation(json) {
        case "All", "all":
            _ = try PolicyJSONObject(json, members: ["op"])
            return .any
        case "==": return .equal(try reference(json, slot, besides: ["op"]))
        case "in": return .memberOf(try reference(json, slot, besides: ["op"]))
        case "is":
            let object = try PolicyJSONObject(json, members: ["op", "entity_type", "in"])
            let type = try object.member("entity_type") { json throws(CedarJSONError) in try typeName(json) }
            let group = try object.optional("in") { json throws(CedarJSONError) in try reference(json, slot) }
            return group.map { .isTypeIn(type, $0) } ?? .isType(type)
        case let other: throw CedarJSONError("there is no operation \(JSONValue.string(other))", path: ".op")
        }
    }

    private func actionConstraint(_ json: JSONValue) throws(CedarJSONError) -> ActionConstraint {
        switch try operation(json) {
        case "All", "all":
            _ = try PolicyJSONObject(json, members: ["op"])
            return .any
        case "==":
            let object = try PolicyJSONObject(json, members: ["op", "entity"])
            return .equal(try object.member("entity") { json throws(CedarJSONError) in try action(json) })
        case "in" where json["entities"] != nil:
            let object = try PolicyJSONObject(json, members: ["op", "entities"])
            return .memberOfAny(
                try object.member("entities") { json throws(CedarJSONError) in
                    try each(json) { json throws(CedarJSONError) in try action(json) }
                }
            )
        case "in":
            let object = try PolicyJSONObject(json, members: ["op", "entity"])
            return .memberOf(try object.member("entity") { json throws(CedarJSONError) in try action(json) })
        case let other: throw CedarJSONError("there is no operation \(JSONValue.string(other)) here", path: ".op")
        }
    }

    private func operation(_ json: JSONValue) throws(CedarJSONError) -> String {
        guard case .object = json else { throw CedarJSONError("expected an object, found \(json.kind)") }
        return try CedarJSONError.at(".op") { () throws(CedarJSONError) in
            guard let operation = json["op"] else { throw CedarJSONError("missing") }
            return try string(operation)
        }
    }

    /// An entity or the slot of this place.
    private func reference(
        _ json: JSONValue,
        _ slot: Slot,
        besides others: [String] = []
    ) throws(CedarJSONError) -> EntityReference {
        let name = json["slot"] == nil ? "entity" : "slot"
        let object = try PolicyJSONObject(json, members: others + [name])
        return try object.member(name) { json throws(CedarJSONError) in
            guard name == "slot" else { return .entity(try EntityJSON.parseUID(json)) }
            guard try string(json) == "?\(slot.rawValue)" else {
                throw CedarJSONError("only the slot \"?\(slot.rawValue)\" can stand here")
            }
            return .slot(slot)
        }
    }

    private func action(_ json: JSONValue) throws(CedarJSONError) -> EntityUID {
        let uid = try EntityJSON.parseUID(json)
        guard uid.type.isAction else { throw CedarJSONError("`\(uid)` is no action") }
        return uid
    }

    func typeName(_ json: JSONValue) throws(CedarJSONError) -> EntityTypeName {
        guard let name = EntityTypeName.parse(try string(json)) else {
            throw CedarJSONError("\(json) is no name of an entity type")
        }
        return name
    }

    func string(_ json: JSONValue) throws(CedarJSONError) -> String {
        guard case .string(let text) = json else { throw CedarJSONError("expected a string, found \(json.kind)") }
        return text
    }

    func each<Element>(
        _ json: JSONValue,
        _ read: (JSONValue) throws(CedarJSONError) -> Element
    ) throws(CedarJSONError) -> [Element] {
        guard case .array(let elements) = json else {
            throw CedarJSONError("expected an array, found \(json.kind)")
        }
        guard elements.count <= limits.maxElements else {
            throw CedarJSONError("more than \(limits.maxElements) elements in one array")
        }
        var result: [Element] = []
        result.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            result.append(
                try CedarJSONError.at("[\(index)]") { () throws(CedarJSONError) in try read(element) }
            )
        }
        return result
    }
}

extension Identifier {
    /// Whether a text has the form of an identifier, reserved or not.
    fileprivate static func isWord(_ text: String) -> Bool {
        text.utf8.first.map(isStart) ?? false && text.utf8.allSatisfy(isPart)
    }
}
