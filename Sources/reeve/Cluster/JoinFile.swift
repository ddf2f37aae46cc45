import Foundation
import HTTPAPI
import JSON

/// What a new machine needs to join: the one-time secret, whom to ask, and by which roots to know them.
struct JoinFile: Hashable, Sendable {
    let name: String
    let secret: String
    let trustDomain: String
    /// `https://HOST:PORT` of admin APIs, tried in this order.
    let servers: [String]
    /// In PEM.
    let roots: String
    /// Development: the node's key may be in clear, as others' are.
    let allowPlainKey: Bool

    static let maximumByteCount = 1 << 20

    static func load(_ path: String) throws -> JoinFile {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError(
                "there is no such file, or it cannot be read",
                at: path,
                advice: "make one with `reeve cluster add`, where you administer the cluster, and copy it here"
            )
        }
        do {
            return try JoinFile(JSONValue.parse(Array(data), limits: JSONLimits(maxBytes: maximumByteCount)))
        } catch let error as JSONError {
            throw CommandError("is not valid JSON: \(error.reason)", at: "\(path):\(error.line):\(error.column)")
        } catch let error as FieldError {
            throw CommandError(error.description, at: path)
        }
    }

    var text: String { json.prettyPrinted() }

    private var json: JSONValue {
        [
            "name": .string(name), "secret": .string(secret), "trust_domain": .string(trustDomain),
            "servers": .array(servers.map { .string($0) }), "roots": .string(roots),
            "allow_plain_key": .bool(allowPlainKey),
        ]
    }
}

extension JoinFile {
    private init(_ value: JSONValue) throws(FieldError) {
        var reader = try ObjectReader(value)
        self.init(
            name: try reader.string("name"),
            secret: try reader.string("secret"),
            trustDomain: try reader.string("trust_domain"),
            servers: try reader.strings("servers"),
            roots: try reader.string("roots"),
            allowPlainKey: try reader.optionalBool("allow_plain_key") ?? false
        )
        try reader.finish()
    }
}
