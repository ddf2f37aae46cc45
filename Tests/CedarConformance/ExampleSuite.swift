import Cedar
import JSON

/// Applications: a folder with policies and entities, and queries in its folders `ALLOW` and `DENY`.
enum ExampleSuite {
    static func run(_ folder: Folder, _ tally: inout Tally) throws {
        guard folder.contains("examples") else { return tally.skip("no such folder", count: 1) }
        let queries = folder.files(under: "examples", suffix: ".json").compactMap(Query.init)
        for query in queries {
            do {
                tally.check(query.file, try query.problem(in: folder))
            } catch {
                tally.fail(query.file, "\(error)")
            }
        }
    }

    private struct Query {
        let file: String
        let application: String
        let decision: Decision

        /// Nil for files that are no queries.
        init?(file: String) {
            let parts = file.split(separator: "/")
            guard parts.count > 2 else { return nil }
            switch parts[parts.count - 2] {
            case "ALLOW": decision = .allow
            case "DENY": decision = .deny
            default: return nil
            }
            self.file = file
            application = parts.dropLast(2).joined(separator: "/")
        }

        func problem(in folder: Folder) throws -> String? {
            let query = try folder.json(file)
            let files = folder.files(under: application, suffix: "")
            guard let policyFile = files.first(where: { $0.hasSuffix(".cedar") }),
                let entityFile = files.first(where: { $0.hasSuffix("entities.json") }),
                let schemaFile = files.first(where: { $0.hasSuffix(".cedarschema") })
            else { return "policies, entities or a schema are missing beside it" }
            let schema = try Schema.parse(try folder.text(schemaFile))
            let action = try EntityUID.parse(try query.string("action"))
            let request = Request(
                principal: try EntityUID.parse(try query.string("principal")),
                action: action,
                resource: try EntityUID.parse(try query.string("resource")),
                context: try EntityJSON.parseRecord(
                    query["context"] ?? .object([]),
                    as: schema[action]?.appliesTo?.context
                )
            )
            var policies = try PolicySet.parse(try folder.text(policyFile), naming: .byAnnotation)
            if folder.contains("\(application)/linked") {
                try link(&policies, try folder.json("\(application)/linked"))
            }
            let entities = try EntityStore(EntityJSON.parseEntities(try folder.bytes(entityFile), schema: schema))
            let response = try BothForms(policies).authorize(request, entities: entities)
            return response.decision == decision ? nil : "expected \(decision), found \(response)"
        }

        private func link(_ policies: inout PolicySet, _ links: JSONValue) throws {
            for link in links.arrayValue ?? [] {
                var values: [Slot: EntityUID] = [:]
                for slot in Slot.allCases {
                    guard let text = try link.member("args")["?\(slot.rawValue)"]?.stringValue else { continue }
                    values[slot] = try EntityUID.parse(text)
                }
                try policies.link(
                    PolicyID(try link.string("template_id")),
                    as: PolicyID(try link.string("link_id")),
                    values: values
                )
            }
        }
    }
}
