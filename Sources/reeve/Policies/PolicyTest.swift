import ArgumentParser
import Cedar
import Decision
import Directory
import Foundation
import HTTPAPI
import JSON

struct PolicyTest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Hold policy files to the decisions that are expected of them.",
        discussion: """
            A test file names policies, links to their templates, entities and requests with the decision that each must \
            get, and if need be its reason, policies, obligations and advice; docs/guides/policies.md shows one. \
            A request that gets another one is shown with what decided it. Needs no cluster. Exit status: 0 if all are as \
            expected, 3 if not, 1 for an error.
            """
    )

    @Argument(help: "Test files in YAML.", completion: .file(extensions: ["yaml", "yml"]))
    var files: [String]
    @OptionGroup var output: OutputOptions

    func run() throws {
        var results: [PolicyTestCase.Result] = []
        for path in files {
            for file in try YAMLDocument.load(path).map({ try PolicyTestFile($0) }) { results += file.run() }
        }
        guard !results.isEmpty else { throw CommandError("holds no test", at: files.joined(separator: ", ")) }
        let failed = results.filter { !$0.isAsExpected }
        if output.json {
            Console.json([
                "passed": .integer(Int64(results.count - failed.count)), "failed": .array(failed.map(\.json)),
            ])
        } else {
            for result in failed { Console.print(result.text + "\n") }
            Console.line("\(results.count - failed.count) passed, \(failed.count) failed")
        }
        if !failed.isEmpty { throw ExitCode(3) }
    }
}

/// One document of tests.
struct PolicyTestFile {
    let world: PolicyWorld
    let cases: [PolicyTestCase]

    init(_ document: YAMLDocument) throws {
        let folder = URL(filePath: document.file).deletingLastPathComponent()
        func path(_ name: String) -> String {
            name.hasPrefix("/") ? name : folder.appending(path: name).path(percentEncoded: false)
        }
        var names: (policies: [String], links: JSONValue?, entities: JSONValue?) = ([], nil, nil)
        cases = try document.read { value in
            var reader = try ObjectReader(value)
            names = (try reader.strings("policies"), reader.optional("links"), reader.optional("entities"))
            let cases = try reader.array("tests").map { try PolicyTestCase($0.value, at: $0.path, in: document) }
            try reader.finish()
            return cases
        }
        let sets = try PolicyWorld.sets(names.policies.map(path), links: Self.links(names.links, in: document, path))
        switch names.entities {
        case nil: world = PolicyWorld(sets: sets, entities: .empty)
        case .string(let name): world = PolicyWorld(sets: sets, entities: try PolicyWorld.entities(path(name)))
        case .some(let list):
            let place = document.place(of: FieldPath.root.member("entities"))
            do {
                world = PolicyWorld(sets: sets, entities: try EntityStore(EntityJSON.parseEntities(list)))
            } catch {
                throw CommandError("\(error)", at: place)
            }
        }
    }

    /// From the file of that name, or as they stand in the document.
    private static func links(
        _ value: JSONValue?,
        in document: YAMLDocument,
        _ path: (String) -> String
    ) throws -> TemplateLinks {
        switch value {
        case nil: return .none
        case .string(let name): return try TemplateLinks(path(name))
        case .some(let list):
            let place = document.place(of: FieldPath.root.member("links"))
            do {
                return TemplateLinks(try PolicyJSON.parseLinks(list), at: place)
            } catch {
                throw CommandError("\(error)", at: place)
            }
        }
    }

    func run() -> [PolicyTestCase.Result] {
        cases.map { PolicyTestCase.Result(test: $0, outcome: world.explain($0.request)) }
    }
}

/// A request, and what must come of it.
struct PolicyTestCase {
    private enum Expectation: String, CaseIterable {
        case allow, deny
    }

    let name: String
    let place: String
    let request: Request
    let isAllowed: Bool
    /// The reason; nil where any will do.
    let code: String?
    /// The policies that must decide, by their ids or as `set/id`; nil where any may.
    let policies: [String]?
    /// What must come with the decision, in any order; nil where anything may.
    let obligations: [String]?
    let advice: [String]?

    init(_ value: JSONValue, at path: FieldPath, in document: YAMLDocument) throws(FieldError) {
        var reader = try ObjectReader(value, at: path)
        request = Request(
            principal: try Self.uid("principal", &reader),
            action: try Self.uid("action", &reader),
            resource: try Self.uid("resource", &reader),
            context: try Self.context(&reader)
        )
        name = try reader.optionalString("name") ?? request.summary
        place = document.place(of: path)
        let expectation: Expectation? = try reader.optionalChoice("expect")
        guard let expectation else { throw FieldError(path.member("expect"), "is missing: allow or deny") }
        isAllowed = expectation == .allow
        code = try reader.optionalChoice("code", DecisionCode.self)?.rawValue
        let names = try reader.strings("decided_by")
        policies = names.isEmpty ? nil : names
        obligations = try Self.names("obligations", &reader)
        advice = try Self.names("advice", &reader)
        try reader.finish()
    }

    /// Of an empty list nothing may come.
    private static func names(_ name: String, _ reader: inout ObjectReader) throws(FieldError) -> [String]? {
        reader.optional(name) == nil ? nil : try reader.strings(name)
    }

    private static func uid(_ name: String, _ reader: inout ObjectReader) throws(FieldError) -> EntityUID {
        let text = try reader.string(name)
        guard let uid = EntityUID(cedar: text) else {
            throw FieldError(reader.path.member(name), #"must be an entity such as Agent::"bot", not "# + text)
        }
        return uid
    }

    private static func context(_ reader: inout ObjectReader) throws(FieldError) -> Record {
        guard let value = reader.optional("context") else { return .empty }
        do throws(CedarJSONError) { return try EntityJSON.parseRecord(value) } catch {
            throw FieldError(reader.path.member("context"), "\(error)")
        }
    }

    struct Result {
        let test: PolicyTestCase
        let outcome: PolicyWorld.Outcome

        var isAsExpected: Bool {
            outcome.isAllowed == test.isAllowed && test.code ?? outcome.code == outcome.code
                && Self.isAlike(test.obligations, outcome.verdict.duties.obligations)
                && Self.isAlike(test.advice, outcome.verdict.duties.advice) && isDecidedAsExpected
        }

        private static func isAlike(_ expected: [String]?, _ found: [String]) -> Bool {
            expected.map { Set($0) == Set(found) } ?? true
        }

        /// Each that decided is named, and each that is named decided.
        private var isDecidedAsExpected: Bool {
            guard let policies = test.policies else { return true }
            let found = outcome.verdict.deciding
            return found.allSatisfy { policies.contains($0.id) || policies.contains($0.description) }
                && policies.allSatisfy { name in found.contains { $0.id == name || $0.description == name } }
        }

        private var expected: String {
            let decision = test.isAllowed ? "allow" : "deny"
            let parts = [
                test.code.map { "(\($0))" }, test.policies.map { "by \($0.joined(separator: ", "))" },
                Self.told("obligations", test.obligations), Self.told("advice", test.advice),
            ]
            return ([decision] + parts.compactMap(\.self)).joined(separator: " ")
        }

        private static func told(_ title: String, _ names: [String]?) -> String? {
            names.map { "with \($0.isEmpty ? "no \(title)" : "\(title) " + $0.joined(separator: ", "))" }
        }

        /// The counterexample.
        var text: String {
            """
            FAILED  \(test.name)  (\(test.place))
              expected    \(expected)
              context     \(outcome.request.context)

            """ + outcome.text
        }

        var json: JSONValue {
            [
                "name": .string(test.name), "place": .string(test.place), "expected": .string(expected),
                "outcome": outcome.json,
            ]
        }
    }
}
