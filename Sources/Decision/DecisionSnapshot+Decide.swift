package import Cedar
package import Directory
internal import HashTreeCollections
package import Identity
internal import JSON
internal import Kernel

extension DecisionSnapshot {
    /// May the subject do this? Deny by default, and for every doubt.
    ///
    /// The order of work: whose credential this is and whether it is in force; whether its holder may ask for the subject;
    /// the subject's standing; age; what of the request's properties counts; the policies. Standing is looked at before any
    /// policy, so that no policy gives back what was taken away.
    ///
    /// - Parameters:
    ///   - moment: What the node knows of the present; nil when it has no proof, which denies.
    ///   - workspace: Of the thread that decides, so that nothing is allocated for an allow. Changes nothing of the answer.
    package func decide(
        _ query: DecisionQuery,
        by credential: Credential,
        at moment: DecisionMoment?,
        using workspace: DecisionWorkspace = DecisionWorkspace()
    ) -> DecisionAnswer {
        var work = DecisionWork(snapshot: self, moment: moment, workspace: workspace)
        defer { workspace.clear() }
        return work.answer(to: query, by: credential)
    }

    /// May the caller do something to Reeve itself? Decided by the active administration policies.
    ///
    /// - Parameter action: Id of a `Reeve::Action`, such as `explain` or `read`.
    package func authorize(
        _ credential: Credential,
        action: String,
        on resource: EntityUID,
        context: Cedar.Record = .empty,
        at moment: DecisionMoment?
    ) -> DecisionAnswer {
        var work = DecisionWork(snapshot: self, moment: moment, workspace: DecisionWorkspace())
        let code: DecisionCode
        do throws(Denial) {
            code = try work.authorize(credential, action, resource, context)
        } catch {
            code = error.code
        }
        return work.answer(code)
    }
}

extension DecisionSnapshot {
    /// Why whoever shows this is denied everything, whatever it wants; nil where nothing here says so.
    package func exclusion(of credential: Credential, at moment: DecisionMoment?) -> DecisionCode? {
        var work = DecisionWork(snapshot: self, moment: moment, workspace: DecisionWorkspace())
        do throws(Denial) { try work.checkCaller(credential) } catch { return error.code }
        return nil
    }
}

/// Ends the work on a decision.
struct Denial: Error {
    let code: DecisionCode

    init(_ code: DecisionCode) { self.code = code }
}

/// One decision in the making: what was found so far.
struct DecisionWork {
    let snapshot: DecisionSnapshot
    let moment: DecisionMoment?
    private let workspace: DecisionWorkspace
    private var caller: EntityUID?
    private var verdict: PolicyVerdict?
    /// What the policies were asked; nil when it did not come to that.
    private(set) var request: Request?
    private(set) var ignored: [DecisionAnswer.IgnoredProperty] = []
    /// Entities as the request describes them, where it may.
    private var overlay: [(uid: EntityUID, facts: EntityFacts)] = []
    /// What was brought upon the caller or the subject by others.
    private var effects: [CascadeEffect] = []
    private var isCallerRestricted = false
    private var isSubjectRestricted = false

    init(snapshot: DecisionSnapshot, moment: DecisionMoment?, workspace: DecisionWorkspace) {
        self.snapshot = snapshot
        self.moment = moment
        self.workspace = workspace
    }

    mutating func answer(to query: DecisionQuery, by credential: Credential) -> DecisionAnswer {
        let code: DecisionCode
        do throws(Denial) { code = try decide(query, credential) } catch { code = error.code }
        return answer(code)
    }

    /// Of the policies about the question itself, and for each property that the caller asserts a policy a step.
    var steps: Int { (verdict?.steps ?? 0) + assertionSteps }
    private var assertionSteps = 0

    func answer(_ code: DecisionCode) -> DecisionAnswer {
        DecisionAnswer(
            code: code,
            revision: snapshot.revision,
            epoch: snapshot.epoch,
            age: moment?.age,
            caller: caller,
            policies: verdict?.deciding ?? .none,
            failures: verdict?.failures ?? [],
            ignoredProperties: ignored,
            cascades: effects,
            duties: verdict?.duties ?? .none
        )
    }

    mutating func decide(_ query: DecisionQuery, _ credential: Credential) throws(Denial) -> DecisionCode {
        let moment = try usableMoment()
        let caller = try authenticate(credential, moment)
        if query.subject.uid == caller.uid {
            try checkStanding(of: caller, isSubject: true)
            isCallerRestricted = isSubjectRestricted
        } else {
            try checkStanding(of: caller, isSubject: false)
            try checkMayAsk(caller.uid, for: query, moment)
            try checkStanding(of: party(query.subject.uid, PrincipalID(query.subject.uid)), isSubject: true)
        }
        guard moment.age <= snapshot.maximumAge else { throw Denial(.stale) }
        try assert(query.subject, caller.uid, moment)
        try assert(query.resource, caller.uid, moment)
        let request = request(query, moment)
        self.request = request
        workspace.turn(to: request, snapshot.entitiesInForce, in: moment.interval, overlay: overlay)
        let verdict = PolicyVerdict(
            of: snapshot.policies,
            by: &workspace.evaluator,
            in: PermitCircumstances(
                age: moment.age,
                actionAge: snapshot.actionAge(request.action, exceededBy: moment.age),
                isRestricted: isSubjectRestricted
            )
        )
        self.verdict = verdict
        if snapshot.hasCascades, !verdict.isPermitted { effects += snapshot.undoneRoles(of: query.subject.uid) }
        return DecisionCode(verdict.outcome)
    }

    /// The entities as the policies see them.
    func entities(_ moment: DecisionMoment) -> EntityView {
        EntityView(snapshot.entitiesInForce, in: moment.interval, overlay: overlay)
    }

    mutating func authorize(
        _ credential: Credential,
        _ action: String,
        _ resource: EntityUID,
        _ context: Cedar.Record
    ) throws(Denial) -> DecisionCode {
        let moment = try usableMoment()
        let caller = try authenticate(credential, moment)
        try checkStanding(of: caller, isSubject: true)
        isCallerRestricted = isSubjectRestricted
        guard moment.age <= snapshot.maximumAge else { throw Denial(.stale) }
        let request = Request(
            principal: caller.uid,
            action: EntityUIDs.action(action),
            resource: resource,
            context: context
        )
        workspace.turn(to: request, snapshot.entitiesInForce, in: moment.interval)
        let verdict = PolicyVerdict(
            of: snapshot.administration.map { [$0] } ?? [],
            by: &workspace.evaluator,
            in: PermitCircumstances(age: moment.age, isRestricted: isCallerRestricted)
        )
        self.verdict = verdict
        return DecisionCode(verdict.outcome)
    }

    mutating func checkCaller(_ credential: Credential) throws(Denial) {
        try checkStanding(of: authenticate(credential, usableMoment()), isSubject: false)
    }

    func usableMoment() throws(Denial) -> DecisionMoment {
        guard snapshot.isUsable, let moment else { throw Denial(.notReady) }
        return moment
    }

    // MARK: Who asks

    struct Party {
        let uid: EntityUID
        /// Nothing of what comes from above. Nil for administrators and nodes, and for who is no principal.
        let ownStatus: SubjectStatus?
    }

    private func party(_ uid: EntityUID, _ principal: PrincipalID?) -> Party {
        Party(uid: uid, ownStatus: principal.map { snapshot.ownStatus(.principal($0)) })
    }

    mutating func authenticate(
        _ credential: Credential,
        _ moment: DecisionMoment
    ) throws(Denial) -> Party {
        let known: Party =
            switch credential {
            case .administrator(let fingerprint): party(EntityUIDs.administrator(fingerprint), nil)
            case .principal(let id): party(EntityUIDs.principal(id), id)
            case .token(let digest): try holder(of: digest, moment)
            case .node(let member): party(EntityUIDs.node(member), nil)
            }
        caller = known.uid
        guard snapshot.knows(known.uid) || isRevoked(known) else { throw unknown(.callerUnknown, moment) }
        return known
    }

    /// A node that has heard nothing for so long that it may not decide cannot tell whom the others know by now.
    private func unknown(_ code: DecisionCode, _ moment: DecisionMoment) -> Denial {
        Denial(moment.age <= snapshot.maximumAge ? code : .notReady)
    }

    /// Who is no more is told that it is revoked all the same.
    private func isRevoked(_ party: Party) -> Bool {
        guard let status = party.ownStatus else { return false }
        return status == .revoked || snapshot.hasCascades && snapshot.cascade(above: party.uid).status == .revoked
    }

    private mutating func holder(of digest: Digest, _ moment: DecisionMoment) throws(Denial) -> Party {
        guard let token = snapshot.token(digest) else { throw unknown(.tokenUnknown, moment) }
        let uid = EntityUIDs.principal(token.principal)
        caller = uid
        guard snapshot.status(.token(token.id)) == .active else { throw Denial(.tokenRevoked) }
        if snapshot.hasCascades, let issuer = token.issuer { try checkIssuer(issuer) }
        // As for grants: at the latest moment that the present may be.
        guard moment.interval.latest < token.expiresAt else { throw Denial(.tokenExpired) }
        return party(uid, token.principal)
    }

    /// Somebody else's word for the holder counts for nothing when that one's grants do.
    private mutating func checkIssuer(_ issuer: EntityUID) throws(Denial) {
        switch snapshot.cascade(onGrantsOf: issuer) {
        case .none: return
        case .under(let cascade): effects.append(CascadeEffect(cascade, on: .token(issuer: issuer)))
        case .unknown: break
        }
        throw Denial(.tokenRevoked)
    }

    mutating func checkStanding(of party: Party, isSubject: Bool) throws(Denial) {
        guard var status = party.ownStatus else { return }
        if snapshot.hasCascades { try lower(&status, of: party.uid) }
        switch status {
        case .active: return
        case .restricted where isSubject: isSubjectRestricted = true
        case .restricted: throw Denial(.callerRestricted)
        case .quarantined: throw Denial(isSubject ? .principalQuarantined : .callerQuarantined)
        case .revoked: throw Denial(isSubject ? .principalRevoked : .callerRevoked)
        }
    }

    private mutating func lower(_ status: inout SubjectStatus, of principal: EntityUID) throws(Denial) {
        switch snapshot.cascade(above: principal) {
        case .none: return
        case .under(let cascade):
            guard cascade.status > status else { return }
            status = cascade.status
            effects.append(CascadeEffect(cascade, on: .standing(of: principal)))
        // Nobody knows what it would have to be denied for.
        case .unknown: throw Denial(.policyError)
        }
    }

    private func checkMayAsk(
        _ caller: EntityUID,
        for query: DecisionQuery,
        _ moment: DecisionMoment
    ) throws(Denial) {
        let request = Request(
            principal: caller,
            action: EntityUIDs.action("decideFor"),
            resource: query.subject.uid,
            context: Cedar.Record(fields: [
                Cedar.Record.Field(name: "action", value: .entity(query.action)),
                Cedar.Record.Field(name: "resource", value: .entity(query.resource.uid)),
            ])
        )
        guard isAdministrationPermitted(request, moment) else { throw Denial(.notAuthorizedForSubject) }
    }

    // MARK: What counts of the request

    /// What the directory holds wins, and a differing value denies. The rest counts where the caller may assert it.
    mutating func assert(
        _ description: DecisionQuery.Description,
        _ caller: EntityUID,
        _ moment: DecisionMoment
    ) throws(Denial) {
        guard !description.properties.isEmpty else { return }
        let uid = description.uid
        let known = overlay.first { $0.uid == uid }?.facts ?? snapshot.entitiesInForce.facts(uid)
        assertionSteps += description.properties.fields.count * (snapshot.administration?.rules.count ?? 0)
        var counted: [Cedar.Record.Field] = []
        for field in description.properties.fields {
            if let value = known?.attributes[field.name] {
                guard value == field.value else { throw Denial(.attributeConflict) }
            } else if mayAssert(field.name.text, of: uid.type, caller, moment) {
                counted.append(field)
            } else {
                ignored.append(DecisionAnswer.IgnoredProperty(entity: uid, name: field.name.text))
            }
        }
        guard !counted.isEmpty else { return }
        let record = Cedar.Record(fields: counted)
        overlay.removeAll { $0.uid == uid }
        overlay.append((uid, known?.adding(record) ?? EntityFacts(described: record)))
    }

    private func mayAssert(
        _ name: String,
        of type: EntityTypeName,
        _ caller: EntityUID,
        _ moment: DecisionMoment
    ) -> Bool {
        // What Reeve sets, or leaves unset, nobody may claim.
        let reserved =
            PrincipalKind(entityType: type) == nil
            ? EntityFacts.reservedResourceAttributes : EntityFacts.reservedPrincipalAttributes
        guard !reserved.contains(name) else { return false }
        let request = Request(
            principal: caller,
            action: EntityUIDs.action("assert"),
            resource: EntityUIDs.attribute(name, ofType: type)
        )
        return isAdministrationPermitted(request, moment)
    }

    // MARK: Policies

    func request(_ query: DecisionQuery, _ moment: DecisionMoment) -> Request {
        // Nobody can tell what nobody looks at: without it, the request is there already.
        guard snapshot.policiesAskAboutKnowledge else { return query.request }
        return Request(
            principal: query.subject.uid,
            action: query.action,
            resource: query.resource.uid,
            context: query.request.context.merging(
                Cedar.Record(fields: [Cedar.Record.Field(name: PolicyRule.knowledge, value: .record(knowledge(moment)))]
                )
            )
        )
    }

    /// What policies may ask about the knowledge that they are evaluated with, as `context.reeve`.
    private func knowledge(_ moment: DecisionMoment) -> Cedar.Record {
        Cedar.Record(fields: [
            Cedar.Record.Field(name: "age_ms", value: .long(Int64(clamping: moment.age.milliseconds))),
            Cedar.Record.Field(name: "earliest", value: .datetime(CedarDateTime(moment.interval.earliest))),
            Cedar.Record.Field(name: "epoch", value: .long(Int64(clamping: snapshot.epoch))),
            Cedar.Record.Field(name: "latest", value: .datetime(CedarDateTime(moment.interval.latest))),
            Cedar.Record.Field(name: "revision", value: .long(Int64(clamping: snapshot.revision.number))),
        ])
    }

    private func isAdministrationPermitted(_ request: Request, _ moment: DecisionMoment) -> Bool {
        guard let administration = snapshot.administration else { return false }
        // Without the overlay: what a request says of somebody is no reason to believe more of what it says.
        workspace.turn(to: request, snapshot.entitiesInForce, in: moment.interval)
        return PolicyVerdict.isPermitted(
            by: administration,
            &workspace.evaluator,
            in: PermitCircumstances(age: moment.age, isRestricted: isCallerRestricted)
        )
    }
}

extension DecisionCode {
    package init(_ outcome: PolicyVerdict.Outcome) {
        switch outcome {
        case .permitted: self = .allowed
        case .forbidden: self = .forbidden
        case .failed: self = .policyError
        case .stale: self = .stale
        case .restricted: self = .principalRestricted
        case .noPermit: self = .noPermit
        }
    }
}

extension CedarDateTime {
    init(_ time: WallTime) { self.init(milliseconds: Int64(clamping: time.milliseconds)) }
}
