import Foundation
import JSON

/// A folder of cases.
struct Folder {
    let path: String

    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    var exists: Bool { (try? FileManager.default.contentsOfDirectory(atPath: path)) != nil }

    func contains(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

    func folder(_ name: String) -> Folder { Folder(path: "\(path)/\(name)") }

    func bytes(_ name: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: "\(path)/\(name)") else {
            throw Problem(description: "cannot read \(path)/\(name)")
        }
        return [UInt8](data)
    }

    func text(_ name: String) throws -> String {
        guard let text = String(validating: try bytes(name), as: UTF8.self) else {
            throw Problem(description: "\(path)/\(name) is not UTF-8")
        }
        return text
    }

    func json(_ name: String) throws -> JSONValue { try JSONValue.parse(try bytes(name), limits: .cases) }

    func jsonLines(_ name: String) throws -> [JSONValue] {
        try bytes(name).split(separator: UInt8(ascii: "\n")).map { try JSONValue.parse([UInt8]($0), limits: .cases) }
    }

    /// Names of files below, in order.
    func files(under name: String, suffix: String) -> [String] {
        guard let found = FileManager.default.enumerator(atPath: "\(path)/\(name)") else { return [] }
        return found.compactMap { $0 as? String }.filter { $0.hasSuffix(suffix) && !$0.contains("._") }.map {
            "\(name)/\($0)"
        }.sorted()
    }

    /// Runs `body` on an archive of this folder, unpacked for that time.
    func withUnpacked(_ archive: String, _ body: (Folder) throws -> Void) throws {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent(
            "cedar-conformance-\(ProcessInfo.processInfo.processIdentifier)-\(archive)"
        )
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        tar.arguments = ["tar", "-xzf", "\(path)/\(archive)", "-C", place.path]
        // Archives made on other systems carry headers that tar reports one by one and that matter to nobody.
        tar.standardError = FileHandle.nullDevice
        try tar.run()
        tar.waitUntilExit()
        guard tar.terminationStatus == 0 else { throw Problem(description: "cannot unpack \(path)/\(archive)") }
        try body(Folder(path: place.path))
    }
}

extension JSONLimits {
    static let cases = JSONLimits(maxBytes: 1 << 30, maxDepth: 1100, maxElements: 100_000_000)
}
