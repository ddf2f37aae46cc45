package import Decision
package import Kernel

/// S1 to S3 of credentials that were stolen: once one is taken away it is good for nothing any more, at no node that knows of it, or has
/// had the time to, and for no command after it in the log.
package struct TheftChecker: Sendable {
    /// By theft: where the log took the credential away, as the operator was told.
    private var withdrawals: [Int: LogIndex] = [:]
    /// By theft: the newest revision at which it was good for a command.
    private var successes: [Int: LogIndex] = [:]
    private var revocations = RevocationChecker()
    private var propagation: PropagationChecker
    /// How often somebody was let in or refused who had what was his no more.
    package private(set) var refused = 0
    /// How often a node allowed by a credential that nobody had missed yet.
    package private(set) var allowed = 0

    package init(rules: ClockRules) { propagation = PropagationChecker(rules: rules) }

    /// The operator was told by a node that a credential is taken away.
    package mutating func withdrawn(
        _ theft: Int,
        at revision: LogIndex,
        by node: Int,
        now: Instant
    ) throws(Violation) {
        withdrawals[theft] = revision
        revocations.acknowledged(theft, at: revision, by: node)
        propagation.acknowledged(theft, at: now)
        if let success = successes[theft] { try check(theft, success, "a command") }
    }

    package func isWithdrawn(_ theft: Int) -> Bool { withdrawals[theft] != nil }

    /// A thief was told that what he asked for is done.
    package mutating func succeeded(_ theft: Int, at revision: LogIndex, _ what: String) throws(Violation) {
        successes[theft] = max(successes[theft] ?? .zero, revision)
        try check(theft, revision, what)
    }

    private func check(_ theft: Int, _ revision: LogIndex, _ what: String) throws(Violation) {
        guard let withdrawal = withdrawals[theft], revision > withdrawal else { return }
        throw Violation(
            .authority,
            "\(what) is done at \(revision), by a credential that was taken away at \(withdrawal)"
        )
    }

    package mutating func wasRefused(_ theft: Int) { if isWithdrawn(theft) { refused += 1 } }

    /// A node allowed what somebody asked with a stolen credential.
    package mutating func wasAllowed(
        _ theft: Int,
        by node: Int,
        applied: LogIndex,
        at now: Instant,
        _ basis: PropagationChecker.Basis?
    ) throws(Violation) {
        allowed += 1
        do throws(Violation) {
            try revocations.allowed(theft, by: node, applied: applied)
            if let basis { try propagation.allowed(theft, by: node, at: now, basis) }
        } catch {
            throw Violation(error.invariant, "with a stolen token: \(error.message)")
        }
    }
}
