import Cedar
import Directory

/// What a cluster would say of the policies of a plan, before anything is changed.
struct PlanReview {
    /// `FILE:LINE:COLUMN (SET), line L, column C of text: warning: …`, as when they are drafted.
    let warnings: [String]

    /// - Throws: Where no such policies are drafted: with `isStrict`, those that may fail or can never apply.
    init(_ plan: Plan, isStrict: Bool) throws {
        var (warnings, errors): ([String], [String]) = ([], [])
        for step in plan.changes {
            guard case .policySet(let set) = step.declaration.object else { continue }
            if case .activate = step.change { continue }
            let place = "\(step.declaration.place) (\(step.declaration.name))"
            let review = PolicyReview(try ActivePolicySet(name: set.name, version: 0, text: set.text))
            for finding in review.findings {
                let position = finding.diagnostic.position
                let line = "\(place), line \(position.line), column \(position.column) of text"
                if isStrict, finding.isError {
                    errors.append("\(line): \(finding.diagnostic.message)")
                } else {
                    warnings.append("\(line): warning: \(finding.diagnostic.message)")
                }
            }
        }
        guard errors.isEmpty else {
            throw CommandError(
                errors.joined(separator: "\n"),
                advice: "nothing was changed; correct the policies, or leave --strict out"
            )
        }
        self.warnings = warnings
    }
}
