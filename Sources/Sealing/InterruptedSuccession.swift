package import Kernel

/// Where a member has lost the way: it missed a step from the voters that it could lead to, and has heard of a later one. It leads on from
/// that one, and asks others for what is between.
package struct InterruptedSuccession: Hashable, Sendable {
    /// What led to the voters where it breaks off.
    package let steps: Succession
    /// Those.
    package let voters: VoterSet
    /// Of the later step: who needs what is between knows voters from before.
    package let time: WallTime

    /// Nil where the later steps still lead on from those voters, or end with them.
    package init?(_ steps: Succession, to voters: VoterSet, before later: Succession) {
        guard let end = later.end, end != voters, !later.steps.contains(where: { $0.predecessor == voters.digest })
        else { return nil }
        self.steps = steps
        self.voters = voters
        time = later.lastTime
    }

    /// The whole of it, by what another says is between.
    ///
    /// - Parameter later: What this member has from the step on that it heard of.
    /// - Returns: Nil where what is said does not lead there.
    package func resumed(
        by between: [TransitionSeal],
        to later: Succession,
        _ verifier: any SignatureVerifier
    ) throws(SealRefusal) -> Succession? {
        guard between.first?.predecessor == voters.digest else { return nil }
        var (whole, known) = (steps, voters)
        for step in between {
            try step.verify(from: known, verifier)
            whole.append(step)
            known = step.voters
        }
        for step in later.steps(from: known.digest, since: whole.lastTime) { whole.append(step) }
        return whole.end == later.end ? whole : nil
    }
}
