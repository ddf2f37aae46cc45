import Cedar
import Foundation
import JSON

/// Policies or a schema in a file, as Cedar text or in Cedar's JSON form: which of the two shows in the first character.
struct PolicyFile {
    /// As the caller named it.
    let path: String
    private let bytes: [UInt8]

    /// Reads at most what the parsers take.
    init(_ path: String) throws {
        bytes = [UInt8](try InputFile.data(path, atMost: Self.maxBytes))
        self.path = path == "-" ? "standard input" : path
    }

    private static let maxBytes = JSONLimits.policies.maxBytes

    /// No Cedar text begins with a bracket.
    var isJSON: Bool {
        let first = bytes.first { $0 != 0x20 && !(0x09...0x0D).contains($0) }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    }

    func text() throws -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandError("is not text in UTF-8", at: path)
        }
        return text
    }

    /// Policies are called as the cluster calls them: by `@id("…")`, or by their place.
    func policies() throws -> PolicySet {
        do {
            return isJSON ? try PolicyJSON.parse(bytes) : try PolicySet.parse(try text(), naming: .byAnnotation)
        } catch let error as CedarSyntaxError {
            throw isSchema ? wrongKind : PolicyFileError(path: path, error)
        } catch let error as CedarJSONError {
            throw isSchema ? wrongKind : PolicyFileError(path: path, message: error.message, at: error.path)
        }
    }

    /// By its name, or because a schema is what it can be read as.
    var isSchema: Bool {
        if path.hasSuffix(".cedarschema") || path.hasSuffix(".cedarschema.json") { return true }
        let isOfPolicies = isJSON ? (try? PolicyJSON.parse(bytes)) != nil : (try? PolicySet.parse(text())) != nil
        return !isOfPolicies && (try? schema()) != nil
    }

    private var wrongKind: PolicyFileError {
        PolicyFileError(
            path: path,
            message: "this is a schema, not policies; --schema validates policies by it",
            at: ""
        )
    }

    func schema() throws -> Schema {
        do {
            return isJSON ? try Schema.parseJSON(bytes) : try Schema.parse(try text())
        } catch let error as CedarSyntaxError {
            throw PolicyFileError(path: path, error)
        } catch let error as SchemaJSONError {
            throw PolicyFileError(path: path, message: "\(error)", at: "")
        }
    }
}
