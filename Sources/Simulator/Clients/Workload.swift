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
    /// Agents that have had a grant, as clients were told.
    private var granted: [Int] = []
    /// By agent: how many grants clients have asked for and not been told of.
    private var openGrants = Array(repeating: 0, count: Population.agentCount)
    /// Agents that were removed, as clients were told.
    private var gone: [Int] = []
    private var quarantines: [Quarantine] = []
    /// By document: its revision, as clients were told.
    private var seen = Array(repeating: LogIndex.zero, count: Population.documentCount)
    private var revokers = Revokers()
    /// Drafts of the changing set that clients were told of.
    private var drafts: [UInt64] = []
    /// How many nodes operators label and roll out over; 0 where they do not.
    private let rolloutNodes: Int

    /// An agent that two administrators quarantine, each for a reason of its own, of whom one thinks better of it.
    private struct Quarantine: Sendable {
        let agent: Int
        var statements: [Digest] = []
        var isLifted = false
    }

    package init(population: Population, rolloutNodes: Int = 0) {
        self.population = population
        self.rolloutNodes = rolloutNodes
        self.pendingSetup = population.setup.reversed()
    }

    package var isSetUp: Bool { pendingSetup.isEmpty }

    package mutating func nextSetup() -> CommandBody? { pendingSetup.popLast() }

    mutating func next(at now: Instant, random: inout SeededRandom) -> ClientAct {
        if rolloutNodes > 0, random.chance(200_000) { return rollOut(random: &random) }
        switch random.below(100) {
        case ..<27: return .update(document: document(random: &random))
        case ..<31: return .updateSeen(document: document(random: &random))
        case ..<34: return .escalate(agent: agent(random: &random), random.element(of: Escalation.allCases) ?? .revoke)
        case ..<44: return createAgent()
        case ..<54: return grant(at: now, random: &random)
        case ..<57: return draft()
        case ..<60: return random.element(of: drafts).map { .activate(version: $0) } ?? draft()
        case ..<63: return revocation(random: &random) ?? createAgent()
        case ..<65: return quarantine(random: &random) ?? createAgent()
        case ..<67: return removal(random: &random) ?? createAgent()
        case ..<73: return statement(random: &random)
        case ..<79: return .read(document: document(random: &random))
        case ..<85: return .readCurrent(document: document(random: &random))
        case 85:
            let document = document(random: &random)
            return .pry(agent: agent(random: &random), about: Population.standing, document: document)
        default: return .decide(agent: agent(random: &random), document: document(random: &random))
        }
    }

    /// - Parameters:
    ///   - number: Of the operation; becomes the value that a resource gets.
    ///   - known: The highest revision that a client was told of.
    ///   - members: By machine.
    ///   - node: The machine that is asked first.
    func intent(
        of act: ClientAct,
        _ number: Int,
        known: LogIndex,
        askedOf node: Int,
        in lineage: Lineage,
        members: [MemberID]
    ) -> ClientOperation.Intent {
        // A schedule may be of more machines than there are.
        let member = members[min(node, members.count - 1)]
        return switch act {
        case .label(let node, let isCanary):
            .write(.labelNode(members[min(node, members.count - 1)], Population.labelling(isCanary)))
        case .rollOut(let version): .write(.beginRollout(Population.rollout(of: version), .none))
        case .steerRollout(let step): .write(.steerRollout(set: Population.changingSet, step.act))
        case .update(let document):
            .write(.put(.resource(population.document(document, value: Int64(number))), .mustExist))
        case .updateSeen(let document):
            .write(.put(.resource(population.document(document, value: Int64(number))), .revision(seen[document])))
        case .createAgent(let agent): .write(.put(.principal(population.agent(agent)), .none))
        case .grant(let agent, let end):
            .write(.put(.assignment(population.grant("grant-\(number)", to: agent, until: end)), .none))
        case .draft(let number):
            .write(.draftPolicies(PolicyDraft(set: Population.changingSet, text: Self.draftText(number))))
        case .activate(let version): .write(.activatePolicies(set: Population.changingSet, version: version, .none))
        case .revoke(let agent):
            .write(population.revocation(of: agent, reason: "simulated compromise"))
        case .quarantine(let agent):
            .write(.quarantine(population.agents[agent], .quarantine, reason: "simulated doubt \(number)"))
        case .lift(let agent):
            .write(.liftQuarantine(statements: Array(statements(against: agent).prefix(1)), reason: "simulated relief"))
        case .remove(let agent): .write(.delete(.principal(population.agents[agent]), .none))
        case .read(let document): .read(resource: document, atLeast: known)
        case .readCurrent(let document): .readCurrent(resource: document)
        case .decide(let agent, let document): .decide(agent: agent, resource: document)
        case .pry(let agent, let about, let document): .pry(agent: agent, about: about, resource: document)
        case .escalate(let agent, let escalation):
            .escalate(agent: agent, population.command(of: escalation, by: agent, against: member, in: lineage))
        case .state(let act): .state(population.statement(act, in: lineage))
        case .withdrawWarrant(let number): .write(.withdrawWarrant(name: Population.warrantNames[number]))
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
            if let agent = population.agents.firstIndex(of: spec.id), agent != Population.standing,
                !revoked.contains(agent)
            {
                created.append(agent)
            }
        case .put(.assignment(let spec), _):
            if let agent = population.agents.firstIndex(of: spec.principal), agent != Population.standing {
                openGrants[agent] -= 1
                if !revoked.contains(agent) { granted.append(agent) }
            }
        case .put(.resource(let spec), _):
            if let document = population.documents.firstIndex(of: spec.id) {
                seen[document] = max(seen[document], result.objectRevision)
            }
        case .delete(.principal(let id), _):
            if let agent = population.agents.firstIndex(of: id) { gone.append(agent) }
        case .quarantine(let id, _, _, _):
            if let place = quarantines.firstIndex(where: { population.agents[$0.agent] == id }) {
                quarantines[place].statements += result.created.compactMap(Digest.init(hex:))
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
        openGrants[agent] += 1
        return .grant(agent: agent, until: end)
    }

    /// Of somebody whose grants were all told of, so that none of them is on its way. Those that are gone come back under their
    /// names, as those do that were revoked.
    private mutating func removal(random: inout SeededRandom) -> ClientAct? {
        if random.chance(300_000), let agent = random.element(of: gone + revoked) { return .createAgent(agent) }
        let settled = granted.filter { openGrants[$0] == 0 && Population.below($0).isEmpty }
        guard let agent = random.element(of: settled) else { return nil }
        return .remove(agent: take(agent))
    }

    /// A second one for those that have one, then an end of the first.
    private mutating func quarantine(random: inout SeededRandom) -> ClientAct? {
        if let place = quarantines.firstIndex(where: { !$0.isLifted && $0.statements.count > 1 }) {
            quarantines[place].isLifted = true
            return .lift(agent: quarantines[place].agent)
        }
        if let once = quarantines.first(where: { $0.statements.count == 1 }) { return .quarantine(agent: once.agent) }
        guard let agent = random.element(of: granted) else { return nil }
        quarantines.append(Quarantine(agent: take(agent)))
        return .quarantine(agent: agent)
    }

    private func statements(against agent: Int) -> [Digest] {
        quarantines.first { $0.agent == agent }?.statements ?? []
    }

    private mutating func draft() -> ClientAct {
        nextDraft += 1
        return .draft(nextDraft)
    }

    private mutating func rollOut(random: inout SeededRandom) -> ClientAct {
        switch random.below(20) {
        case ..<10: return .label(node: random.below(rolloutNodes), isCanary: random.chance(800_000))
        case ..<17: return random.element(of: drafts).map { .rollOut(version: $0) } ?? draft()
        case 17: return .steerRollout(.halt)
        case 18: return .steerRollout(.resume)
        default: return .steerRollout(.abort)
        }
    }

    private mutating func statement(random: inout SeededRandom) -> ClientAct {
        guard let agent = random.chance(700_000) ? random.element(of: granted) : random.element(of: created) else {
            return createAgent()
        }
        switch random.below(20) {
        case ..<11: return .state(revokers.statement(against: take(agent), random: &random))
        case 11, 12: return revokers.replay(random: &random).map { .state($0) } ?? createAgent()
        case 13, 14:
            guard let act = revokers.second(against: agent, random: &random) else { return createAgent() }
            _ = take(agent)
            return .state(act)
        case 15: return random.chance(300_000) ? .withdrawWarrant(Population.withdrawnWarrant) : createAgent()
        default: return .state(revokers.attack(against: agent, random: &random))
        }
    }

    /// Of which no client thinks from now on that it may do anything.
    private mutating func take(_ agent: Int) -> Int {
        created.removeAll { $0 == agent }
        granted.removeAll { $0 == agent }
        if !revoked.contains(agent) { revoked.append(agent) }
        return agent
    }

    /// Against those that were created last, under the warrant that is for scenarios.
    mutating func statements(against count: Int, _ kind: RevocationKind) -> [StatementAct] {
        takeForRevocation(count).map { revokers.next(Population.scenarioWarrant, kind, $0) }
    }

    private mutating func revocation(random: inout SeededRandom) -> ClientAct? {
        guard !created.isEmpty else { return nil }
        return .revoke(agent: take(created[random.below(created.count)]))
    }

    /// A client begins what it did not draw: a schedule says so. What it revokes nobody else takes to be in force, as if it had.
    mutating func follows(_ act: ClientAct) {
        switch act {
        case .grant(let agent, _): openGrants[agent] += 1
        case .revoke(let agent): if created.contains(agent) { _ = take(agent) }
        case .remove(let agent): _ = take(agent)
        case .quarantine(let agent):
            guard !quarantines.contains(where: { $0.agent == agent }) else { return }
            quarantines.append(Quarantine(agent: take(agent)))
        case .state(let act):
            revokers.follows(act)
            if act.flaw == .none, created.contains(act.agent) { _ = take(act.agent) }
        default: return
        }
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
