import Directory

extension StatementJudgement {
    /// It counts, and the log has nothing else under its warrant.
    static let fresh = acceptable(WarrantUse(budget: Limits.statementsPerWarrant))
}
