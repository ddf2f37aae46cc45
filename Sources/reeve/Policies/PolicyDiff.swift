import ArgumentParser
import Cedar
import Directory
import Foundation
import JSON

struct PolicyDiff: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Replay recorded requests by two versions of policies, and report each decision that changes.",
        discussion: """
            OLD and NEW are files of policies, or folders of them. Requests are JSON, one a line: lines of a node's decision \
            log, or objects with principal, action, resource and context. The decision log holds no context, so conditions \
            on it come out by an empty one. Needs no cluster. Exit status: 0 if nothing changes, 3 if something does, 1 for \
            an error.
            """
    )

    @Argument(help: "The policies so far.")
    var old: String
    @Argument(help: "The policies to be.")
    var new: String
    @Option(help: "File with requests, one a line; - is standard input.")
    var requests: String
    @Option(help: "File with entities, in Cedar's JSON form.", completion: .file(extensions: ["json"]))
    var entities: String?
    @OptionGroup var output: OutputOptions

    func run() throws {
        let entities = try entities.map(PolicyWorld.entities) ?? .empty
        let before = PolicyWorld(sets: try PolicyWorld.sets([old]), entities: entities)
        let after = PolicyWorld(sets: try PolicyWorld.sets([new]), entities: entities)
        var changes: [DecisionChange] = []
        // For lookup only, never iterated.
        var places: [Request: Int] = [:]
        let recorded = try RecordedRequests(requests)
        for request in recorded.requests {
            if let place = places[request] {
                changes[place].count += 1
                continue
            }
            let (first, second) = (before.decide(request), after.decide(request))
            guard first.outcome != second.outcome else { continue }
            places[request] = changes.count
            changes.append(DecisionChange(request: request, before: first, after: second))
        }
        report(changes, among: recorded.requests.count)
        if !changes.isEmpty { throw ExitCode(3) }
    }

    private func report(_ changes: [DecisionChange], among count: Int) {
        let affected = changes.reduce(0) { $0 + $1.count }
        if output.json {
            Console.json([
                "requests": .integer(Int64(count)), "changed": .integer(Int64(affected)),
                "changes": .array(changes.map(\.json)),
            ])
        } else {
            for change in changes { Console.print(change.text) }
            Console.line("\(affected) of \(count) requests are decided otherwise")
        }
    }
}

/// A request that two versions decide otherwise.
private struct DecisionChange {
    let request: Request
    let before: PolicyVerdict
    let after: PolicyVerdict
    /// How often it was recorded.
    var count = 1

    var text: String {
        let times = count > 1 ? "  (\(count) times)" : ""
        return """
            \(Self.word(before)) -> \(Self.word(after))  \(request.summary)\(times)
              context     \(request.context)
              before      \(Self.reason(before))
              after       \(Self.reason(after))

            """
    }

    var json: JSONValue {
        [
            "request": request.json, "count": .integer(Int64(count)), "before": Self.json(before),
            "after": Self.json(after),
        ]
    }

    private static func word(_ verdict: PolicyVerdict) -> String { verdict.isPermitted ? "ALLOW" : "DENY" }

    private static func reason(_ verdict: PolicyVerdict) -> String {
        let policies = verdict.deciding.map { "\($0), line \($0.line)" }
        return policies.isEmpty ? "no permit applies" : "\(verdict.outcome) by \(policies.joined(separator: "; "))"
    }

    private static func json(_ verdict: PolicyVerdict) -> JSONValue {
        [
            "decision": .string(verdict.isPermitted ? "allow" : "deny"), "outcome": .string("\(verdict.outcome)"),
            "policies": .array(verdict.deciding.map { .string($0.description) }),
        ]
    }
}

/// Requests from a file, one JSON object a line.
struct RecordedRequests {
    let requests: [Request]

    private static let maxBytes = 1 << 30

    init(_ path: String) throws {
        let handle = path == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: path)
        guard let handle, let data = try handle.read(upToCount: Self.maxBytes + 1) else {
            throw CommandError("there is no such file, or it holds nothing", at: path)
        }
        guard data.count <= Self.maxBytes else { throw CommandError("is larger than 1 GiB", at: path) }
        requests = try data.split(separator: UInt8(ascii: "\n")).enumerated().map { number, line in
            do { return try Self.request(JSONValue.parse([UInt8](line))) } catch {
                throw CommandError("\(error)", at: "\(path):\(number + 1)")
            }
        }
    }

    /// A line of the decision log says `subject` for the principal, and gives the id of an `Action` alone.
    private static func request(_ value: JSONValue) throws(CedarJSONError) -> Request {
        let action: EntityUID
        if case .string(let id)? = value["action"] {
            action = EntityUID(cedar: id) ?? EntityUID(type: "Action", id: id)
        } else {
            action = try uid(value["action"])
        }
        return Request(
            principal: try uid(value["principal"] ?? value["subject"]),
            action: action,
            resource: try uid(value["resource"]),
            context: try EntityJSON.parseRecord(value["context"] ?? .object([]))
        )
    }

    private static func uid(_ value: JSONValue?) throws(CedarJSONError) -> EntityUID {
        if case .string(let text)? = value, let uid = EntityUID(cedar: text) { return uid }
        return try EntityJSON.parseUID(value ?? .null)
    }
}
