package import Directory
internal import Kernel

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

    mutating func next(at now: Instant, random: inout SeededRandom) -> ClientAct {
        switch random.below(100) {
        case ..<38: return .update(document: document(random: &random))
        case ..<48: return createAgent()
        case ..<58: return grant(at: now, random: &random)
        case ..<62: return draft()
        case ..<65: return random.element(of: drafts).map { .activate(version: $0) } ?? draft()
        case ..<69: return revocation(random: &random) ?? createAgent()
        case ..<77: return .read(document: document(random: &random))
        case ..<84: return .readCurrent(document: document(random: &random))
        default: return .decide(agent: agent(random: &random), document: document(random: &random))
        }
    }

    /// - Parameters:
    ///   - number: Of the operation; becomes the value that a resource gets.
    ///   - known: The highest revision that a client was told of.
    func intent(of act: ClientAct, _ number: Int, known: LogIndex) -> ClientOperation.Intent {
        switch act {
        case .update(let document):
            .write(.put(.resource(population.document(document, value: Int64(number))), .mustExist))
        case .createAgent(let agent): .write(.put(.principal(PrincipalSpec(id: population.agents[agent])), .none))
        case .grant(let agent, let end):
            .write(.put(.assignment(population.grant("grant-\(number)", to: agent, until: end)), .none))
        case .draft(let number):
            .write(.draftPolicies(PolicyDraft(set: Population.changingSet, text: Self.draftText(number))))
        case .activate(let version): .write(.activatePolicies(set: Population.changingSet, version: version, .none))
        case .revoke(let agent):
            .write(.revoke(.principal(population.agents[agent]), reason: "simulated compromise"))
        case .read(let document): .read(resource: document, atLeast: known)
        case .readCurrent(let document): .readCurrent(resource: document)
        case .decide(let agent, let document): .decide(agent: agent, resource: document)
        }
    }

    private static func draftText(_ number: Int) -> String {
        """
        @id("experiment-\(number)")
        forbid (principal, action == Action::"experiment", resource);
        """
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

    private func document(random: inout SeededRandom) -> Int { random.below(population.documents.count) }

    private mutating func createAgent() -> ClientAct {
        let agent = min(nextAgent, population.agents.count - 1)
        nextAgent += 1
        return .createAgent(agent)
    }

    private mutating func grant(at now: Instant, random: inout SeededRandom) -> ClientAct {
        guard let agent = random.element(of: created) else { return createAgent() }
        let end = VirtualClock.trueWall(at: now).advanced(by: random.span(.seconds(2)...(.seconds(60))))
        return .grant(agent: agent, until: end)
    }

    private mutating func draft() -> ClientAct {
        nextDraft += 1
        return .draft(nextDraft)
    }

    private mutating func revocation(random: inout SeededRandom) -> ClientAct? {
        guard !created.isEmpty else { return nil }
        let agent = created.remove(at: random.below(created.count))
        revoked.append(agent)
        return .revoke(agent: agent)
    }

    /// A client begins what it did not draw: a schedule says so. What it revokes nobody else takes to be in force, as if it had.
    mutating func follows(_ act: ClientAct) {
        guard case .revoke(let agent) = act, let place = created.firstIndex(of: agent) else { return }
        created.remove(at: place)
        revoked.append(agent)
    }

    /// Those that were created last, of which no client thinks from now on that they may do anything.
    mutating func takeForRevocation(_ count: Int) -> [Int] {
        let taken = Array(created.suffix(count))
        created.removeLast(taken.count)
        revoked += taken
        return taken
    }

    private func agent(random: inout SeededRandom) -> Int {
        switch random.below(3) {
        case 0: random.element(of: revoked) ?? Population.standing
        case 1: random.element(of: created) ?? Population.standing
        default: Population.standing
        }
    }
}
