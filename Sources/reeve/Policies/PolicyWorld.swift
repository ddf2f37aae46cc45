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
        var code: String { DecisionCode(verdict.outcome).rawValue }
    }

    func decide(_ request: Request) -> PolicyVerdict { PolicyVerdict(request, policies: sets, entities: entities) }

    func explain(_ request: Request) -> Outcome {
        let verdict = decide(request)
        var explainer = Explainer(request: request, entities: entities)
        let misses = verdict.outcome == .noPermit ? explainer.nearMisses(in: sets) : []
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
        return ([head] + ExplanationText(explanation).lines).joined(separator: "\n") + "\n"
    }

    var json: JSONValue {
        .object(
            [
                JSONMember(name: "request", value: request.json),
                JSONMember(name: "decision", value: .string(decision)),
                JSONMember(name: "code", value: .string(code)),
            ] + (explanation.objectValue ?? [])
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
    init(policies: [String], entities: String?) throws {
        self.init(sets: try Self.sets(policies), entities: try entities.map(Self.entities) ?? .empty)
    }

    /// A set for each file; of a folder, its files that end in `.cedar`, in the order of their names.
    static func sets(_ paths: [String]) throws -> [ActivePolicySet] {
        try paths.flatMap(files).map { path in
            let text = try PolicyFile(path).text()
            do {
                return try ActivePolicySet(name: name(of: path), version: 0, text: text)
            } catch let error as PolicyTextError {
                let faults = error.diagnostics.map { "line \($0.line), column \($0.column): \($0.message)" }
                throw CommandError(faults.joined(separator: "\n"), at: path)
            }
        }
    }

    private static func files(_ path: String) throws -> [String] {
        let isFolder = try? URL(filePath: path).resourceValues(forKeys: [.isDirectoryKey]).isDirectory
        guard isFolder == true else { return [path] }
        let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".cedar") }.sorted()
        guard !names.isEmpty else { throw CommandError("holds no file that ends in .cedar", at: path) }
        return names.map { "\(path)/\($0)" }
    }

    private static func name(of path: String) -> String {
        URL(filePath: path).deletingPathExtension().lastPathComponent
    }

    static func entities(_ path: String) throws -> EntityStore {
        guard let handle = FileHandle(forReadingAtPath: path), let data = try handle.read(upToCount: maxEntityBytes + 1)
        else {
            throw CommandError("there is no such file, or it holds nothing", at: path)
        }
        guard data.count <= maxEntityBytes else { throw CommandError("is larger than 256 MiB", at: path) }
        do {
            return try EntityStore(EntityJSON.parseEntities([UInt8](data)))
        } catch let error as CedarJSONError {
            throw CommandError("\(error)", at: path)
        } catch let error as EntityStoreError {
            throw CommandError("\(error)", at: path)
        }
    }
}
