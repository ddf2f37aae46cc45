package import JSON

extension Schema {
    /// Reads a schema in its JSON form, and resolves its names.
    package static func parseJSON(
        _ bytes: [UInt8],
        limits: SyntaxLimits = .standard
    ) throws(SchemaJSONError) -> Schema {
        let document: JSONValue
        do throws(JSONError) {
            // A level of types takes up to four of JSON: a set's element, a record's attributes, one of them, its type.
            let depth = limits.maxNesting * 4 + 16
            let bounds = JSONLimits(maxBytes: limits.maxBytes, maxDepth: depth, maxElements: 4_000_000)
            document = try JSONValue.parse(bytes, limits: bounds)
        } catch {
            throw .notJSON("\(error)")
        }
        return try resolve(document, limits: limits)
    }

    package static func parseJSON(
        _ document: JSONValue,
        limits: SyntaxLimits = .standard
    ) throws(SchemaJSONError) -> Schema {
        try resolve(document, limits: limits)
    }

    private static func resolve(
        _ document: JSONValue,
        limits: SyntaxLimits
    ) throws(SchemaJSONError) -> Schema {
        let declarations: SchemaDeclarations
        do throws(SchemaFault) {
            declarations = try SchemaJSONReader.declarations(document)
        } catch {
            throw .faults([error.inJSON])
        }
        do throws(SchemaFaults) {
            return try SchemaResolver.resolve(declarations, limits: limits)
        } catch {
            throw .faults(error.list.map(\.inJSON))
        }
    }
}

/// Why a schema in JSON form is refused.
public enum SchemaJSONError: Error, Hashable, Sendable {
    /// What the parser of JSON says.
    case notJSON(String)
    /// At least one.
    case faults([Fault])

    public struct Fault: Hashable, Sendable {
        public let message: String
        /// Such as `$.MySpace.entityTypes.User`; nil for what concerns the whole.
        public let path: String?
    }
}

extension SchemaJSONError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notJSON(let error): "not JSON: \(error)"
        case .faults(let faults): faults.map(\.description).joined(separator: "\n")
        }
    }
}

extension SchemaJSONError.Fault: CustomStringConvertible {
    public var description: String { path.map { "\($0): \(message)" } ?? message }
}

extension SchemaFault {
    fileprivate var inJSON: SchemaJSONError.Fault {
        switch place {
        case .json(let path): SchemaJSONError.Fault(message: message, path: "\(path)")
        case .text: SchemaJSONError.Fault(message: message, path: nil)
        }
    }
}
