import Cedar
import Foundation
import JSON

/// What the folder holds, read and checked before the clock starts.
struct DecisionsWorkload {
    /// Of the policies.
    let text: String
    let policies: PolicySet
    let listed: [Entity]
    let entities: EntityStore
    private(set) var requests: [Request]
    private(set) var expectedAllows: Int?

    init(_ directory: String) throws {
        let folder = URL(filePath: directory)
        let policyFile = folder.appending(path: "policies.cedar").path()
        let entityFile = folder.appending(path: "entities.json").path()
        do {
            text = String(decoding: try Self.read(policyFile), as: UTF8.self)
            policies = try PolicySet.parse(text, limits: Self.syntax)
        } catch let error as CedarSyntaxError {
            throw CommandError("\(error)", at: policyFile)
        }
        do {
            listed = try EntityJSON.parseEntities(Self.read(entityFile))
            entities = try EntityStore(listed)
        } catch let error as CedarJSONError {
            throw CommandError("\(error)", at: entityFile)
        } catch let error as EntityStoreError {
            throw CommandError("\(error)", at: entityFile)
        }
        requests = try Self.requests(folder.appending(path: "requests.jsonl").path())
        expectedAllows = Self.expected(folder)
    }

    /// Those that are allowed without an error.
    mutating func keepAllowed() {
        requests.removeAll { request in
            let response = authorize(request, policies: policies, entities: entities)
            return response.decision == .deny || !response.errors.isEmpty
        }
        expectedAllows = requests.count
    }

    /// A benchmark's policies are the operator's own, so only memory bounds them.
    static var syntax: SyntaxLimits {
        var limits = SyntaxLimits.standard
        limits.maxBytes = 64 << 20
        limits.maxPolicies = 1_000_000
        return limits
    }

    private static func read(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError("there is no such file, or it cannot be read", at: path)
        }
        return Array(data)
    }

    private static func requests(_ path: String) throws -> [Request] {
        let lines = try read(path).split(separator: UInt8(ascii: "\n"))
        guard !lines.isEmpty else { throw CommandError("holds no request", at: path) }
        return try lines.enumerated().map { number, line in
            do {
                let value = try JSONValue.parse(Array(line))
                func uid(_ name: String) throws -> EntityUID { try EntityJSON.parseUID(value[name] ?? .null) }
                return Request(
                    principal: try uid("principal"),
                    action: try uid("action"),
                    resource: try uid("resource"),
                    context: try EntityJSON.parseRecord(value["context"] ?? .object([]))
                )
            } catch {
                throw CommandError("\(error)", at: "\(path):\(number + 1)")
            }
        }
    }

    private static func expected(_ folder: URL) -> Int? {
        let table = folder.deletingLastPathComponent().appending(path: "expected.tsv")
        guard let text = try? String(contentsOf: table, encoding: .utf8) else { return nil }
        let row = text.split(separator: "\n").map { $0.split(separator: "\t") }
            .first { $0.first.map(String.init) == folder.lastPathComponent }
        return row.flatMap { $0.count > 1 ? Int($0[1]) : nil }
    }
}
