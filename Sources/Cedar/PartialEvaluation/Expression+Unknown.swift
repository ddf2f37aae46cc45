/// What can be said of expressions over unknowns without knowing them.
extension Expression {
    /// The type of the entity that an unknown alone stands for.
    func type(in request: PartialRequest) -> EntityTypeName? {
        guard case .variable(let variable) = kind, case .unknown(let type)? = request[variable] else { return nil }
        return type
    }

    /// What a comparison comes to for every entity that the unknown in it may stand for.
    func foregoneConclusion(in request: PartialRequest) -> Bool? {
        switch kind {
        case .compare(let comparison, let left, let right) where comparison == .equal || comparison == .notEqual:
            left.isNever(right, in: request) || right.isNever(left, in: request) ? comparison == .notEqual : nil
        case .membership(let entity, let group) where entity.isUnknown(in: request):
            group.kind == .literal(.set([])) ? false : nil
        default: nil
        }
    }

    private func isUnknown(in request: PartialRequest) -> Bool {
        if case .variable(let variable) = kind { request.isUnknown(variable) } else { false }
    }

    /// Whether this unknown is an entity, or of a type, that the other value is not.
    private func isNever(_ other: Expression, in request: PartialRequest) -> Bool {
        guard isUnknown(in: request), case .literal(let value) = other.kind else { return false }
        guard case .entity(let uid) = value else { return true }
        return type(in: request).map { $0 != uid.type } ?? false
    }

    /// Whether it is a bool for every entity that the unknowns may stand for, and no error.
    func isTotal(in request: PartialRequest) -> Bool {
        switch kind {
        case .literal(.bool): true
        case .and(let operands), .or(let operands): operands.allSatisfy { $0.isTotal(in: request) }
        case .not(let operand): operand.isTotal(in: request)
        case .conditional: kind.children.allSatisfy { $0.isTotal(in: request) }
        case .compare(.equal, let left, let right), .compare(.notEqual, let left, let right):
            left.isGiven(in: request) && right.isGiven(in: request)
        case .membership(let entity, let group): entity.isEntity(in: request) && group.isGroup(in: request)
        case .isType(let entity, _, let group):
            entity.isEntity(in: request) && (group?.isGroup(in: request) ?? true)
        // Behind the first name of a longer path may be anything.
        case .has(let entity, let path): path.count == 1 && entity.isEntity(in: request)
        case .literal, .variable, .compare, .negate, .sum, .product, .like, .attribute, .contains, .isEmpty, .hasTag,
            .getTag, .call, .set, .record:
            false
        }
    }

    /// Whether it has some value for whatever the unknowns may stand for, and so no error.
    func hasValue(in request: PartialRequest) -> Bool {
        switch kind {
        case .literal: true
        case .variable: isUnknown(in: request)
        case .call: isUnknownCall
        case .set, .record: kind.children.allSatisfy { $0.hasValue(in: request) }
        default: false
        }
    }

    /// `unknown("name")`, which stands for a value that somebody else knows.
    var isUnknownCall: Bool {
        guard case .call(.unknown, let arguments) = kind, case .literal(.string)? = arguments.first?.kind else {
            return false
        }
        return true
    }

    private func isGiven(in request: PartialRequest) -> Bool {
        if case .literal = kind { true } else { isUnknown(in: request) }
    }

    private func isEntity(in request: PartialRequest) -> Bool {
        if case .literal(.entity) = kind { true } else { isUnknown(in: request) }
    }

    private func isGroup(in request: PartialRequest) -> Bool {
        guard case .literal(.set(let set)) = kind else { return isEntity(in: request) }
        return set.elements.allSatisfy { if case .entity = $0 { true } else { false } }
    }
}

extension Expression.Kind {
    /// Whether it can have no other value than a bool.
    var isBoolean: Bool {
        switch self {
        case .and, .or, .not, .compare, .membership, .isType, .has, .like, .contains, .isEmpty, .hasTag,
            .literal(.bool):
            true
        case .conditional(_, let then, let otherwise): then.kind.isBoolean && otherwise.kind.isBoolean
        case .literal, .variable, .negate, .sum, .product, .attribute, .getTag, .call, .set, .record: false
        }
    }
}
