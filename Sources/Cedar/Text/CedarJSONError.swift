import JSON

/// What is wrong with policies, entities or values in JSON, and where in their document: `[3].attrs.owner`,
/// `.staticPolicies.policy0.principal.entity`.
public struct CedarJSONError: Error, Hashable, Sendable, CustomStringConvertible {
    public let message: String
    public let path: String

    init(_ message: String, path: String = "") {
        self.message = message
        self.path = path
    }

    public var description: String { path.isEmpty ? message : "\(path): \(message)" }

    /// Adds where in the document it went wrong.
    static func at<Result>(
        _ step: @autoclosure () -> String,
        _ read: () throws(CedarJSONError) -> Result
    ) throws(CedarJSONError) -> Result {
        do throws(CedarJSONError) {
            return try read()
        } catch {
            throw CedarJSONError(error.message, path: step() + error.path)
        }
    }
}

extension JSONValue {
    static func document(_ bytes: [UInt8], limits: JSONLimits) throws(CedarJSONError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue.parse(bytes, limits: limits)
        } catch {
            throw CedarJSONError("not JSON: \(error)")
        }
    }
}
