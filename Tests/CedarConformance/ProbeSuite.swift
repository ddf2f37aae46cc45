import Cedar
import JSON

/// Edge cases with the reference's verdicts: expressions over one small world, and texts to accept or refuse.
enum ProbeSuite {
    static func run(_ folder: Folder, _ tally: inout Tally) throws {
        guard folder.contains("probes") else { return tally.skip("no such folder", count: 1) }
        let probes = folder.folder("probes")
        let world = try probes.json("world.json")
        let question = try world.member("request")
        let request = Request(
            principal: try EntityUID.parse(try question.string("principal")),
            action: try EntityUID.parse(try question.string("action")),
            resource: try EntityUID.parse(try question.string("resource")),
            context: try EntityJSON.parseRecord(try question.member("context"))
        )
        let entities = try EntityStore(EntityJSON.parseEntities(try world.member("entities")))
        for probe in try probes.jsonLines("probes.jsonl") {
            let text = try probe.string("expr")
            var evaluator = Evaluator(request: request, entities: entities)
            tally.check(text, problem(probe, outcome(text, &evaluator)))
        }
        for probe in try probes.jsonLines("syntax.jsonl") { try checkSyntax(probe, &tally) }
    }

    private enum Outcome: Equatable {
        case refused(String)
        case error(String)
        case value(Bool)
    }

    private static func outcome(_ text: String, _ evaluator: inout Evaluator) -> Outcome {
        let expression: Expression
        do throws(CedarSyntaxError) {
            // As part of a policy, since that is how the reference was asked.
            let policies = try PolicySet.parse("permit(principal, action, resource) when { \(text)\n};")
            guard let condition = policies.policies.first?.conditions.first else { return .refused("no condition") }
            expression = condition.body
        } catch {
            return .refused("\(error)")
        }
        do throws(EvaluationError) {
            return .value(try evaluator.bool(expression))
        } catch {
            return .error("\(error)")
        }
    }

    private static func problem(_ probe: JSONValue, _ outcome: Outcome) -> String? {
        guard probe["parse"]?.boolValue == true else {
            if case .refused = outcome { return nil }
            return "should not parse"
        }
        switch (probe["result"], outcome) {
        case (.bool(let expected), .value(let found)) where expected == found: return nil
        case (.string("error"), .error): return nil
        default: return "expected \(probe["result"] ?? .null), found \(outcome)"
        }
    }

    private static func checkSyntax(_ probe: JSONValue, _ tally: inout Tally) throws {
        let (kind, text) = (try probe.string("kind"), try probe.string("text"))
        if text.hasPrefix("<"), text.contains(" chars") { return tally.skip("texts that are too long to be listed") }
        var refusal: String?
        do {
            switch kind {
            case "policy": _ = try PolicySet.parse(text)
            case "schema": _ = try Schema.parse(text)
            default: _ = try EntityStore(EntityJSON.parseEntities([UInt8](text.utf8)))
            }
        } catch {
            refusal = "\(error)"
        }
        // What crashed the reference is to be refused.
        let expected = probe["accept"]?.boolValue ?? false
        let problem = expected == (refusal == nil) ? nil : refusal ?? "should be refused"
        let name = try probe.string("name")
        tally.check("\(kind) \(name)", problem)
    }
}
