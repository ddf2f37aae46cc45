extension CompiledEvaluator {
    /// Whether the scope admits the request as far as the codes of names tell. Only by a chance of one in 2⁶⁴ is that not so:
    /// `admits` has the last word on a policy that would count.
    ///
    /// A policy that names several actions is found once for each of them, and admitted once.
    mutating func mayAdmit(_ entry: PolicyEntry) -> Bool {
        switch entry.actionKind {
        case .any: break
        case .equal: guard entry.action == request.action.code else { return false }
        case .memberOf:
            guard branches.action != nil || entry.action == request.action.code || isMember(.action, entry.action)
            else { return false }
        case .memberOfAny where branches.action == 0: break
        case .memberOfAny: guard admits(entry.policy.actions) else { return false }
        }
        switch entry.principalKind {
        case .any: break
        case .equal: guard entry.principal == request.principal.code else { return false }
        case .memberOf:
            guard
                branches.principal == entry.principal || entry.principal == request.principal.code
                    || isMember(.principal, entry.principal)
            else { return false }
        case .isType, .isTypeIn, .nothing:
            guard admitsPrincipal(entry.principalKind, entry.policy) else { return false }
        }
        switch entry.resourceKind {
        case .any: return true
        case .equal: return entry.resource == request.resource.code
        case .memberOf:
            return branches.resource == entry.resource || entry.resource == request.resource.code
                || isMember(.resource, entry.resource)
        case .isType, .isTypeIn, .nothing: return admitsResource(entry.resourceKind, entry.policy)
        }
    }

    private mutating func isMember(_ variable: Variable, _ code: Int) -> Bool {
        unsafe node(of: variable)._withUnsafeGuaranteedRef { $0.ancestorPlace(code: code) != nil }
    }

    // MARK: By the names themselves

    /// The kinds of tests are those of the policy, from its entry: there they are in a line of memory that was read already.
    mutating func admits(_ policy: CompiledPolicy, as entry: PolicyEntry) -> Bool {
        switch entry.actionKind {
        case .any: break
        case .equal: guard policy.actions.uid == request.action else { return false }
        case .memberOf: guard isActionIn(policy.actions.uid) else { return false }
        case .memberOfAny:
            guard policy.actions.uids.contains(where: { isActionIn($0) }) else { return false }
        }
        return admitsPrincipal(entry.principalKind, policy) && admitsResource(entry.resourceKind, policy)
    }

    private mutating func admitsPrincipal(_ kind: ScopeTest.Kind, _ policy: CompiledPolicy) -> Bool {
        switch kind {
        case .any: true
        case .equal: request.principal == policy.principal.uid
        case .isType: request.principal.type == policy.principal.type
        case .memberOf: isPrincipalIn(policy.principal.uid)
        case .isTypeIn: request.principal.type == policy.principal.type && isPrincipalIn(policy.principal.uid)
        case .nothing: false
        }
    }

    private mutating func admitsResource(_ kind: ScopeTest.Kind, _ policy: CompiledPolicy) -> Bool {
        switch kind {
        case .any: true
        case .equal: request.resource == policy.resource.uid
        case .isType: request.resource.type == policy.resource.type
        case .memberOf: isResourceIn(policy.resource.uid)
        case .isTypeIn: request.resource.type == policy.resource.type && isResourceIn(policy.resource.uid)
        case .nothing: false
        }
    }

    /// Whether the action is admitted, and not by an earlier one of its names.
    private mutating func admits(_ test: ActionTest) -> Bool {
        guard let name = branches.action else { return test.uids.contains { isActionIn($0) } }
        guard name > 0 else { return test.uids.contains(request.action) }
        return unsafe node(of: .action)._withUnsafeGuaranteedRef { node in
            let ancestors = node.ancestors.list
            return test.uids.contains(ancestors[name - 1]) && !test.uids.contains(request.action)
                && !ancestors[..<(name - 1)].contains { test.uids.contains($0) }
        }
    }

    private mutating func isPrincipalIn(_ group: EntityUID) -> Bool {
        request.principal == group || isIn(group, .principal)
    }

    private mutating func isActionIn(_ group: EntityUID) -> Bool { request.action == group || isIn(group, .action) }

    private mutating func isResourceIn(_ group: EntityUID) -> Bool {
        request.resource == group || isIn(group, .resource)
    }

    private mutating func isIn(_ group: EntityUID, _ variable: Variable) -> Bool {
        unsafe node(of: variable)._withUnsafeGuaranteedRef { $0.ancestors.contains(group) }
    }

    // MARK: The request's entities, which the provider is asked about once

    /// Held until the next request. Of the context there is none.
    mutating func node(of variable: Variable) -> Unmanaged<EntityNode> {
        switch variable {
        case .principal:
            if !principal.isAsked { principal.note(answer(about: .principal)) }
            return unsafe principal.reference
        case .action:
            if !action.isAsked { action.note(answer(about: .action)) }
            return unsafe action.reference
        case .resource:
            if !resource.isAsked { resource.note(answer(about: .resource)) }
            return unsafe resource.reference
        case .context: return unsafe EntityNode.held
        }
    }

    private func answer(about variable: Variable) -> AskedEntity.Answer {
        if let node = unsafe heldNode(of: variable) { return unsafe .held(node) }
        return .own(request.place(of: variable).uid.map { entities.node(of: $0) } ?? .none)
    }

    /// Looks at the names of the request where they are, and not at the values that they are as well.
    private func heldNode(of variable: Variable) -> Unmanaged<EntityNode>? {
        let request = request
        switch variable {
        case .principal: return unsafe entities.heldNode(request.principal.code) { $0.uid == request.principal }
        case .action: return unsafe entities.heldNode(request.action.code) { $0.uid == request.action }
        case .resource: return unsafe entities.heldNode(request.resource.code) { $0.uid == request.resource }
        case .context: return nil
        }
    }

    mutating func ancestorCount(of variable: Variable) -> Int {
        unsafe node(of: variable)._withUnsafeGuaranteedRef { $0.ancestorCount }
    }

    mutating func ancestorCode(_ place: Int, of variable: Variable) -> Int {
        unsafe node(of: variable)._withUnsafeGuaranteedRef { $0.ancestorCode(place) }
    }

    mutating func fields(of variable: Variable) -> FieldPlaces {
        if variable == .context { return request.fields }
        return unsafe node(of: variable)._withUnsafeGuaranteedRef { $0.fields }
    }

    /// Of an entity in its place; nil where that is none. Held until the next instruction.
    mutating func node(of place: ValuePlace) -> Unmanaged<EntityNode>? {
        guard let code = place.entityCode else { return nil }
        if code == request.principal.code, place.isEntity(request.principal) { return unsafe node(of: .principal) }
        if code == request.resource.code, place.isEntity(request.resource) { return unsafe node(of: .resource) }
        if code == request.action.code, place.isEntity(request.action) { return unsafe node(of: .action) }
        steps &+= place.weight
        guard let node = unsafe otherNode(of: place, code) else { return nil }
        steps &+= unsafe node._withUnsafeGuaranteedRef { Ancestors.stepsToFind(count: $0.ancestorCount) }
        return unsafe node
    }

    private mutating func otherNode(of place: ValuePlace, _ code: Int) -> Unmanaged<EntityNode>? {
        if let node = unsafe latestEntity.node(of: place, code) { return unsafe node }
        if let held = unsafe entities.heldNode(code, where: { place.isEntity($0.uid) }) {
            unsafe latestEntity.note(held)
            return unsafe held
        }
        if let known = others.firstIndex(where: { $0.uid.code == code }), place.isEntity(others[known].uid) {
            return unsafe Unmanaged.passUnretained(others[known])
        }
        return unsafe place.uid.map { uid in
            let node = entities.node(of: uid)
            if node.ancestors.areTooMany { areOthersBeyondLimit = true }
            // It stands for many, of which none is its name's.
            if node !== EntityNode.none { others.append(node) }
            return unsafe Unmanaged.passUnretained(node)
        }
    }

    /// Between two instructions, when nothing is read in its place: so many entities of a decision are held at a time.
    mutating func forgetOthers() { if others.count > 32 { others.removeAll(keepingCapacity: true) } }
}

/// An entity of the request, and what the provider said of it.
@safe struct AskedEntity {
    private(set) var isAsked = false
    private(set) var isBeyondLimit = false
    /// What no provider holds.
    private var own = EntityNode.none
    /// To what was said, for as long as the provider is held and nothing else is asked.
    private(set) var reference = unsafe EntityNode.held

    /// Of a provider.
    @safe enum Answer {
        case held(Unmanaged<EntityNode>)
        case own(EntityNode)
    }

    mutating func note(_ answer: Answer) {
        isAsked = true
        switch answer {
        case .held(let node): unsafe reference = node
        case .own(let node):
            own = node
            isBeyondLimit = node.ancestors.areTooMany
            unsafe reference = Unmanaged.passUnretained(node)
        }
    }

    mutating func forget() {
        isAsked = false
        isBeyondLimit = false
    }
}

/// An entity that the provider holds, so that it need not be looked up again: policies often reach the same one in turn.
@safe struct LatestEntity {
    private var reference = unsafe EntityNode.held

    /// Nil where it is another.
    func node(of place: ValuePlace, _ code: Int) -> Unmanaged<EntityNode>? {
        let isMeant = unsafe reference._withUnsafeGuaranteedRef { $0.uid.code == code && place.isEntity($0.uid) }
        return unsafe isMeant ? reference : nil
    }

    mutating func note(_ node: Unmanaged<EntityNode>) { unsafe reference = node }
}
