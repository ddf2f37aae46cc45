import JSON

/// A place in a JSON document. Paths share what leads to them, so that keeping one a member costs little.
final class JSONPath: Sendable, CustomStringConvertible {
    private let outer: JSONPath?
    private let step: Step

    enum Step: Sendable {
        case member(String)
        case element(Int)
    }

    /// The whole document.
    static let root = JSONPath(outer: nil, step: .member("$"))

    private init(outer: JSONPath?, step: Step) {
        self.outer = outer
        self.step = step
    }

    func appending(_ step: Step) -> JSONPath { JSONPath(outer: self, step: step) }

    /// `$["My::Space"].entityTypes.User`
    var description: String {
        let before = outer?.description ?? ""
        switch step {
        case .element(let index): return "\(before)[\(index)]"
        case .member(let name):
            if outer == nil { return name }
            let isPlain = !name.isEmpty && name.utf8.allSatisfy(Identifier.isPart)
            return isPlain ? "\(before).\(name)" : "\(before)[\(JSONValue.string(name))]"
        }
    }
}
