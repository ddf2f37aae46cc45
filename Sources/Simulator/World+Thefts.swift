internal import Cedar
internal import Consensus
internal import Decision
internal import Directory
internal import Identity
internal import Kernel
internal import Replica

/// A credential that somebody else has, too.
struct Theft: Sendable {
    let number: Int
    let loot: Loot
    let noticedAt: Instant
    /// Whom nodes take the thief for.
    let caller: Caller
    let secretDigest: Digest
    /// The agent whose token it is.
    let robbed: PrincipalID
    var stage: Stage
    var turn = 0

    enum Stage: Sendable {
        /// What has to be done before there is something to steal, and what is under way of it.
        case making(rest: [CommandBody], operation: Int?)
        case unnoticed
        case withdrawing(operation: Int)
        case withdrawn
        /// Nobody knows whether there is anything to steal, or whether it is taken away.
        case unclear
    }
}

/// Attackers who have what is somebody else's.
extension World {
    private static let thievingInterval = Span.milliseconds(250)

    mutating func beginTheft(of loot: Loot, noticedAfter span: Span) {
        let number = thefts.count
        guard let robbed = PrincipalID(kind: .agent, name: Self.name(number)) else {
            return invariant(false, "\(Self.name(number)) fits the grammar of names")
        }
        let digest = secrets.digest(of: "what thief \(number + 1) has stolen")
        thefts.append(
            Theft(
                number: number,
                loot: loot,
                noticedAt: now.advanced(by: span),
                caller: loot == .administrator
                    ? .administrator(fingerprint: digest) : .principal(robbed, token: Self.token(number)),
                secretDigest: digest,
                robbed: robbed,
                stage: .making(rest: Self.making(loot, number, digest, robbed).reversed(), operation: nil)
            )
        )
        queue.schedule(.thieve(theft: number), at: now)
    }

    private static func token(_ number: Int) -> String { "stolen-\(number)" }

    private static func name(_ number: Int) -> String { "robbed-\(number)" }

    /// What makes the credential, in order.
    private static func making(
        _ loot: Loot,
        _ number: Int,
        _ digest: Digest,
        _ id: PrincipalID
    ) -> [CommandBody] {
        switch loot {
        case .administrator: [.addAdministrator(fingerprint: digest, name: name(number))]
        case .token:
            [
                .put(.principal(PrincipalSpec(id: id)), .none),
                .put(
                    .assignment(
                        AssignmentSpec(
                            id: name(number),
                            principal: id,
                            role: Population.role,
                            expiresAt: Population.standingExpiry
                        )
                    ),
                    .none
                ),
                .issueToken(
                    TokenGrant(
                        id: token(number),
                        principal: id,
                        secretDigest: digest,
                        expiresAt: Population.standingExpiry
                    )
                ),
            ]
        }
    }

    /// A token is revoked, or deleted as who puts another in its place does.
    private static func withdrawal(of theft: Theft) -> CommandBody {
        switch theft.loot {
        case .administrator: .removeAdministrator(fingerprint: theft.secretDigest)
        case .token:
            theft.number.isMultiple(of: 2)
                ? .revoke(.token(token(theft.number)), reason: "simulated theft")
                : .delete(.token(token(theft.number)), .none)
        }
    }

    mutating func thieve(_ number: Int) throws(Violation) {
        // Forgotten with a cluster that was restored.
        guard thefts.indices.contains(number), now < loadEnds else { return }
        queue.schedule(.thieve(theft: number), at: now.advanced(by: Self.thievingInterval))
        switch thefts[number].stage {
        case .making(let rest, let operation): try make(number, rest, after: operation)
        case .unnoticed where now >= thefts[number].noticedAt:
            let operation = invoke(.write(Self.withdrawal(of: thefts[number])))
            thefts[number].stage = .withdrawing(operation: operation)
            try attempt(operation)
        case .withdrawing(let operation):
            try followWithdrawal(number, operation)
            try use(number)
        case .unnoticed, .withdrawn: try use(number)
        case .unclear: return
        }
    }

    private mutating func make(_ number: Int, _ rest: [CommandBody], after operation: Int?) throws(Violation) {
        switch operation.map({ operations[$0].outcome }) {
        case .pending: return
        case nil, .done:
            var rest = rest
            guard let next = rest.popLast() else { return thefts[number].stage = .unnoticed }
            let operation = invoke(.write(next))
            thefts[number].stage = .making(rest: rest, operation: operation)
            try attempt(operation)
        default: thefts[number].stage = .unclear
        }
    }

    private mutating func followWithdrawal(_ number: Int, _ operation: Int) throws(Violation) {
        switch operations[operation].outcome {
        case .pending: return
        case .done(let done):
            thefts[number].stage = .withdrawn
            try thieves.withdrawn(number, at: done.revision, by: operations[operation].node, now: now)
        case .unknown, .notTaken: thefts[number].stage = .unnoticed
        default: thefts[number].stage = .unclear
        }
    }

    /// One node after the other. What an administrator's key is good for is tried once it is good for nothing; before, it leaves a mark
    /// that is of no use to anybody.
    private mutating func use(_ number: Int) throws(Violation) {
        let turn = thefts[number].turn
        thefts[number].turn += 1
        let present = machines.indices.filter(membership.isPresent)
        let node = present[turn % present.count]
        if thefts[number].loot == .token { try askAsThief(number, at: node) }
        guard !membership.isForEdge(node), thefts[number].loot == .administrator || turn.isMultiple(of: 3) else {
            return
        }
        let escalation = Escalation.allCases[turn % Escalation.allCases.count]
        let body =
            thieves.isWithdrawn(number) || thefts[number].loot == .token
            ? population.command(of: escalation, by: Population.standing, against: members[node], in: lineage)
            : .put(.resource(ResourceSpec(id: EntityName(type: "Loot", id: "l\(number)"))), .none)
        try attempt(invoke(.usurp(theft: number, body)), at: node)
    }

    /// May who has the token read?
    private mutating func askAsThief(_ number: Int, at node: Int) throws(Violation) {
        guard let process = machines[node].process, process.isServing, machines[node].pause == nil,
            let query = Self.query(of: thefts[number].robbed, population.documents[0])
        else { return }
        let moment = process.freshness.map {
            DecisionMoment($0, at: machines[node].clock.moment(at: now), rules: nodeOptions.clocks)
        }
        let credential = Credential.token(secretDigest: thefts[number].secretDigest)
        let answer = process.decisions.decide(query, by: credential, at: moment)
        trace.hash.combine(answer.code.rawValue)
        guard answer.isAllowed else { return thieves.wasRefused(number) }
        let applied = max(machines[node].state.current.point.position.index, answer.revision)
        try thieves.wasAllowed(number, by: node, applied: applied, at: now, basis(of: node))
    }

    private static func query(of robbed: PrincipalID, _ document: EntityName) -> DecisionQuery? {
        try? DecisionQuery(
            subject: (robbed.kind.rawValue, robbed.name, .empty),
            action: (Population.action, .empty),
            resource: (document.type, document.id, .empty)
        )
    }

    /// Asks with every token that was taken away.
    mutating func probeThefts(_ node: Int) throws(Violation) {
        for theft in thefts where theft.loot == .token && thieves.isWithdrawn(theft.number) {
            try askAsThief(theft.number, at: node)
        }
    }
}
