extension TypeChecker {
    /// `left in right`. Of actions the schema knows all groups, so that it has one answer; otherwise it is false for sure where
    /// no entity of the left type can be in one of the right.
    mutating func membership(_ left: Expression, _ right: Expression, at expression: Expression) -> Answer {
        membership(left, expectEntity(left), right, at: expression)
    }

    private mutating func membership(
        _ left: Expression,
        _ leftAnswer: Answer,
        _ right: Expression,
        at expression: Expression
    ) -> Answer {
        dereference(leftAnswer, at: expression)
        let rightAnswer = expect(right, "an entity or a set of entities") { Self.isGroup($0) }
        var answer = Answer(.anyBool, of: leftAnswer, rightAnswer)
        guard answer.isSound else { return answer }
        if case .entity(let uid)? = constant(left), uid.type.isAction, let groups = entities(right) {
            answer.type = .bool(isAction(uid, inAny: groups))
        } else if case .entity(let union) = leftAnswer.type, let groups = Self.groupTypes(rightAnswer.type),
            !mayBeIn(union, groups)
        {
            answer.type = .false
        }
        return answer
    }

    private static func isGroup(_ type: CheckedType) -> Bool {
        switch type {
        case .entity, .set(.entity), .set(.never): true
        case .never, .bool, .long, .string, .set, .record, .extensionType: false
        }
    }

    private static func groupTypes(_ type: CheckedType?) -> EntityUnion? {
        switch type {
        case .entity(let union), .set(.entity(let union)): union
        default: nil
        }
    }

    /// The entities that a literal or a set of literals names; nil for what is none.
    private func entities(_ expression: Expression) -> [EntityUID]? {
        if case .entity(let uid)? = constant(expression) { return [uid] }
        guard case .set(let elements) = expression.kind else { return nil }
        var uids: [EntityUID] = []
        for element in elements {
            guard case .entity(let uid)? = constant(element) else { return nil }
            uids.append(uid)
        }
        return uids
    }

    private mutating func isAction(_ action: EntityUID, inAny groups: [EntityUID]) -> Bool {
        spend(groups.count)
        for group in groups where group.type.isAction && index.isAction(action, in: group) { return true }
        return false
    }

    private mutating func mayBeIn(_ union: EntityUnion, _ groups: EntityUnion) -> Bool {
        spend(union.types.count * groups.types.count)
        for type in union.types {
            for group in groups.types where index.mayBeIn(type, group) { return true }
        }
        return false
    }

    /// `operand is type`, or that and `operand in group`.
    mutating func typeTest(
        _ operand: Expression,
        _ type: EntityTypeName,
        _ group: Expression?,
        at expression: Expression
    ) -> Answer {
        let answer = expectEntity(operand)
        var test = Answer(.anyBool, of: answer)
        if case .entity(let union) = answer.type {
            if !union.contains(type) { test.type = .false } else if union.single != nil { test.type = .true }
        } else {
            test.isSound = false
        }
        guard let group, test.type != .false else { return test }
        return test.and(membership(operand, answer, group, at: expression))
    }
}
