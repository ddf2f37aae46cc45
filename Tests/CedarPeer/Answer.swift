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

    /// `{"policies": …, "entities": […], "requests": […]}`: the policies as text, laid out, and as JSON again, and a decision
    /// for each request; with a schema, the policies that are not valid in it. Policies are called `policy0` and so on, links otherwise.
    static func decide(_ document: JSONValue) throws -> JSONValue {
        let set = try PolicyJSON.parse(member("policies", of: document).serialized())
        let policies = (set.templates + set.policies.filter { $0.template == nil }).sorted { number($0) < number($1) }
        let text = policies.map { "\($0)" }.joined(separator: "\n")
        let parsed = try PolicySet.parse(text)
        let schema = try Schema.parse(try string("schema", of: document))
        let report = Validator(schema).validate(parsed)
        let decisions = try Decisions(set, entities: member("entities", of: document))
        return [
            "text": .string(text), "formatted": .string(try formatPolicies(text)),
            "json": try PolicyJSON.write(parsed),
            "invalid": .array(Set(report.errors.map(\.policy)).sorted().map { .string($0.text) }),
            "decisions": .array((document["requests"]?.arrayValue ?? []).map(decisions.decide)),
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

/// Decides by the plain evaluator and by the compiled form, which must agree.
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
        guard let entities, let request = try? request(json) else { return ["decision": "refused"] }
        let response = authorize(request, policies: policies, entities: entities)
        let fast = compiled.authorize(request, entities: entities)
        guard response.decision == fast.decision, response.reasons == fast.reasons,
            response.errors.map(\.policy) == fast.errors.map(\.policy)
        else {
            return ["decision": "our two evaluators differ", "plain": describe(response), "compiled": describe(fast)]
        }
        return describe(response)
    }

    private func request(_ json: JSONValue) throws -> Request {
        Request(
            principal: try EntityJSON.parseUID(Answer.member("principal", of: json)),
            action: try EntityJSON.parseUID(Answer.member("action", of: json)),
            resource: try EntityJSON.parseUID(Answer.member("resource", of: json)),
            context: try EntityJSON.parseRecord(Answer.member("context", of: json))
        )
    }

    private func describe(_ response: Response) -> JSONValue {
        [
            "decision": .string(response.decision.rawValue),
            "reasons": .array(response.reasons.map { .string($0.text) }),
            "errors": .array(response.errors.map { .string($0.policy.text) }),
        ]
    }
}
