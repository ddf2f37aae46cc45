import Cedar
import Decision
import Directory
import Foundation
import HTTPAPI
import JSON

/// Policies and entities from files, and decisions as a node makes them.
///
/// A node adds `context.reeve`, and what callers say of an action as `context.action`: here the context is as it was given.
struct PolicyWorld {
    let sets: [ActivePolicySet]
    let entities: EntityStore

    /// What came of one request.
    struct Outcome {
        let request: Request
        let verdict: PolicyVerdict
        /// Why, in the form of the API.
        let explanation: JSONValue

        var isAllowed: Bool { verdict.isPermitted }
        var decision: String { isAllowed ? "allow" : "deny" }
        var code: String { verdict.code }
    }

    func decide(_ request: Request) -> PolicyVerdict { PolicyVerdict(request, policies: sets, entities: entities) }

    func explain(_ request: Request) -> Outcome {
        let verdict = decide(request)
        var explainer = Explainer(request: request, entities: entities)
        let misses = verdict.isPermitted ? [] : explainer.nearMisses(in: sets)
        let explanation: JSONValue = [
            "policies": .array(explainer.deciding(verdict.deciding, in: sets).map(\.json)),
            "failures": .array(verdict.failures.map(\.json)), "near_misses": .array(misses.map(\.json)),
        ]
        return Outcome(request: request, verdict: verdict, explanation: explanation)
    }
}

extension PolicyWorld.Outcome {
    /// `DENY  principal action resource  (code)`, and why.
    var text: String {
        let head = "\(decision.uppercased())  \(request.summary)  (\(code))"
        let bound = verdict.terms.maximumAge.map { ["  max age     \(PolicyVerdict.text($0))"] } ?? []
        let lines = [head] + ExplanationText.duties(json) + bound + ExplanationText(json).lines
        return lines.joined(separator: "\n") + "\n"
    }

    var json: JSONValue {
        .object(
            [
                JSONMember(name: "request", value: request.json),
                JSONMember(name: "decision", value: .string(decision)),
                JSONMember(name: "code", value: .string(code)),
            ] + verdict.termMembers + (explanation.objectValue ?? [])
        )
    }
}

extension Request {
    var summary: String { "\(principal) \(action) \(resource)" }

    var json: JSONValue {
        [
            "principal": .string(principal.description), "action": .string(action.description),
            "resource": .string(resource.description), "context": .string(context.description),
        ]
    }
}

/// Reading them.
extension PolicyWorld {
    private static let maxEntityBytes = 256 << 20

    /// - Parameter entities: A file in Cedar's JSON form of entities; nil for none.
    init(policies: [String], links: TemplateLinks = .none, entities: String?) throws {
        self.init(sets: try Self.sets(policies, links: links), entities: try entities.map(Self.entities) ?? .empty)
    }

    /// A set for each file; of a folder, its files that end in `.cedar`, in the order of their names.
    ///
    /// Templates decide by what is linked from them. Policies in JSON are taken as the text that they translate to, with
    /// their own links filled in.
    static func sets(_ paths: [String], links: TemplateLinks = .none) throws -> [ActivePolicySet] {
        let files = try paths.flatMap(files)
        let texts = try files.map { path in try text(of: PolicyFile(path)) }
        var sets = try zip(files, texts).map { path, text in
            try faults(in: path) { try PolicySet.parse(text, naming: .byAnnotation) }
        }
        let own = try links.link(in: &sets)
        return try zip(zip(files, texts), zip(names(of: files), own)).map { file, set in
            try faults(in: file.0) { try ActivePolicySet(name: set.0, version: 0, text: file.1, links: set.1) }
        }
    }

    private static func text(of file: PolicyFile) throws -> String {
        guard file.isJSON else { return try file.text() }
        do {
            return try file.policies().text()
        } catch let error as PolicyFileError {
            throw CommandError("\(error)", at: file.path)
        }
    }

    private static func faults<Result>(in path: String, _ read: () throws -> Result) throws -> Result {
        func fault(_ places: [(line: Int, column: Int, message: String)]) -> CommandError {
            let faults = places.map { "line \($0.line), column \($0.column): \($0.message)" }
            return CommandError(faults.joined(separator: "\n"), at: path)
        }
        do {
            return try read()
        } catch let error as CedarSyntaxError {
            throw fault(error.diagnostics.map { ($0.position.line, $0.position.column, $0.message) })
        } catch let error as PolicyTextError {
            throw fault(error.diagnostics.map { ($0.line, $0.column, $0.message) })
        }
    }

    private static func files(_ path: String) throws -> [String] {
        guard path != "-" else { return [path] }
        guard let isFolder = InputFile.isFolder(path) else {
            throw CommandError("there is no such file or folder", at: path)
        }
        guard isFolder else { return [path] }
        let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".cedar") }.sorted()
        guard !names.isEmpty else { throw CommandError("holds no file that ends in .cedar", at: path) }
        return names.map { "\(path)/\($0)" }
    }

    /// The names of files without their ending; with as many of the folders above as tell them apart where two are alike.
    private static func names(of files: [String]) throws -> [String] {
        let parts = files.map { path in
            path == "-" ? ["-"] : URL(filePath: path).deletingPathExtension().standardizedFileURL.pathComponents
        }
        return try parts.indices.map { place in
            let others = parts.indices.filter { $0 != place }.map { parts[$0] }
            let length = (1...parts[place].count).first { length in
                !others.contains { $0.suffix(length) == parts[place].suffix(length) }
            }
            guard let length else { throw CommandError("is named twice", at: files[place]) }
            return parts[place].suffix(length).joined(separator: "/")
        }
    }

    static func entities(_ path: String) throws -> EntityStore {
        let data = try InputFile.data(path, atMost: maxEntityBytes)
        do {
            return try EntityStore(EntityJSON.parseEntities([UInt8](data)))
        } catch let error as CedarJSONError {
            throw CommandError("\(error)", at: path)
        } catch let error as EntityStoreError {
            throw CommandError("\(error)", at: path)
        }
    }
}
