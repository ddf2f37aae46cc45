extension Policy {
    /// Whether what it comes to may depend on a field of the context: unless it names other fields alone.
    package func mayRead(contextField name: AttributeName) -> Bool {
        conditions.contains { $0.body.mayRead(contextField: name) }
    }
}

extension Expression {
    fileprivate func mayRead(contextField name: AttributeName) -> Bool {
        switch kind {
        case .variable(.context): true
        case .attribute(let owner, let field) where owner.isContext: field == name
        case .has(let owner, let path) where owner.isContext: path.first == name
        default: kind.children.contains { $0.mayRead(contextField: name) }
        }
    }

    private var isContext: Bool { kind == .variable(.context) }
}
