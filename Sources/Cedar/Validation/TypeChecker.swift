/// One combination of what a request may consist of.
struct RequestEnvironment {
    let principal: EntityTypeName
    let action: EntityUID
    let resource: EntityTypeName
    let context: CheckedRecord
}

/// Gives each expression its type in one request environment.
///
/// Types of bools that are known decide what is looked at: the right side of `false && …` is not, since it is never
/// evaluated. After a fault the checker goes on with the type that the expression should have, to find the others.
struct TypeChecker {
    var index: SchemaIndex
    let mode: ValidationMode
    let environment: RequestEnvironment
    let maxSteps: Int
    let maxLevel: Int?
    var known = KnownCapabilities()
    /// The first ones.
    private(set) var faults: [Fault] = []
    /// The first accesses of entities that the maximal level forbids.
    private(set) var levelFaults: [Fault] = []
    /// Without the work of the index.
    private(set) var ownSteps = 0

    private static let maxFaults = 100

    struct Fault {
        let range: SourceRange
        let reason: ValidationError.Reason
    }

    /// What is known of an expression.
    struct Answer {
        /// Nil after a fault that leaves nothing to say.
        var type: CheckedType?
        /// Whether there was no fault in it.
        var isSound = true
        /// What it has shown where it is true.
        var capabilities: Set<Capability> = []
        /// Of an entity, or of the entities in a record.
        var reach = Reach.named

        static let unknown = Answer(type: nil, isSound: false)

        /// The same type with the soundness of the operands.
        init(_ type: CheckedType?, of operands: Answer...) {
            self.type = type
            isSound = operands.allSatisfy(\.isSound)
        }

        init(type: CheckedType?, isSound: Bool = true, capabilities: Set<Capability> = []) {
            self.type = type
            self.isSound = isSound
            self.capabilities = capabilities
        }

        static func unsound(_ type: CheckedType?) -> Answer { Answer(type: type, isSound: false) }
    }

    init(index: SchemaIndex, mode: ValidationMode, environment: RequestEnvironment, maxSteps: Int, maxLevel: Int?) {
        self.index = index
        self.mode = mode
        self.environment = environment
        self.maxSteps = maxSteps
        self.maxLevel = maxLevel
    }

    var isExhausted: Bool { ownSteps + index.steps > maxSteps }

    mutating func spend(_ steps: Int) { ownSteps += steps }

    mutating func report(_ reason: ValidationError.Reason, at expression: Expression) {
        guard faults.count < Self.maxFaults else { return }
        faults.append(Fault(range: expression.range, reason: reason))
    }

    mutating func reportLevel(_ reason: ValidationError.Reason, at expression: Expression) {
        guard levelFaults.count < Self.maxFaults else { return }
        levelFaults.append(Fault(range: expression.range, reason: reason))
    }

    mutating func check(_ expression: Expression) -> Answer {
        spend(1)
        guard !isExhausted else { return .unknown }
        switch expression.kind {
        case .literal(let value): return literal(value)
        case .variable(let variable): return Answer(type: type(of: variable))
        case .and(let operands): return conjunction(operands)
        case .or(let operands): return disjunction(operands)
        case .not(let operand): return negation(operand)
        case .conditional(let condition, let then, let otherwise):
            return conditional(expression, condition, then, otherwise)
        case .compare(let comparison, let left, let right): return compare(comparison, left, right, at: expression)
        case .negate(let operand): return Answer(.long, of: expectLong(operand))
        case .sum(let first, let terms): return longs([first] + terms.map(\.operand))
        case .product(let factors): return longs(factors)
        case .membership(let left, let right): return membership(left, right, at: expression)
        case .isType(let operand, let type, let group): return typeTest(operand, type, group, at: expression)
        case .has(let operand, let path): return has(operand, path, at: expression)
        case .like(let operand, _): return Answer(.anyBool, of: expectString(operand, for: "like"))
        case .attribute(let operand, let name): return attribute(operand, name, at: expression)
        case .contains(let test, let left, let right): return contains(test, left, right, at: expression)
        case .isEmpty(let operand): return Answer(.anyBool, of: expectSet(operand))
        case .hasTag(let operand, let key): return hasTag(operand, key, at: expression)
        case .getTag(let operand, let key): return getTag(operand, key, at: expression)
        case .call(let function, let arguments): return call(function, arguments, at: expression)
        case .set(let elements): return set(elements, at: expression)
        case .record(let fields): return record(fields)
        }
    }

    private func literal(_ value: Value) -> Answer {
        switch value {
        case .bool(let value): Answer(type: .bool(value))
        case .long: Answer(type: .long)
        case .string: Answer(type: .string)
        // Where the schema does not know it, that is reported once for the policy.
        case .entity(let uid): entityLiteral(uid)
        case .set, .record, .ip, .decimal, .datetime, .duration: .unknown
        }
    }

    private func entityLiteral(_ uid: EntityUID) -> Answer {
        guard let type = index.type(of: uid) else { return .unknown }
        var answer = Answer(type: type)
        // That of the request is named by the request.
        if uid != environment.action { answer.reach = .literal }
        return answer
    }

    private func type(of variable: Variable) -> CheckedType {
        switch variable {
        case .principal: .entity(environment.principal)
        case .action: .entity(environment.action.type)
        case .resource: .entity(environment.resource)
        case .context: .record(environment.context)
        }
    }
}
