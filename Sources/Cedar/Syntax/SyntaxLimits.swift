/// Bounds on policies given as text, so that no input can exhaust stack or memory.
package struct SyntaxLimits: Hashable, Sendable {
    package var maxBytes: Int
    /// How deep an expression may nest. Chains of one operator are one level.
    package var maxNesting: Int
    package var maxPolicies: Int
    /// How many faults are reported of one text.
    package var maxDiagnostics: Int
    /// How many attributes, elements and parents all types of a schema have together, with the meaning of each common type
    /// in every place that names it.
    package var maxSchemaParts: Int

    package init(
        maxBytes: Int = 16 << 20,
        maxNesting: Int = 256,
        maxPolicies: Int = 100_000,
        maxDiagnostics: Int = 20,
        maxSchemaParts: Int = 1_000_000
    ) {
        self.maxBytes = min(maxBytes, Int(UInt32.max) - 1)
        self.maxNesting = maxNesting
        self.maxPolicies = maxPolicies
        self.maxDiagnostics = max(1, maxDiagnostics)
        self.maxSchemaParts = maxSchemaParts
    }

    package static let standard = SyntaxLimits()

    /// How often the parser may enter itself. Parentheses leave nothing in the tree, so they may nest twice as deep.
    var maxRecursion: Int { maxNesting * 2 }
}
