internal import Cedar
internal import Identity
internal import Kernel

/// Who may administer: decided by the active version of `reeve.admin` over the state before the command.
extension Application {
    func isKnown(_ caller: Caller) throws(DirectoryError) -> Bool {
        switch caller {
        case .administrator(let fingerprint):
            try read { view throws(StateDamage) in try view.administrator(fingerprint) } != nil
        case .principal(let id, _): try read { view throws(StateDamage) in try view.principal(id) } != nil
        case .node(let member): try read { view throws(StateDamage) in try view.member(member) } != nil
        case .bootstrap: false
        }
    }

    mutating func authorize() throws(DirectoryError) {
        switch command.body {
        case .claimMember, .claimSealKey:
            // A node needs nobody's leave to say where its log is, and by which key it signs.
            guard case .node = command.caller, try isKnown(command.caller) else {
                throw .refused(.unauthorized, command.body.action)
            }
        case .judgeStatement:
            // The warrant is the leave. It is a voter's word that the signature is in order.
            guard command.caller == .node(command.authenticatedBy) else {
                throw .refused(.unauthorized, command.body.action)
            }
        case .reportRollout:
            // A voter's word that it is that node. What its word counts for is judged with what it says.
            guard case .node = command.caller else { throw .refused(.unauthorized, command.body.action) }
        case .join(let joining), .joinEdge(let joining):
            let record = try ticket(of: joining, isEdge: command.body.joinsEdge)
            try authorize(record.issuer, to: CommandBody.issueJoinTicket(record.ticket).action)
        default:
            try authorize(command.caller, to: command.body.action)
        }
    }

    /// Checks standing before any policy: what was taken away no policy gives back.
    private mutating func authorize(_ caller: Caller, to actionName: String) throws(DirectoryError) {
        try checkStanding(of: caller)
        guard try isKnown(caller), let principal = EntityUIDs.caller(caller),
            let rules = try activePolicies(Grammar.administrationSet)
        else { throw .refused(.unauthorized, actionName) }
        for resource in try targets() {
            let context = command.body.context(
                exists: try read { view throws(StateDamage) in try view.facts(resource) } != nil
            )
            let action = EntityUIDs.action(actionName)
            let request = Request(principal: principal, action: action, resource: resource, context: context)
            guard try isPermitted(request, by: rules) else {
                throw .refused(.unauthorized, actionName, resource.description)
            }
        }
    }

    private func checkStanding(of caller: Caller) throws(DirectoryError) {
        guard case .principal(let id, let token) = caller else { return }
        switch try read({ view throws(StateDamage) in try view.statusBelowAll(id) }) {
        case .active: break
        case .restricted, .quarantined: throw .refused(.callerQuarantined)
        case .revoked: throw .refused(.callerRevoked)
        }
        guard let token else { return }
        let status = try read { view throws(StateDamage) in try view.status(.token(token)) }
        let record = try read { view throws(StateDamage) in try view.token(token) }
        guard status != .revoked, let record, record.grant.principal == id, time < record.grant.expiresAt,
            try !isUndone(record)
        else { throw .refused(.callerRevoked) }
    }

    /// Whether the token comes from somebody else, whose grants count for nothing.
    private func isUndone(_ record: TokenRecord) throws(DirectoryError) -> Bool {
        guard let issuer = record.issuingPrincipal else { return false }
        return try read { view throws(StateDamage) in try view.isUndone(grantsOf: issuer) }
    }

    private func targets() throws(DirectoryError) -> [EntityUID] {
        if let resource = command.body.resource { return [resource] }
        guard case .liftQuarantine(let statements, _) = command.body else { return [EntityUIDs.cluster] }
        var subjects: [EntityUID] = []
        for id in statements.sortedUnique().prefix(Limits.statementsPerLift) {
            guard let record = try read({ view throws(StateDamage) in try view.revocation(id) }) else {
                throw .refused(.notFound, id.hex)
            }
            subjects.append(EntityUIDs.subject(record.subject))
        }
        // A list of nothing still asks whether the caller may lift at all.
        return subjects.isEmpty ? [EntityUIDs.cluster] : subjects.sortedUnique()
    }

    func isPermitted(_ request: Request, by rules: ActivePolicySet) throws(DirectoryError) -> Bool {
        let source = ViewSource(view)
        let verdict = PolicyVerdict(request, policies: [rules], entities: EntityView(source.inForce, in: .at(time)))
        if let damage = source.damage { throw .damaged(damage) }
        return verdict.isPermitted
    }

    /// The active version of a set, parsed; nil when none is active.
    mutating func activePolicies(_ name: String) throws(DirectoryError) -> ActivePolicySet? {
        guard let set = try read({ view throws(StateDamage) in try view.policySet(name) }) else { return nil }
        if let parsed = policies.find(name, at: set.metadata.revision) { return parsed }
        let latest = policies.latest(name)
        guard let parsed = try read({ view throws(StateDamage) in try view.activePolicies(name, after: latest) }) else {
            return nil
        }
        policies.keep(parsed, name, at: set.metadata.revision)
        return parsed
    }
}

/// The administration policies as last parsed, so that a command does not parse them again, and the last draft, so that
/// the next one of its set is parsed where it differs. What was parsed before makes no difference to what comes of a command.
struct ParsedPolicies: Sendable {
    private struct Place: Hashable {
        let name: String
        let revision: LogIndex
    }

    private var place: Place?
    private var policies: ActivePolicySet?
    private var draft: ActivePolicySet?

    func find(_ name: String, at revision: LogIndex) -> ActivePolicySet? {
        place == Place(name: name, revision: revision) ? policies : nil
    }

    mutating func keep(_ policies: ActivePolicySet, _ name: String, at revision: LogIndex) {
        place = Place(name: name, revision: revision)
        self.policies = policies
    }

    mutating func keepDraft(_ draft: ActivePolicySet) { self.draft = draft }

    /// A version of the set, whichever was parsed last; nil where none is kept.
    func latest(_ name: String) -> ActivePolicySet? {
        draft?.name == name ? draft : policies?.name == name ? policies : nil
    }
}
