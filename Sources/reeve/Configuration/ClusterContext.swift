import Foundation
import HTTPAPI
import JSON
import Keys

/// How the command line reaches a cluster, and as whom. Written by `reeve cluster init`.
struct ClusterContext: Hashable, Sendable {
    struct Node: Hashable, Sendable {
        var name: String
        /// `https://HOST:PORT` of the admin API.
        var admin: String
        /// The same of the decision endpoint.
        var decisions: String
    }

    var trustDomain: String
    /// Absolute, or relative to the working directory.
    var files: NodeCredentials.Files
    var allowPlainKey: Bool
    /// Tried in this order.
    var nodes: [Node]

    /// The environment variable that names the file where no option does.
    static let variable = "REEVE_CONTEXT"

    /// `$XDG_CONFIG_HOME/reeve/context.yaml`, by default under `~/.config`.
    static func standardFile(_ environment: [String: String]) -> String {
        let set = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let base = set.map { URL(filePath: $0) } ?? URL.homeDirectory.appending(path: ".config")
        return base.appending(path: "reeve/context.yaml").filePath
    }

    /// From the file named by the option, by the environment, or the user's own, in this order.
    static func load(option: String?, environment: [String: String]) throws -> ClusterContext {
        let path = option ?? environment[variable].flatMap { $0.isEmpty ? nil : $0 } ?? standardFile(environment)
        guard FileManager.default.fileExists(atPath: path) else {
            throw CommandError(
                "there is no context file",
                at: path,
                advice: "give the one that `reeve cluster init` made with --context FILE or \(variable)=FILE"
            )
        }
        let documents = try YAMLDocument.load(path)
        guard documents.count == 1, let document = documents.first else {
            throw CommandError("must hold one YAML document, not \(documents.count)", at: path)
        }
        // The user's own may be a link to one that stands beside the files it names.
        let folder = URL(filePath: path).resolvingSymlinksInPath().deletingLastPathComponent().filePath
        return try document.read { value in try ClusterContext(value, folder: ConfigurationFolder(path: folder)) }
    }

    /// YAML, with paths as they are.
    var text: String {
        let head = [
            "# Where `reeve` finds the nodes of this cluster, and which key it uses. Paths are relative to this file.",
            "trust_domain: \(trustDomain)",
            "roots: \(files.roots)",
            "certificate: \(files.certificate)",
            "key: \(files.key)",
        ]
        let plain = allowPlainKey ? ["# Development only: the key is in clear.", "allow_plain_key: true"] : []
        let list = nodes.map { "  - name: \($0.name)\n    admin: \($0.admin)\n    decisions: \($0.decisions)" }
        return (head + plain + ["nodes:"] + list).joined(separator: "\n") + "\n"
    }

    /// The node of that name.
    func node(_ name: String) throws -> Node {
        guard let node = nodes.first(where: { $0.name == name }) else {
            let known = nodes.map(\.name).joined(separator: ", ")
            throw CommandError(
                "the context knows no node \(name)",
                advice: "known are \(known); add \(name) to the nodes of the context file"
            )
        }
        return node
    }
}

extension ClusterContext {
    init(_ value: JSONValue, folder: ConfigurationFolder) throws(FieldError) {
        var reader = try ObjectReader(value)
        trustDomain = try reader.string("trust_domain")
        files = NodeCredentials.Files(
            certificate: folder.resolve(try reader.string("certificate")),
            key: folder.resolve(try reader.string("key")),
            roots: folder.resolve(try reader.string("roots"))
        )
        allowPlainKey = try reader.optionalBool("allow_plain_key") ?? false
        nodes = []
        for element in try reader.array("nodes") { nodes.append(try Node(element.value, at: element.path)) }
        guard !nodes.isEmpty else { throw FieldError(reader.path.member("nodes"), "must list at least one node") }
        try reader.finish()
    }
}

extension ClusterContext.Node {
    fileprivate init(_ value: JSONValue, at path: FieldPath) throws(FieldError) {
        var reader = try ObjectReader(value, at: path)
        name = try reader.string("name")
        admin = try reader.url("admin")
        decisions = try reader.url("decisions")
        try reader.finish()
    }
}

extension ObjectReader {
    fileprivate mutating func url(_ name: String) throws(FieldError) -> String {
        let text = try string(name)
        guard text.hasPrefix("https://"), HostPort(parsing: String(text.dropFirst("https://".count))) != nil else {
            throw FieldError(path.member(name), "must be https://HOST:PORT without a path")
        }
        return text
    }
}
