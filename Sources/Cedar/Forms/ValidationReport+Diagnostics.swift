extension ValidationReport {
    /// The errors as faults of the text that the policies were parsed from.
    public func errorDiagnostics(in text: String) -> [Diagnostic] {
        let source = SourceText(text)
        return errors.map { Diagnostic("\($0.reason)", at: $0.range, in: source) }
    }

    public func warningDiagnostics(in text: String) -> [Diagnostic] {
        let source = SourceText(text)
        return warnings.map { Diagnostic("\($0.reason)", at: $0.range, in: source) }
    }
}
