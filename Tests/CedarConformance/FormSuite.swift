import Cedar
import JSON

/// Policies as text and as JSON: the form that the reference writes, and round trips through each form.
enum FormSuite {
    static func run(_ folder: Folder, _ tally: inout Tally) throws {
        if folder.contains("mined") {
            for (index, line) in try folder.jsonLines("mined/policies.jsonl").enumerated() {
                guard let expected = line["est"] else { continue }
                let text = try line.string("text")
                check("mined/policies.jsonl line \(index + 1)", text, expected: expected, &tally)
            }
        } else {
            tally.skip("no such folder", count: 1)
        }
        checkFiles(in: folder, under: ["handwritten", "examples"], &tally)
        guard folder.contains("corpus.tar.gz") else { return tally.skip("no such archive", count: 1) }
        try folder.withUnpacked("corpus.tar.gz") { checkFiles(in: $0, under: ["corpus-tests"], &tally) }
    }

    private static func checkFiles(in folder: Folder, under names: [String], _ tally: inout Tally) {
        for name in names where folder.contains(name) {
            for file in folder.files(under: name, suffix: ".cedar") {
                guard let text = try? folder.text(file) else { continue }
                check(file, text, expected: nil, &tally)
            }
        }
    }

    private static func check(_ name: String, _ text: String, expected: JSONValue?, _ tally: inout Tally) {
        // Whether a text is one of policies is for the other suites.
        guard let set = try? PolicySet.parse(text, limits: .reference) else { return }
        do {
            tally.check(name, try problem(set, text, expected: expected))
        } catch {
            tally.fail(name, "\(error)")
        }
    }

    private static func problem(_ set: PolicySet, _ text: String, expected: JSONValue?) throws -> String? {
        let json = try PolicyJSON.write(set)
        if let expected, json.inOrder != expected.inOrder { return "expected \(expected), found \(json)" }
        let read = try PolicyJSON.parse((expected ?? json).serialized(), limits: .reference)
        guard try PolicyJSON.write(read).inOrder == json.inOrder else { return "reading the JSON changed \(json)" }

        let trees = trees(set)
        let printed = (set.templates + set.policies).map { "\($0)" }.joined(separator: "\n")
        guard try Self.trees(printed) == trees else { return "printed as \(printed)" }
        let options = FormatOptions(lineWidth: 40 + 20 * (text.utf8.count % 4))
        let formatted = try formatPolicies(text, options, limits: .reference)
        guard try Self.trees(formatted) == trees else { return "formatted as \(formatted)" }
        let again = try formatPolicies(formatted, options, limits: .reference)
        return again == formatted ? nil : "not stable: \(formatted)"
    }

    private static func trees(_ text: String) throws -> [Tree] {
        trees(try PolicySet.parse(text, limits: .reference))
    }

    /// Without ids and positions.
    private static func trees(_ set: PolicySet) -> [Tree] {
        (set.templates + set.policies).map {
            Tree(effect: $0.effect, annotations: $0.annotations, scope: $0.scope, conditions: $0.conditions)
        }
    }

    private struct Tree: Equatable {
        let effect: Effect
        let annotations: [Annotation]
        let scope: Scope
        let conditions: [Condition]
    }
}

extension JSONValue {
    /// With the members of each object sorted by name: their order means nothing.
    fileprivate var inOrder: JSONValue {
        switch self {
        case .null, .bool, .integer, .decimal, .string: self
        case .array(let elements): .array(elements.map(\.inOrder))
        case .object(let members):
            .object(
                members.map { JSONMember(name: $0.name, value: $0.value.inOrder) }
                    .sorted { $0.name.precedesExactly($1.name) }
            )
        }
    }
}
