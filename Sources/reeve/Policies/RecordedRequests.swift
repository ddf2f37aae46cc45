import Cedar
import Foundation
import JSON

/// Requests from a file, one JSON object a line.
struct RecordedRequests {
    let requests: [Recorded]

    struct Recorded {
        let request: Request
        /// What a node decided; nil where the line does not tell.
        let isAllowed: Bool?
    }

    private static let maxBytes = 1 << 30

    init(_ path: String) throws {
        let data = try InputFile.data(path, atMost: Self.maxBytes)
        guard !data.isEmpty else { throw CommandError("holds no request", at: path) }
        requests = try data.split(separator: UInt8(ascii: "\n")).enumerated().map { number, line in
            do {
                let value = try JSONValue.parse([UInt8](line))
                return Recorded(request: try Self.request(value), isAllowed: try Self.result(value["result"]))
            } catch {
                throw CommandError("\(error)", at: "\(path):\(number + 1)")
            }
        }
    }

    private static func result(_ value: JSONValue?) throws -> Bool? {
        switch value {
        case nil: nil
        case .string("allow"): true
        case .string("deny"): false
        default: throw CommandError("must be allow or deny", at: "result")
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
