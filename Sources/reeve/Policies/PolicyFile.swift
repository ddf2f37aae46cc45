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
        let handle = path == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: path)
        guard let handle, let data = try? handle.read(upToCount: Self.maxBytes + 1) ?? Data() else {
            throw CommandError("there is no such file, or it cannot be read", at: path)
        }
        guard data.count <= Self.maxBytes else {
            throw CommandError("is larger than \(Self.maxBytes >> 20) MiB", at: path)
        }
        self.path = path == "-" ? "standard input" : path
        bytes = [UInt8](data)
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
            throw PolicyFileError(path: path, error)
        } catch let error as CedarJSONError {
            throw PolicyFileError(path: path, message: error.message, at: error.path)
        }
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
