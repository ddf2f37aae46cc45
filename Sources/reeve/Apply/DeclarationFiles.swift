import Directory
import Foundation

/// The declarations in a YAML file, or in all YAML files under a folder.
enum DeclarationFiles {
    static func load(_ path: String) throws -> [Declaration] {
        var declarations: [Declaration] = []
        var places: [String: String] = [:]
        for file in try files(path) {
            let folder = ConfigurationFolder(path: URL(filePath: file).deletingLastPathComponent().filePath)
            for document in try YAMLDocument.load(file) {
                let declaration = try Declaration.read(document) { try policies(folder.resolve($0)) }
                if let earlier = places.updateValue(declaration.place, forKey: declaration.name) {
                    throw CommandError(
                        "declares \(declaration.name), which \(earlier) declares too",
                        at: declaration.place
                    )
                }
                try check(declaration)
                declarations.append(declaration)
            }
        }
        guard !declarations.isEmpty else { throw CommandError("declares nothing", at: path) }
        return declarations
    }

    /// Sorted, so that messages come in the same order every time.
    private static func files(_ path: String) throws -> [String] {
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CommandError("there is no such file or folder", at: path)
        }
        guard isFolder.boolValue else { return [path] }
        let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        let files = names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted()
        guard !files.isEmpty else { throw CommandError("holds no file whose name ends in .yaml or .yml", at: path) }
        return files.map { URL(filePath: path).appending(path: $0).filePath }
    }

    /// Policies are parsed here already, so that a mistake is shown with its place in the file.
    private static func policies(_ path: String) throws -> String {
        let text = try PolicyText.load(path)
        try check(text) { "\(path):\($0.line):\($0.column)" }
        return text
    }

    private static func check(_ declaration: Declaration) throws {
        guard case .policySet(let set) = declaration.object else { return }
        try check(set.text) { "\(declaration.place), line \($0.line), column \($0.column) of text" }
    }

    private static func check(_ text: String, place: (PolicyDiagnostic) -> String) throws {
        do { _ = try ActivePolicySet(name: "declared", version: 0, text: text) } catch {
            let all = error.diagnostics.map { "\(place($0)): \($0.message)" }
            throw CommandError(all.joined(separator: "\n"))
        }
    }
}
