/// Evaluates expressions by walking their trees: the readable form of the language's meaning.
///
/// Operands are evaluated left to right, before their types are looked at. A tree's depth is bounded by the parser, so
/// recursion is too.
///
/// The provider is behind an existential: as a generic parameter it would be unknown where the evaluator is compiled, and
/// every step would pay for that, not only those that ask it something.
package struct Evaluator {
    let request: Request
    private let entities: any EntityProvider
    private let limits: EvaluationLimits
    /// How many were taken so far; at the limit once it was exceeded.
    var steps = 0
    /// What the provider said of the entities of the request, in the order of `Place`, and of those that were asked about
    /// first. Policies ask about the same few.
    private var known: [KnownEntity] = []
    private static let knownCount = 8
    /// Whether it was asked about an entity with too many ancestors, some of which may be missing.
    private(set) var isBeyondLimit = false

    private struct KnownEntity {
        let uid: EntityUID
        var isLookedUp = false
        var content: EntityContent?
        var ancestors: Ancestors?

        init(_ uid: EntityUID) { self.uid = uid }
    }

    /// Where the entities of the request are kept.
    enum Place {
        static let principal = 0
        static let action = 1
        static let resource = 2
    }

    package init(request: Request, entities: any EntityProvider, limits: EvaluationLimits = .standard) {
        self.request = request
        self.entities = entities
        self.limits = limits
        known.reserveCapacity(Self.knownCount)
        for uid in [request.principal, request.action, request.resource] { known.append(KnownEntity(uid)) }
    }

    package mutating func evaluate(_ expression: Expression) throws(EvaluationError) -> Value {
        try spend(1, on: expression)
        switch expression.kind {
        case .literal(let value): return value
        case .variable(let variable): return request[variable]
        case .and(let operands): return .bool(try chain(operands, endsAt: false))
        case .or(let operands): return .bool(try chain(operands, endsAt: true))
        case .not(let operand): return .bool(!(try bool(operand)))
        case .conditional(let condition, let then, let otherwise):
            return try bool(condition) ? try evaluate(then) : try evaluate(otherwise)
        case .compare(let comparison, let left, let right): return .bool(try compare(comparison, left, right))
        case .negate(let operand): return try negate(operand)
        case .sum(let first, let terms): return try sum(first, terms)
        case .product(let factors): return try product(factors)
        case .membership(let left, let right): return .bool(try membership(left, right))
        case .isType(let operand, let type, let group): return .bool(try isType(operand, type, in: group))
        case .has(let operand, let path): return .bool(try has(operand, path))
        case .like(let operand, let pattern): return .bool(try like(operand, pattern))
        case .attribute(let operand, let name): return try attribute(operand, name, of: expression)
        case .contains(let test, let set, let argument): return .bool(try contains(test, set, argument))
        case .isEmpty(let operand): return .bool(try set(operand).isEmpty)
        case .hasTag(let operand, let name): return .bool(try hasTag(operand, name))
        case .getTag(let operand, let name): return try getTag(operand, name)
        case .call(let function, let arguments): return try call(function, arguments, at: expression)
        case .set(let elements): return .set(try set(of: elements, at: expression))
        case .record(let fields): return .record(try record(fields))
        }
    }

    /// Whether a condition's body holds.
    package mutating func bool(_ expression: Expression) throws(EvaluationError) -> Bool {
        let value = try evaluate(expression)
        guard case .bool(let result) = value else { throw typeError(expression, [.bool], value) }
        return result
    }

    /// Charges work beforehand, so that no step is dearer than what it was charged for.
    mutating func spend(_ count: Int, on expression: Expression) throws(EvaluationError) {
        try spend(count, at: expression.range)
    }

    mutating func spend(_ count: Int, at range: SourceRange) throws(EvaluationError) {
        guard count <= limits.maxSteps - steps else {
            steps = limits.maxSteps
            throw EvaluationError(reason: .tooManySteps(limit: limits.maxSteps), range: range)
        }
        steps += count
    }

    func error(_ expression: Expression, _ reason: EvaluationError.Reason) -> EvaluationError {
        EvaluationError(reason: reason, range: expression.range)
    }

    func typeError(_ expression: Expression, _ expected: [Value.Kind], _ found: Value) -> EvaluationError {
        error(expression, .type(expected: expected, found: found.kind))
    }
}

extension Evaluator {
    /// What an expression comes to that has no value when it is evaluated as a whole, because of the function `unknown`: the
    /// fields of a record are known though others are not, as the reference implementation has it.
    mutating func known(_ expression: Expression, failingWith error: EvaluationError) throws(EvaluationError) -> Value {
        guard case .refusedArgument(.unknown, _) = error.reason else { throw error }
        var evaluator = PartialEvaluator(request: PartialRequest(request), entities: entities, limits: limits)
        evaluator.evaluator.steps = steps
        defer {
            steps = evaluator.steps
            if evaluator.evaluator.isBeyondLimit { isBeyondLimit = true }
        }
        guard case .value(let value) = try evaluator.evaluate(expression) else { throw error }
        return value
    }

    /// What is known of an entity; nil when it does not exist.
    mutating func content(of uid: EntityUID) -> EntityContent? {
        guard let place = place(of: uid) else { return entities.content(of: uid) }
        if !known[place].isLookedUp {
            known[place].content = entities.content(of: uid)
            known[place].isLookedUp = true
        }
        return known[place].content
    }

    /// All that the entity is in; they need not be known.
    mutating func ancestors(of uid: EntityUID) -> Ancestors {
        if let place = place(of: uid) { return ancestors(place) }
        return noted(entities.ancestors(of: uid))
    }

    /// Charges for what is asked about an entity: those of the request are looked up once, others maybe each time, by their
    /// name and with all their ancestors.
    mutating func spendLookup(of uid: EntityUID, on expression: Expression) throws(EvaluationError) {
        let ancestors = ancestors(of: uid)
        guard !isOfRequest(uid) else { return }
        try spend(uid.weight + ancestors.stepsToFind, on: expression)
    }

    private func isOfRequest(_ uid: EntityUID) -> Bool {
        uid == request.principal || uid == request.resource || uid == request.action
    }

    /// Whether they are the same or the first is a descendant of the second, known or not.
    mutating func isIn(_ uid: EntityUID, _ ancestor: EntityUID) -> Bool {
        uid == ancestor || ancestors(of: uid).contains(ancestor)
    }

    mutating func isIn(_ place: Int, _ ancestor: EntityUID) -> Bool {
        known[place].uid == ancestor || ancestors(place).contains(ancestor)
    }

    private mutating func ancestors(_ place: Int) -> Ancestors {
        if let ancestors = known[place].ancestors { return ancestors }
        let ancestors = noted(entities.ancestors(of: known[place].uid))
        known[place].ancestors = ancestors
        return ancestors
    }

    private mutating func noted(_ ancestors: Ancestors) -> Ancestors {
        if ancestors.areTooMany { isBeyondLimit = true }
        return ancestors
    }

    func uid(at place: Int) -> EntityUID { known[place].uid }

    /// Where the entity is kept; nil when as many are kept as may be, so that looking never takes long.
    private mutating func place(of uid: EntityUID) -> Int? {
        for place in known.indices where known[place].uid == uid { return place }
        guard known.count < Self.knownCount else { return nil }
        known.append(KnownEntity(uid))
        return known.count - 1
    }

    /// The last operand decides, unless one before it already did; what follows that is not evaluated.
    private mutating func chain(_ operands: [Expression], endsAt end: Bool) throws(EvaluationError) -> Bool {
        for operand in operands where try bool(operand) == end { return end }
        return !end
    }

    mutating func values(_ expressions: [Expression]) throws(EvaluationError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(expressions.count)
        for expression in expressions { values.append(try evaluate(expression)) }
        return values
    }

    private mutating func set(of elements: [Expression], at expression: Expression) throws(EvaluationError) -> ValueSet
    {
        let values = try values(elements)
        try spend(ValueSet.stepsToSort(values), on: expression)
        return ValueSet(values)
    }

    private mutating func record(_ fields: [Expression.Field]) throws(EvaluationError) -> Record {
        var values: [Record.Field] = []
        values.reserveCapacity(fields.count)
        for field in fields { values.append(Record.Field(name: field.name, value: try evaluate(field.value))) }
        return Record(fields: values)
    }

    mutating func set(_ expression: Expression) throws(EvaluationError) -> ValueSet {
        let value = try evaluate(expression)
        guard case .set(let set) = value else { throw typeError(expression, [.set], value) }
        return set
    }

    mutating func entity(_ expression: Expression) throws(EvaluationError) -> EntityUID {
        let value = try evaluate(expression)
        guard case .entity(let uid) = value else { throw typeError(expression, [.entity], value) }
        return uid
    }
}
