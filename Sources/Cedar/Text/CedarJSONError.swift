/// What is wrong with policies, entities or values in JSON, and where in their document: `[3].attrs.owner`,
/// `.staticPolicies.policy0.principal.entity`.
package struct CedarJSONError: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String
    package let path: String

    init(_ message: String, path: String = "") {
        self.message = message
        self.path = path
    }

    package var description: String { path.isEmpty ? message : "\(path): \(message)" }

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
