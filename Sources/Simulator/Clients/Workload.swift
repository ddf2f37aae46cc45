package import Directory
package import Kernel

/// Draws what clients do next: a mixed load over the population, biased by what they know to exist.
package struct Workload: Sendable {
    private let population: Population
    private var pendingSetup: [CommandBody]
    private var nextAgent = 1
    private var nextDraft = 0
    /// Agents that exist, as clients were told; those that were revoked since are in `revoked`.
    private var created: [Int] = []
    private var revoked: [Int] = []
    /// Drafts of the changing set that clients were told of.
    private var drafts: [UInt64] = []

    package init(population: Population) {
        self.population = population
        self.pendingSetup = population.setup.reversed()
    }

    package var isSetUp: Bool { pendingSetup.isEmpty }

    package mutating func nextSetup() -> CommandBody? { pendingSetup.popLast() }

    /// - Parameters:
    ///   - number: Of the operation; becomes the value that a resource gets.
    ///   - known: The highest revision that a client was told of.
    package mutating func next(
        _ number: Int,
        known: LogIndex,
        at now: Instant,
        random: inout SeededRandom
    ) -> ClientOperation.Intent {
        switch random.below(100) {
        case ..<38: return .write(update(number, random: &random))
        case ..<48: return .write(createAgent())
        case ..<58: return grant(number, at: now, random: &random)
        case ..<62: return .write(draft())
        case ..<65: return .write(activation(random: &random) ?? draft())
        case ..<69: return .write(revocation(random: &random) ?? createAgent())
        case ..<77: return .read(resource: random.below(population.documents.count), atLeast: known)
        case ..<84: return .readCurrent(resource: random.below(population.documents.count))
        default:
            return .decide(agent: agent(random: &random), resource: random.below(population.documents.count))
        }
    }

    /// A client was told that a write is done.
    package mutating func learned(_ body: CommandBody, _ result: CommandResult.Done) {
        switch body {
        case .put(.principal(let spec), _):
            if let agent = population.agents.firstIndex(of: spec.id), agent != Population.standing {
                created.append(agent)
            }
        case .draftPolicies(let draft) where draft.set == Population.changingSet:
            if let version = result.created.first.flatMap({ UInt64($0) }) { drafts.append(version) }
        default: return
        }
    }

    private func update(_ number: Int, random: inout SeededRandom) -> CommandBody {
        let document = random.below(population.documents.count)
        return .put(.resource(population.document(document, value: Int64(number))), .mustExist)
    }

    private mutating func createAgent() -> CommandBody {
        let agent = min(nextAgent, population.agents.count - 1)
        nextAgent += 1
        return .put(.principal(PrincipalSpec(id: population.agents[agent])), .none)
    }

    private mutating func grant(
        _ number: Int,
        at now: Instant,
        random: inout SeededRandom
    ) -> ClientOperation.Intent {
        guard let agent = random.element(of: created) else { return .write(createAgent()) }
        let expiry = VirtualClock.trueWall(at: now).advanced(by: random.span(.seconds(2)...(.seconds(60))))
        return .write(.put(.assignment(population.grant("grant-\(number)", to: agent, until: expiry)), .none))
    }

    private mutating func draft() -> CommandBody {
        nextDraft += 1
        let text = """
            @id("experiment-\(nextDraft)")
            forbid (principal, action == Action::"experiment", resource);
            """
        return .draftPolicies(PolicyDraft(set: Population.changingSet, text: text))
    }

    private func activation(random: inout SeededRandom) -> CommandBody? {
        random.element(of: drafts).map { .activatePolicies(set: Population.changingSet, version: $0, .none) }
    }

    private mutating func revocation(random: inout SeededRandom) -> CommandBody? {
        guard !created.isEmpty else { return nil }
        let agent = created.remove(at: random.below(created.count))
        revoked.append(agent)
        return .revoke(.principal(population.agents[agent]), reason: "simulated compromise")
    }

    private func agent(random: inout SeededRandom) -> Int {
        switch random.below(3) {
        case 0: random.element(of: revoked) ?? Population.standing
        case 1: random.element(of: created) ?? Population.standing
        default: Population.standing
        }
    }
}
