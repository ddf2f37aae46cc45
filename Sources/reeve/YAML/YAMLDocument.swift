import Foundation
import HTTPAPI
import JSON
import Yams

/// One YAML document as a JSON value that knows where each part of it stood.
///
/// Reads the core schema of YAML 1.2 (section 10.3): only `true` and `false` are booleans, and what looks like a time is
/// text. No aliases, since a short text could then stand for a huge one.
struct YAMLDocument {
    let file: String
    let value: JSONValue
    private let node: Node

    static let maximumByteCount = 4 * 1024 * 1024
    private static let maximumDepth = 64

    /// All documents of a file, those that hold nothing left out.
    static func load(_ path: String) throws -> [YAMLDocument] {
        guard let data = FileManager.default.contents(atPath: path) else {
            let exists = FileManager.default.fileExists(atPath: path)
            throw CommandError(exists ? "cannot be read" : "there is no such file", at: path)
        }
        guard data.count <= maximumByteCount else {
            throw CommandError("is larger than \(maximumByteCount) bytes", at: path)
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw CommandError("is not text in UTF-8", at: path)
        }
        return try parse(text, file: path)
    }

    /// `file` is for errors.
    static func parse(_ text: String, file: String) throws -> [YAMLDocument] {
        do {
            var documents: [YAMLDocument] = []
            let parser = try Parser(yaml: text, encoding: .utf8)
            while let node = try parser.nextRoot() {
                if case .scalar(let scalar) = node, json(scalar).isNull { continue }
                documents.append(try YAMLDocument(file: file, node: node))
            }
            return documents
        } catch let error as YamlError {
            throw CommandError(description(of: error), at: place(of: error, in: file))
        }
    }

    /// The only document of a file.
    static func single(_ text: String, file: String) throws -> YAMLDocument {
        let documents = try parse(text, file: file)
        guard documents.count == 1, let document = documents.first else {
            throw CommandError("must hold one YAML document, not \(documents.count)", at: file)
        }
        return document
    }

    private init(file: String, node: Node) throws {
        self.file = file
        self.node = node
        self.value = try Self.json(node, depth: 0, file: file)
    }

    /// Where something stands: `FILE:LINE:COLUMN`, of the nearest enclosing part when it is not there at all.
    func place(of path: FieldPath) -> String {
        var current = node
        var mark = node.mark
        for step in path.steps {
            guard let (next, start) = Self.child(of: current, step) else { break }
            (current, mark) = (next, start ?? next.mark ?? mark)
        }
        return mark.map { "\(file):\($0.line):\($0.column)" } ?? file
    }

    /// Runs a strict reader, and says where in the file what it refuses stands.
    func read<Result>(_ body: (JSONValue) throws -> Result) throws -> Result {
        do { return try body(value) } catch let error as FieldError {
            throw CommandError(error.description, at: place(of: error.path))
        }
    }

    private static func child(of node: Node, _ step: FieldPath.Step) -> (node: Node, mark: Mark?)? {
        switch (node, step) {
        case (.mapping(let mapping), .member(let name)):
            mapping.first { $0.key.scalar?.string.isExactly(name) == true }.map { ($0.value, $0.key.mark) }
        case (.sequence(let sequence), .element(let index)):
            sequence.indices.contains(index) ? (sequence[index], nil) : nil
        default: nil
        }
    }

    private static func json(_ node: Node, depth: Int, file: String) throws -> JSONValue {
        let place = node.mark.map { "\(file):\($0.line):\($0.column)" } ?? file
        guard depth < maximumDepth else {
            throw CommandError("is nested deeper than \(maximumDepth) levels", at: place)
        }
        // The parser gives each alias the node of its anchor, anchor included.
        guard node.anchor == nil else {
            throw CommandError("anchors and aliases are not supported; write the value out", at: place)
        }
        switch node {
        case .scalar(let scalar): return json(scalar)
        case .sequence(let sequence):
            return .array(try sequence.map { try json($0, depth: depth + 1, file: file) })
        case .mapping(let mapping):
            return .object(
                try mapping.map { key, value in
                    guard case .scalar(let name) = key else {
                        throw CommandError("a key must be text, not a list or a mapping", at: place)
                    }
                    return JSONMember(name: name.string, value: try json(value, depth: depth + 1, file: file))
                }
            )
        case .alias:
            throw CommandError("aliases are not supported; write the value out", at: place)
        }
    }

    private static func json(_ scalar: Node.Scalar) -> JSONValue {
        let text = scalar.string
        guard scalar.style == .plain || scalar.style == .any else { return .string(text) }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        if let number = Int64(text) { return .integer(number) }
        let isNumber = text.wholeMatch(of: /[-+]?[0-9]+\.[0-9]+([eE][-+]?[0-9]+)?/) != nil
        return isNumber ? .decimal(text) : .string(text)
    }

    private static func description(of error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _):
            "is not valid YAML: \(problem)"
        case .reader(let problem, _, _, _): "is not valid YAML: \(problem)"
        case .duplicatedKeysInMapping(let keys, _): "gives \(keys.sorted().joined(separator: ", ")) twice"
        default: "is not valid YAML"
        }
    }

    private static func place(of error: YamlError, in file: String) -> String {
        switch error {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _):
            "\(file):\(mark.line):\(mark.column)"
        case .duplicatedKeysInMapping(_, let context): "\(file):\(context.mark.line):\(context.mark.column)"
        default: file
        }
    }
}
