import Cedar
import JSON

/// Tests of the form `{policies, entities, schema, requests: […]}`.
enum AuthorizationSuite {
    static func handwritten(_ folder: Folder, _ tally: inout Tally) throws {
        guard folder.contains("handwritten/tests") else { return tally.skip("no such folder", count: 1) }
        let root = folder.folder("handwritten")
        for file in root.files(under: "tests", suffix: ".json") { run(file, in: root, &tally) }
    }

    static func corpus(_ folder: Folder, _ tally: inout Tally) throws {
        guard folder.contains("corpus.tar.gz") else { return tally.skip("no such archive", count: 1) }
        try folder.withUnpacked("corpus.tar.gz") { root in
            for file in root.files(under: "corpus-tests", suffix: ".json") where !file.hasSuffix(".entities.json") {
                run(file, in: root, &tally)
            }
        }
    }

    private static func run(_ file: String, in root: Folder, _ tally: inout Tally) {
        let requests: [JSONValue]
        let policies: BothForms
        let entities: EntityStore
        let conformance: SchemaConformance
        do {
            let test = try root.json(file)
            requests = test["requests"]?.arrayValue ?? []
            let read = try PolicySet.parse(try root.text(try test.string("policies")))
            policies = BothForms(read)
            let schema = try Schema.parse(try root.text(try test.string("schema")))
            conformance = SchemaConformance(schema)
            let report = Validator(schema).validate(read)
            let shouldValidate = try test.member("shouldValidate").boolValue
            tally.check("\(file) validation", report.isValid == shouldValidate ? nil : "found \(report.errors)")
            entities = try EntityStore(
                EntityJSON.parseConformingEntities(try root.json(try test.string("entities")), schema: schema)
            )
        } catch {
            return tally.fail(file, "\(error)")
        }
        for (index, request) in requests.enumerated() {
            let name = "\(file) request \(index)"
            do {
                tally.check(name, try problem(request, conformance, policies: policies, entities: entities))
            } catch {
                tally.fail(name, "\(error)")
            }
        }
    }

    private static func problem(
        _ json: JSONValue,
        _ conformance: SchemaConformance,
        policies: BothForms,
        entities: EntityStore
    ) throws -> String? {
        let request = try EntityJSON.parseConformingRequest(json, conformance: conformance)
        let response = try policies.authorize(request, entities: entities)
        let expected = Answer(
            decision: try json.string("decision"),
            reasons: try json.strings("reason"),
            errors: try json.strings("errors")
        )
        let found = Answer(
            decision: response.decision.rawValue,
            reasons: response.reasons.map(\.text),
            errors: response.errors.map(\.policy.text)
        )
        return found == expected ? nil : "expected \(expected), found \(found)"
    }

    private struct Answer: Equatable, CustomStringConvertible {
        let decision: String
        let reasons: Set<String>
        let errors: Set<String>

        init(decision: String, reasons: [String], errors: [String]) {
            self.decision = decision.lowercased()
            self.reasons = Set(reasons)
            self.errors = Set(errors)
        }

        var description: String { "\(decision), reasons \(reasons.sorted()), errors \(errors.sorted())" }
    }
}

extension JSONValue {
    func member(_ name: String) throws -> JSONValue {
        guard let value = self[name] else { throw Folder.Problem(description: "the case has no `\(name)`") }
        return value
    }

    func string(_ name: String) throws -> String {
        guard let text = try member(name).stringValue else {
            throw Folder.Problem(description: "`\(name)` is no string")
        }
        return text
    }

    func strings(_ name: String) throws -> [String] { (try member(name).arrayValue ?? []).compactMap(\.stringValue) }
}
