import Foundation
import JSON

/// Standard output for results, standard error for progress.
enum Console {
    static func print(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }

    static func line(_ text: String) { print(text + "\n") }

    static func json(_ value: JSONValue) { print(value.prettyPrinted()) }

    static func progress(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    /// One object: its members below each other, those without a value left out.
    static func object(_ value: JSONValue) {
        let members = (value.objectValue ?? []).filter { !$0.value.cell.isEmpty }
        let width = members.map(\.name.count).max() ?? 0
        for member in members {
            let name = member.name + String(repeating: " ", count: width - member.name.count)
            let indented = member.value.cell.replacing("\n", with: "\n" + String(repeating: " ", count: width + 2))
            line("\(name)  \(indented)")
        }
    }
}
