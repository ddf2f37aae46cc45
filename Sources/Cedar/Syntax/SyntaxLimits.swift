/// Bounds on policies given as text, so that no input can exhaust stack or memory.
public struct SyntaxLimits: Hashable, Sendable {
    public var maxBytes: Int
    /// How deep an expression may nest. Chains of one operator are one level.
    public var maxNesting: Int
    public var maxPolicies: Int
    /// Of a set, a record or another list that is written out. The standard is more than a policy set of a cluster has place
    /// for, so that it says nothing about what the log may hold.
    public var maxElements: Int
    /// How many faults are reported of one text.
    public var maxDiagnostics: Int
    /// How many attributes, elements and parents all types of a schema have together, with the meaning of each common type
    /// in every place that names it.
    public var maxSchemaParts: Int
    /// Whether there is the function `unknown`. The language has none; the reference implementation does where it is built
    /// to evaluate in part.
    public var allowsUnknowns: Bool

    public init(
        maxBytes: Int = 16 << 20,
        maxNesting: Int = 256,
        maxPolicies: Int = 100_000,
        maxElements: Int = 200_000,
        maxDiagnostics: Int = 20,
        maxSchemaParts: Int = 1_000_000,
        allowsUnknowns: Bool = false
    ) {
        self.maxBytes = min(maxBytes, Int(UInt32.max) - 1)
        self.maxNesting = maxNesting
        self.maxPolicies = maxPolicies
        self.maxElements = maxElements
        self.maxDiagnostics = max(1, maxDiagnostics)
        self.maxSchemaParts = maxSchemaParts
        self.allowsUnknowns = allowsUnknowns
    }

    public static let standard = SyntaxLimits()

    /// The function of that name, where there is one.
    func function(_ name: String) -> ExtensionFunction? {
        let function = ExtensionFunction(rawValue: name)
        return function == .unknown && !allowsUnknowns ? nil : function
    }

    /// How often the parser may enter itself. Parentheses leave nothing in the tree, so they may nest twice as deep.
    var maxRecursion: Int { maxNesting * 2 }
}
