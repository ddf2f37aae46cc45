/// One comparison, membership or test, and the change of a fact that turns it around.
struct FactChange {
    private var evaluator: Evaluator

    init(_ evaluator: Evaluator) { self.evaluator = evaluator }

    mutating func change(_ expression: Expression, _ wanted: Bool) -> [Change]? {
        switch expression.kind {
        case .compare(let comparison, let left, let right):
            return compare(wanted ? comparison : comparison.opposite, left, right)
        case .membership(let left, let right): return membership(left, right, wanted)
        case .has(let operand, let path): return presence(operand, path, wanted)
        case .attribute: return place(of: expression).map { [.set($0, .bool(wanted))] }
        case .contains(let test, let set, let argument): return contains(test, set, argument, wanted)
        case .isEmpty(let set): return wanted ? place(of: set).map { [.set($0, .set([]))] } : nil
        case .like(let operand, let pattern): return like(operand, pattern, wanted)
        default: return nil
        }
    }

    mutating func membership(_ left: Expression, _ right: Expression, _ wanted: Bool) -> [Change]? {
        guard case .entity(let uid)? = value(left), let group = value(right) else { return nil }
        let groups: [EntityUID]
        switch group {
        case .entity(let one): groups = [one]
        case .set(let set):
            groups = set.elements.compactMap { if case .entity(let uid) = $0 { uid } else { nil } }
        default: return nil
        }
        if wanted { return groups.first.map { [.join(uid, $0)] } }
        return groups.filter { evaluator.isIn(uid, $0) }.map { .leave(uid, $0) }
    }

    private mutating func compare(_ comparison: Comparison, _ left: Expression, _ right: Expression) -> [Change]? {
        if let place = place(of: left), let bound = value(right) {
            if let change = Self.change(of: place, comparison, bound) { return [change] }
        }
        if let place = place(of: right), let bound = value(left) {
            if let change = Self.change(of: place, comparison.mirrored, bound) { return [change] }
        }
        return nil
    }

    /// By which what stands there compares so with the bound.
    private static func change(of place: Change.Place, _ comparison: Comparison, _ bound: Value) -> Change? {
        switch (comparison, bound) {
        case (.equal, _), (.lessOrEqual, _), (.greaterOrEqual, _): return .set(place, bound)
        case (.notEqual, .bool(let value)): return .set(place, .bool(!value))
        case (.notEqual, _): return .differ(place, bound)
        case (.less, .long(let value)): return value > .min ? .set(place, .long(value - 1)) : nil
        case (.greater, .long(let value)): return value < .max ? .set(place, .long(value + 1)) : nil
        case (.less, _), (.greater, _): return nil
        }
    }

    private mutating func presence(_ operand: Expression, _ path: [AttributeName], _ wanted: Bool) -> [Change]? {
        guard let base = base(of: operand) else { return nil }
        let place = Change.Place(root: base.root, path: base.path + path)
        return [wanted ? .provide(place) : .clear(place)]
    }

    private mutating func contains(
        _ test: SetTest,
        _ set: Expression,
        _ argument: Expression,
        _ wanted: Bool
    ) -> [Change]? {
        guard let value = value(argument) ?? (test == .contains ? nil : .set([])) else {
            return chosen(argument, from: set, wanted)
        }
        guard let place = place(of: set) else { return test == .contains ? chosen(argument, from: set, wanted) : nil }
        switch (test, value) {
        case (.contains, _): return [wanted ? .insert(value, into: place) : .remove(value, from: place)]
        case (.containsAll, .set(let all)) where wanted:
            var there = ValueSet([])
            if case .set(let present)? = self.value(set) { there = present }
            return all.elements.filter { !there.contains($0) }.map { .insert($0, into: place) }
        case (.containsAny, .set(let all)) where wanted: return all.elements.first.map { [.insert($0, into: place)] }
        case (.containsAny, .set(let all)): return all.elements.map { .remove($0, from: place) }
        default: return nil
        }
    }

    /// `["a", "b"].contains(resource.kind)`: the attribute becomes one of them.
    private mutating func chosen(_ argument: Expression, from set: Expression, _ wanted: Bool) -> [Change]? {
        guard wanted, let place = place(of: argument), case .set(let choices)? = value(set) else { return nil }
        return choices.elements.first.map { [.set(place, $0)] }
    }

    private mutating func like(_ operand: Expression, _ pattern: Pattern, _ wanted: Bool) -> [Change]? {
        guard let place = place(of: operand) else { return nil }
        if wanted { return [.set(place, .string(pattern.segments.joined()))] }
        return value(operand).map { [.differ(place, $0)] }
    }

    private mutating func value(_ expression: Expression) -> Value? { try? evaluator.evaluate(expression) }

    /// Where an attribute is kept; nil for what is no attribute.
    private mutating func place(of expression: Expression) -> Change.Place? {
        guard case .attribute(let operand, let name) = expression.kind, let base = base(of: operand) else { return nil }
        return Change.Place(root: base.root, path: base.path + [name])
    }

    /// Where the attributes of a value are kept: with an entity, or further down in a record.
    private mutating func base(of operand: Expression) -> Change.Place? {
        switch operand.kind {
        case .variable(.context): return Change.Place(root: .context, path: [])
        case .variable, .literal, .attribute: break
        default: return nil
        }
        if case .entity(let uid)? = value(operand) { return Change.Place(root: .entity(uid), path: []) }
        return place(of: operand)
    }
}

extension Comparison {
    fileprivate var opposite: Comparison {
        switch self {
        case .equal: .notEqual
        case .notEqual: .equal
        case .less: .greaterOrEqual
        case .lessOrEqual: .greater
        case .greater: .lessOrEqual
        case .greaterOrEqual: .less
        }
    }

    /// With its sides exchanged.
    fileprivate var mirrored: Comparison {
        switch self {
        case .equal, .notEqual: self
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }
}
