/// Where in a document something is: names of members and positions in arrays, from the outside in.
package struct FieldPath: Hashable, Sendable, CustomStringConvertible {
    package enum Step: Hashable, Sendable {
        case member(String)
        /// From 0.
        case element(Int)
    }

    package let steps: [Step]

    package static let root = FieldPath([])

    package init(_ steps: [Step]) { self.steps = steps }

    package func member(_ name: String) -> FieldPath { FieldPath(steps + [.member(name)]) }
    package func element(_ index: Int) -> FieldPath { FieldPath(steps + [.element(index)]) }

    /// Such as `attributes.limits[2].name`; empty for the document itself.
    package var description: String {
        steps.reduce(into: "") { text, step in
            switch step {
            case .member(let name): text += text.isEmpty ? name : ".\(name)"
            case .element(let index): text += "[\(index)]"
            }
        }
    }
}

/// A member of a document that is missing, unknown or not what it must be: where, and what is expected.
package struct FieldError: Error, Hashable, Sendable, CustomStringConvertible {
    package let path: FieldPath
    /// A clause without the field's name, such as `must be text, not a number`.
    package let problem: String

    package init(_ path: FieldPath, _ problem: String) {
        self.path = path
        self.problem = problem
    }

    package var description: String { path.steps.isEmpty ? problem : "\(path): \(problem)" }
}
