import Foundation
import Testing

/// The arrows of docs/ARCHITECTURE.md. SwiftPM's import check misses transitive imports, so the sources are read.
@Suite("Imports") struct ImportTests {
    /// What each module may import of ours. A row is a decision: widen one only with its reason in docs/decisions.
    static let ours: [String: Set<String>] = [
        "Kernel": [],
        "JSON": [],
        "Linearizability": [],
        "Identity": ["Kernel"],
        "Cedar": ["JSON"],
        "Consensus": ["Kernel"],
        "Gossip": ["Kernel"],
        "Sealing": ["Kernel"],
        "Directory": ["Kernel", "Identity", "Cedar"],
        "Decision": ["Kernel", "JSON", "Identity", "Cedar", "Directory"],
        "Replica": ["Kernel", "Identity", "Cedar", "Consensus", "Gossip", "Directory", "Decision", "Sealing"],
        "Wire": ["Kernel", "Identity", "Cedar", "Consensus", "Gossip", "Directory", "Replica", "Sealing"],
        "CLMDB": [],
        "Storage": ["Kernel", "Consensus", "Wire", "CLMDB"],
        "COpenSSL": [],
        "Keys": ["Kernel", "Identity", "COpenSSL"],
        "Links": ["Kernel", "Identity", "Wire", "Keys"],
        "Service": ["Kernel", "JSON", "Identity", "Cedar", "Directory", "Decision"],
        "Host": [
            "Kernel", "Identity", "Cedar", "Consensus", "Directory", "Decision", "Replica", "Sealing", "Wire",
            "Storage", "Keys", "Links", "Service",
        ],
        "HTTPAPI": ["Kernel", "JSON", "Identity", "Cedar", "Directory", "Decision", "Service", "Keys"],
        // Linked into other people's programs: values alone, and none of what a node is made of.
        "ReeveClient": ["Kernel", "JSON"],
        "Simulator": [
            "Kernel", "JSON", "Linearizability", "Identity", "Cedar", "Consensus", "Gossip", "Sealing", "Directory",
            "Decision", "Replica", "Service", "Wire",
        ],
    ]

    /// What each core may import of others: digests in the kernel, and collections that are values.
    static let foreignInCores: [String: Set<String>] = [
        "Kernel": ["Crypto"],
        "JSON": [],
        "Linearizability": [],
        "Identity": [],
        "Cedar": [],
        "Consensus": ["DequeModule"],
        "Gossip": ["DequeModule"],
        "Sealing": [],
        "Directory": [],
        "Decision": ["HashTreeCollections"],
        "Replica": ["DequeModule"],
    ]

    static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources")

    @Test("a module imports only what its row allows", arguments: ours.keys.sorted())
    func arrows(module: String) throws {
        let allowed = try #require(Self.ours[module])
        for (file, imported) in try Self.imports(of: module) where Self.ours.keys.contains(imported) {
            #expect(allowed.contains(imported), "\(file) imports \(imported)")
        }
    }

    @Test("a core imports nothing that reads a clock, a disk or a socket", arguments: foreignInCores.keys.sorted())
    func purity(module: String) throws {
        let allowed = try #require(Self.foreignInCores[module])
        for (file, imported) in try Self.imports(of: module) where !Self.ours.keys.contains(imported) {
            #expect(allowed.contains(imported), "\(file) imports \(imported)")
        }
    }

    @Test("the decision endpoint decodes without Foundation")
    func dataPlane() throws {
        for (file, imported) in try Self.imports(of: "HTTPAPI") where file.contains("/DataPlane/") {
            #expect(!imported.hasPrefix("Foundation"), "\(file) imports \(imported)")
        }
    }

    @Test("the client selects nodes without a clock, a socket or Foundation")
    func selection() throws {
        let files = try Self.imports(of: "ReeveClient").filter { $0.file.contains("/Selection/") }
        #expect(!files.isEmpty)
        for (file, imported) in files { #expect(imported == "Kernel", "\(file) imports \(imported)") }
    }

    @Test("every module has a row") func complete() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.sources.path()).sorted()
        #expect(folders.filter { $0 != "reeve" } == Self.ours.keys.sorted())
    }

    /// The imported module of each import line, with the file that has it.
    static func imports(of module: String) throws -> [(file: String, imported: String)] {
        let folder = sources.appending(path: module)
        let names = try #require(FileManager.default.enumerator(atPath: folder.path()))
        var found: [(String, String)] = []
        for case let name as String in names where name.hasSuffix(".swift") {
            let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            for match in text.matches(of: Self.importLine.anchorsMatchLineEndings()) {
                found.append(("\(module)/\(name)", String(match.1)))
            }
        }
        return found
    }

    private static var importLine: Regex<(Substring, Substring)> {
        /^(?:(?:public|package|internal|fileprivate|private|@\w+(?:\(\w+\))?)\s+)*import\s+(?:(?:struct|enum|class|func|protocol|var|let|typealias)\s+)?(\w+)/
    }
}
