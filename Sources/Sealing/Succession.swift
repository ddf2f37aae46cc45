package import Kernel

/// The transitions that lead a receiver with an older checkpoint to the voters of now, oldest first, each following from the one
/// before.
package struct Succession: Hashable, Sendable {
    package private(set) var steps: [TransitionSeal] = []

    /// More changes of the voters in seven days than any cluster sees; of more, the oldest are let go.
    package static let limit = 128

    package init() {}

    /// To whom the transitions lead; nil where there is none.
    package var end: VoterSet? { steps.last?.voters }

    /// Of the last step.
    package var lastTime: WallTime { steps.last?.statement.time ?? .distantPast }

    /// Adds a transition that this member has verified, or made, or has from its leader. One that does not follow on the last begins
    /// anew: what was before leads nowhere. One to the voters to whom the last leads is left out: it was made by a leader that had not
    /// heard of that, and may begin where nobody is any more.
    package mutating func append(_ step: TransitionSeal) {
        if let last = steps.last {
            guard last.voters != step.voters, last.statement.time < step.statement.time else { return }
            if last.voters.digest != step.predecessor { steps = [] }
        }
        if steps.count == Self.limit { steps.removeFirst() }
        steps.append(step)
    }

    /// Nobody may begin with a checkpoint from before.
    package mutating func drop(before time: WallTime) { steps.removeAll { $0.statement.time < time } }

    /// What a receiver lacks that knows these voters since this time; empty where it lacks nothing, or cannot be led.
    package func steps(from voters: Digest, since time: WallTime) -> ArraySlice<TransitionSeal> {
        steps.firstIndex { $0.predecessor == voters && $0.statement.time > time }.map { steps[$0...] } ?? []
    }
}

extension TrustedHead {
    /// Follows transitions, up to the first that is refused.
    package mutating func follow(
        _ steps: some Sequence<TransitionSeal>,
        at now: WallTime,
        _ verifier: any SignatureVerifier
    ) throws(SealRefusal) {
        for step in steps { try accept(step, at: now, verifier) }
    }
}
