/// That an optional attribute or a tag is there: what a condition that held has shown.
enum Capability: Hashable, Sendable {
    case attribute(of: Expression, AttributeName)
    case tag(of: Expression, Expression)
}

/// The capabilities that hold where the checker stands. Each may be shown several times, by conditions around it.
struct KnownCapabilities {
    /// For lookup only, never iterated.
    private var counts: [Capability: Int] = [:]

    func contains(_ capability: Capability) -> Bool { counts[capability] != nil }

    mutating func insert(_ capabilities: Set<Capability>) {
        for capability in capabilities { counts[capability, default: 0] += 1 }
    }

    /// What was inserted before.
    mutating func remove(_ capabilities: Set<Capability>) {
        for capability in capabilities {
            let count = counts[capability, default: 0]
            counts[capability] = count > 1 ? count - 1 : nil
        }
    }
}
