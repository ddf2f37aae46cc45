import Foundation
import JSON
import Simulator

/// Which tuples of a receiver's role, a message and a fault were reached, and which not: as JSON, or as tables for people.
struct CoverageFile {
    let reached: Coverage
    let possible: Coverage

    /// Before a night's work that would end here.
    static func check(_ path: String) throws {
        let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw CommandError("cannot be written: \(folder) is not a folder that can be written to", at: path)
        }
    }

    /// - Parameter path: Ends with `.json` for JSON.
    func write(to path: String) throws {
        let text = path.hasSuffix(".json") ? json.prettyPrinted() : text
        do {
            try Data(text.utf8).write(to: URL(filePath: path))
        } catch {
            throw CommandError("cannot be written: \(error.localizedDescription)", at: path)
        }
    }

    static func summary(_ reached: Coverage, of possible: Coverage) -> String {
        let unexpected = reached.subtracting(possible).tuples
        let line =
            "coverage: \(reached.intersection(possible).count) of \(possible.count) tuples of role, message and fault"
        guard !unexpected.isEmpty else { return line }
        return line + "\nreached, and said to be impossible: \(unexpected.map(\.description).joined(separator: ", "))"
    }

    var json: JSONValue {
        let tuples = possible.tuples.map { tuple -> JSONValue in
            [
                "role": .string("\(tuple.role)"), "message": .string("\(tuple.message)"),
                "fault": .string(tuple.faultName), "reached": .bool(reached.contains(tuple)),
            ]
        }
        return [
            "reached": .integer(Int64(reached.intersection(possible).count)),
            "possible": .integer(Int64(possible.count)),
            "tuples": .array(tuples),
        ]
    }

    /// A table for each role: a line for each message, a column for each fault.
    var text: String {
        let tables = Coverage.Role.allCases.map { role in "\n\(role)\n\n\(table(of: role).text)" }
        return "\(Self.summary(reached, of: possible)): x reached, . not reached, blank: cannot be\n" + tables.joined()
    }

    private func table(of role: Coverage.Role) -> Table {
        let faults = [nil] + FaultClass.allCases
        var table = Table(titles: ["message"] + faults.map { $0.map { "\($0)" } ?? Coverage.Tuple.noFault })
        for message in ChoiceKey.Subject.messages {
            table.add(cells: ["\(message)"] + faults.map { mark(Coverage.Tuple(role, message, $0)) })
        }
        return table
    }

    private func mark(_ tuple: Coverage.Tuple) -> String {
        if reached.contains(tuple) { return "x" }
        return possible.contains(tuple) ? "." : ""
    }
}
