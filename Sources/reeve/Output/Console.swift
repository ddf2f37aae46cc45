import Foundation
import JSON

/// Standard output for results, standard error for progress.
enum Console {
    /// Ends the process where the text cannot be written: without a word if nobody reads any more (`reeve … | head -1`), as
    /// other tools do.
    static func print(_ text: String) {
        do { try FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) } catch {
            if !isBrokenPipe(error) { progress("Error: standard output: \(error.localizedDescription)") }
            exit(isBrokenPipe(error) ? 128 + SIGPIPE : EXIT_FAILURE)
        }
    }

    static func line(_ text: String) { print(text + "\n") }

    static func json(_ value: JSONValue) { print(value.prettyPrinted()) }

    static func progress(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8)) }

    private static func isBrokenPipe(_ error: any Error) -> Bool {
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
        return underlying.domain == NSPOSIXErrorDomain && underlying.code == Int(EPIPE)
    }

    /// One object: its members below each other, those without a value left out; lists of objects as tables after them.
    static func object(_ value: JSONValue) {
        let members = (value.objectValue ?? []).filter { !$0.value.cell.isEmpty }
        let plain = members.filter { !isTable($0.value) }
        let width = plain.map(\.name.count).max() ?? 0
        for member in plain {
            let name = member.name + String(repeating: " ", count: width - member.name.count)
            let indented = member.value.cell.replacing("\n", with: "\n" + String(repeating: " ", count: width + 2))
            line("\(name)  \(indented)")
        }
        for member in members where isTable(member.value) {
            line("\n\(member.name)")
            print(table(member.value.arrayValue ?? []).text)
        }
    }

    private static func isTable(_ value: JSONValue) -> Bool {
        guard let elements = value.arrayValue, !elements.isEmpty else { return false }
        return elements.allSatisfy { $0.objectValue.map { $0.count > 2 } ?? false }
    }

    /// Columns are the members that any of the objects has a value for.
    private static func table(_ objects: [JSONValue]) -> Table {
        let names = objects.flatMap { ($0.objectValue ?? []).filter { !$0.value.cell.isEmpty }.map(\.name) }
        let columns = names.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return Table(objects, columns.map { Column.caller($0.replacing("_", with: " "), $0) })
    }
}
