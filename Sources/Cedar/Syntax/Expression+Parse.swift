extension Expression {
    /// Reads one expression and nothing else.
    package static func parse(
        _ text: String,
        limits: SyntaxLimits = .standard
    ) throws(CedarSyntaxError) -> Expression {
        try Parser.expression(text, limits: limits)
    }
}
