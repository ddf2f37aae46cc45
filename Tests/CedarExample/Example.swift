import Cedar

/// Who may do what to documents: the program of docs/guides/cedar-library.md.
@main struct Example {
    static let schemaText = """
        @doc("What people keep their documents in.")
        entity Folder;
        entity Person { team: String };
        entity Document in Folder { owner: Person, closed?: Bool };
        action read, write appliesTo { principal: Person, resource: Document, context: { at: datetime } };
        """

    static let policyText = """
        @id("owners") permit (principal, action, resource) when { resource.owner == principal };
        @id("readers") permit (principal == ?principal, action == Action::"read", resource in ?resource);
        @id("closed") forbid (principal, action == Action::"write", resource)
        when { resource has closed && resource.closed };
        """

    static let entityJSON = """
        [{"uid": {"type": "Person", "id": "ann"}, "attrs": {"team": "press"}, "parents": []},
         {"uid": {"type": "Document", "id": "draft"}, "attrs": {"owner": {"type": "Person", "id": "ann"}},
          "parents": [{"type": "Folder", "id": "news"}]}]
        """

    static func main() throws {
        // What is wrong with a text comes with its place and an excerpt, all faults at once.
        do {
            _ = try PolicySet.parse("permit (principal, action, resource) when { resource.owner = principal };")
        } catch {
            print(error.excerpts(file: "broken.cedar"), terminator: "\n\n")
        }

        let schema = try Schema.parse(schemaText)
        var policies = try PolicySet.parse(policyText, naming: .byAnnotation)
        try policies.link(
            "readers",
            as: "bob-reads-news",
            values: [
                .principal: EntityUID(type: "Person", id: "bob"), .resource: EntityUID(type: "Folder", id: "news"),
            ]
        )

        // A valid policy fails at evaluation only where a number overflows or an entity is missing.
        let report = Validator(schema).validate(policies)
        guard report.isValid else {
            return print(report.errorDiagnostics(in: policyText).map { $0.excerpt() }.joined(separator: "\n"))
        }

        let entities = try EntityStore(Entity.parseAll(json: entityJSON.utf8, schema: schema))
        let conformance = SchemaConformance(schema)
        let compiled = CompiledPolicySet(policies)
        for (person, action) in [("ann", "write"), ("bob", "read"), ("bob", "write")] {
            let request = try Request(
                principal: EntityUID(type: "Person", id: person),
                action: EntityUID.parse(#"Action::"\#(action)""#),
                resource: EntityUID(type: "Document", id: "draft"),
                context: ["at": .datetime(.parse("2026-11-28T09:00:00Z"))]
            )
            try conformance.check(request)
            let response = compiled.authorize(request, entities: entities)
            // The plain evaluator is the readable specification; it says the same.
            precondition(response == authorize(request, policies: policies, entities: entities))
            print(person, action, response.decision, response.reasons, response.errors.map(\.error))
        }

        // Both forms of both kinds of documents, and a layout.
        let again = try PolicySet.parse(json: policies.jsonText().utf8)
        let sameSchema = try Schema.parse(json: schema.jsonText().utf8)
        print(again["bob-reads-news"]?.template ?? "not linked", sameSchema == schema, terminator: "\n\n")
        print(try formatPolicies(policyText, FormatOptions(lineWidth: 60)))
    }
}
