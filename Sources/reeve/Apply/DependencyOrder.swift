import Directory
import HTTPAPI
import Identity

/// Sorts declarations so that whatever one refers to comes before it, if it is declared at all.
enum DependencyOrder {
    static func sort(_ declarations: [Declaration]) throws -> [Declaration] {
        var sorter = Sorter(declarations)
        for rank in 0...4 {
            for declaration in declarations where rank == self.rank(of: declaration) { try sorter.visit(declaration) }
        }
        return sorter.sorted
    }

    /// Kinds refer only to kinds of the same or a lower rank.
    private static func rank(of declaration: Declaration) -> Int {
        switch declaration.object {
        case .object(.principal): 0
        case .object(.role): 1
        case .object(.resource): 2
        case .object(.assignment): 3
        case .policySet: 4
        }
    }

    private struct Sorter {
        private let byName: [String: Declaration]
        private var state: [String: Bool] = [:]
        private(set) var sorted: [Declaration] = []

        init(_ declarations: [Declaration]) {
            byName = Dictionary(declarations.map { ($0.name, $0) }) { first, _ in first }
        }

        /// Depth first; the state is false while what a declaration refers to is being visited.
        mutating func visit(_ declaration: Declaration) throws {
            switch state[declaration.name] {
            case true: return
            case false: throw CommandError("\(declaration.name) would be its own ancestor", at: declaration.place)
            case nil: break
            }
            state[declaration.name] = false
            for reference in declaration.references {
                if let declared = byName[reference.name] { try visit(declared) }
            }
            state[declaration.name] = true
            sorted.append(declaration)
        }
    }
}
