internal import Directory
internal import Kernel

/// Draws what revokers state, and what attackers do who have heard of statements, or have a key that is not theirs.
struct Revokers: Sendable {
    /// By warrant: the number of the next statement.
    private var sequences = Array(repeating: UInt32(1), count: Population.warrantNames.count)
    private var made: [StatementAct] = []

    /// - Parameter agent: Against whom.
    mutating func statement(against agent: Int, random: inout SeededRandom) -> StatementAct {
        let warrants = [0, Population.scopedWarrant, Population.withdrawnWarrant].filter {
            Population.isInScope(agent, of: $0)
        }
        let warrant = random.element(of: warrants) ?? 0
        let isScoped = warrant == Population.scopedWarrant
        let kinds: [RevocationKind] = isScoped ? [.restrict, .quarantine] : [.restrict, .quarantine, .revoke, .revoke]
        return next(warrant, random.element(of: kinds) ?? .restrict, agent)
    }

    mutating func next(_ warrant: Int, _ kind: RevocationKind, _ agent: Int) -> StatementAct {
        let act = StatementAct(warrant: warrant, sequence: sequences[warrant], kind: kind, agent: agent)
        sequences[warrant] += 1
        made.append(act)
        return act
    }

    /// The same once more, as a revoker does who was not told.
    func replay(random: inout SeededRandom) -> StatementAct? { random.element(of: made) }

    /// Another statement under a number that has been used: the key is in two hands. Not under the first warrant, which would
    /// leave little to state in the rest of the run.
    func second(against agent: Int, random: inout SeededRandom) -> StatementAct? {
        let used = made.filter { $0.warrant != 0 && Population.isInScope(agent, of: $0.warrant) && $0.agent != agent }
        guard let first = random.element(of: used) else { return nil }
        return StatementAct(warrant: first.warrant, sequence: first.sequence, kind: first.kind, agent: agent)
    }

    /// What must count nowhere.
    func attack(against agent: Int, random: inout SeededRandom) -> StatementAct {
        let flaws = StatementAct.Flaw.allCases.filter { $0 != .none }
        let scoped = Population.scopedWarrant
        switch random.element(of: flaws) ?? .wrongKey {
        case .overBudget:
            let sequence = UInt32(random.within(1001...1100))
            return StatementAct(warrant: 0, sequence: sequence, kind: .revoke, agent: agent, flaw: .overBudget)
        case .aboveLevel:
            let place = agent - agent % 2
            return act(scoped, .revoke, Population.isInScope(place, of: scoped) ? place : 2, .aboveLevel)
        case .outOfScope: return act(scoped, .quarantine, agent | 1, .outOfScope)
        case .wrongKey:
            // Of a statement that was made, with another signature, or of one that nobody made.
            guard let first = random.element(of: made), random.chance(500_000) else {
                return act(0, .revoke, agent, .wrongKey)
            }
            return StatementAct(
                warrant: first.warrant,
                sequence: first.sequence,
                kind: first.kind,
                agent: first.agent,
                flaw: .wrongKey
            )
        case let flaw: return act(0, .revoke, agent, flaw)
        }
    }

    private func act(_ warrant: Int, _ kind: RevocationKind, _ agent: Int, _ flaw: StatementAct.Flaw) -> StatementAct {
        StatementAct(warrant: warrant, sequence: sequences[warrant], kind: kind, agent: agent, flaw: flaw)
    }

    /// A schedule says that it is made.
    mutating func follows(_ act: StatementAct) {
        guard act.flaw == .none, !made.contains(act) else { return }
        made.append(act)
        sequences[act.warrant] = max(sequences[act.warrant], act.sequence + 1)
    }
}
