import Cedar
import JSON

/// What we make of a case.
enum Answer {
    /// Whether a text is one of policies, and its JSON form.
    static func parse(_ text: String) -> JSONValue {
        do {
            return ["accepted": true, "json": try PolicyJSON.write(PolicySet.parse(text))]
        } catch {
            return ["accepted": false, "reason": .string("\(error)")]
        }
    }

    /// Whether a text is a schema, and the schema as we write it.
    static func parseSchema(_ text: String) -> JSONValue {
        do {
            return ["accepted": true, "written": try written(Schema.parse(text))]
        } catch {
            return ["accepted": false, "reason": .string("\(error)")]
        }
    }

    private static func written(_ schema: Schema) throws -> JSONValue {
        ["text": .string(try schema.text()), "json": try schema.json()]
    }

    /// `{"policies": …, "entities": […], "requests": […], "schema": …}`: the policies as text, laid out, and as JSON again; which
    /// of them are not valid in the schema; for each request a decision, and one of those that have first to conform to the
    /// schema. Policies are called `policy0` and so on, links otherwise.
    static func decide(_ document: JSONValue) throws -> JSONValue {
        let set = try PolicyJSON.parse(member("policies", of: document).serialized())
        let policies = (set.templates + set.policies.filter { $0.template == nil }).sorted { number($0) < number($1) }
        let text = policies.map { "\($0)" }.joined(separator: "\n")
        let parsed = try PolicySet.parse(text)
        let schema = try Schema.parse(try string("schema", of: document))
        let report = Validator(schema).validate(parsed)
        let entities = try member("entities", of: document)
        let requests = document["requests"]?.arrayValue ?? []
        return [
            "text": .string(text), "formatted": .string(try formatPolicies(text)),
            "json": try PolicyJSON.write(parsed), "written": try PolicyJSON.write(set), "schema": try written(schema),
            "invalid": .array(Set(report.errors.map(\.policy)).sorted().map { .string($0.text) }),
            "decisions": .array(requests.map(Decisions(set, entities: entities).decide)),
            "conforming": .array(requests.map(ConformingDecisions(set, entities: entities, schema: schema).decide)),
        ]
    }

    private static func number(_ policy: Policy) -> Int { Int(policy.id.text.drop { !$0.isNumber }) ?? 0 }

    static func member(_ name: String, of document: JSONValue) throws -> JSONValue {
        guard let value = document[name] else { throw Problem(description: "the case has no `\(name)`") }
        return value
    }

    private static func string(_ name: String, of document: JSONValue) throws -> String {
        guard let text = try member(name, of: document).stringValue else {
            throw Problem(description: "`\(name)` is no string")
        }
        return text
    }

    struct Problem: Error {
        let description: String
    }
}

/// What does not conform to the schema is refused. No policy that is valid in it may fail but as the validator says.
private struct ConformingDecisions {
    private let policies: PolicySet
    private let compiled: CompiledPolicySet
    private let entities: EntityStore?
    private let conformance: SchemaConformance
    private let invalid: Set<PolicyID>

    init(_ policies: PolicySet, entities: JSONValue, schema: Schema) {
        self.policies = policies
        compiled = CompiledPolicySet(policies)
        self.entities = try? EntityStore(EntityJSON.parseConformingEntities(entities, schema: schema))
        conformance = SchemaConformance(schema)
        invalid = Set(Validator(schema).validate(policies).errors.map(\.policy))
    }

    func decide(_ json: JSONValue) -> JSONValue {
        guard let entities, let request = try? EntityJSON.parseConformingRequest(json, conformance: conformance) else {
            return Answer.refused
        }
        let response = authorize(request, policies: policies, entities: entities)
        let unforeseen = response.errors.first { isValid($0.policy) && !mayFailWhereValid($0.error.reason) }
        if let unforeseen { return ["decision": .string("the valid policy \(unforeseen.policy): \(unforeseen.error)")] }
        return Answer.describe(response, compiled.authorize(request, entities: entities))
    }

    private func isValid(_ id: PolicyID) -> Bool {
        !invalid.contains(id) && !(policies[id]?.template.map(invalid.contains) ?? false)
    }

    private func mayFailWhereValid(_ reason: EvaluationError.Reason) -> Bool {
        switch reason {
        case .noSuchEntity, .overflow, .negationOverflow, .refusedArgument, .tooManySteps: true
        case .type, .noSuchAttribute, .noSuchField, .noSuchTag, .argumentCount: false
        }
    }
}

private struct Decisions {
    private let policies: PolicySet
    private let compiled: CompiledPolicySet
    /// Nil where the entities cannot be loaded, by which every request is refused.
    private let entities: EntityStore?

    init(_ policies: PolicySet, entities: JSONValue) {
        self.policies = policies
        compiled = CompiledPolicySet(policies)
        self.entities = try? EntityStore(EntityJSON.parseEntities(entities))
    }

    func decide(_ json: JSONValue) -> JSONValue {
        guard let entities, let request = try? request(json) else { return Answer.refused }
        return Answer.describe(
            authorize(request, policies: policies, entities: entities),
            compiled.authorize(request, entities: entities)
        )
    }

    private func request(_ json: JSONValue) throws -> Request {
        Request(
            principal: try EntityJSON.parseUID(Answer.member("principal", of: json)),
            action: try EntityJSON.parseUID(Answer.member("action", of: json)),
            resource: try EntityJSON.parseUID(Answer.member("resource", of: json)),
            context: try EntityJSON.parseRecord(Answer.member("context", of: json))
        )
    }
}

extension Answer {
    fileprivate static let refused: JSONValue = ["decision": "refused"]

    /// What the plain evaluator and the compiled form decide, which must agree.
    fileprivate static func describe(_ plain: Response, _ compiled: Response) -> JSONValue {
        guard plain.decision == compiled.decision, plain.reasons == compiled.reasons,
            plain.errors.map(\.policy) == compiled.errors.map(\.policy)
        else {
            return [
                "decision": "our two evaluators differ", "plain": describe(plain), "compiled": describe(compiled),
            ]
        }
        return describe(plain)
    }

    private static func describe(_ response: Response) -> JSONValue {
        [
            "decision": .string(response.decision.rawValue),
            "reasons": .array(response.reasons.map { .string($0.text) }),
            "errors": .array(response.errors.map { .string($0.policy.text) }),
        ]
    }
}
