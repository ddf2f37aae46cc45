/// Which entities an unknown can stand for where an expression holds: never too few, and maybe too many.
package struct CandidateBound: Hashable, Sendable {
    /// Whether it can be any entity; else only those that the rest of this names.
    package private(set) var isOpen = false
    package private(set) var entities: Set<EntityUID> = []
    /// These and whatever is in them.
    package private(set) var groups: Set<EntityUID> = []

    /// Nothing at all.
    package static let none = CandidateBound()
    package static let open = CandidateBound(isOpen: true)

    private init(isOpen: Bool = false, entities: Set<EntityUID> = [], groups: Set<EntityUID> = []) {
        self.isOpen = isOpen
        self.entities = entities
        self.groups = groups
    }

    package mutating func formUnion(_ other: CandidateBound) {
        isOpen = isOpen || other.isOpen
        entities.formUnion(other.entities)
        groups.formUnion(other.groups)
    }

    /// Of what must both hold, the one that leaves less to look at, as far as that can be seen from here.
    fileprivate func narrower(_ other: CandidateBound) -> CandidateBound { other.width < width ? other : self }

    private var width: Int { isOpen ? 2 : groups.isEmpty ? 0 : 1 }
}

extension CandidateBound {
    /// Of a policy that is satisfied.
    package init(of variable: Variable, where outcome: PartialOutcome) {
        switch outcome {
        case .satisfied: self = .open
        case .residual(let rest): self.init(of: variable, where: rest)
        // Without steps to look at it, it could have been anything.
        case .failed(let error): self = error.isExhaustion ? .open : .none
        case .notSatisfied: self = .none
        }
    }

    /// - Parameter residual: What `PartialEvaluator` leaves: it asks of the unknown alone, and knows all else.
    package init(of variable: Variable, where residual: Expression) {
        switch residual.kind {
        case .literal(.bool(true)): self = .open
        // What is no bool fails.
        case .literal: self = .none
        case .and(let operands):
            self = operands.reduce(.open) { $0.narrower(CandidateBound(of: variable, where: $1)) }
        case .or(let operands):
            self = operands.reduce(into: .none) { $0.formUnion(CandidateBound(of: variable, where: $1)) }
        case .conditional(let condition, let then, let otherwise):
            self = CandidateBound(of: variable, where: condition).narrower(CandidateBound(of: variable, where: then))
            formUnion(CandidateBound(of: variable, where: otherwise))
        case .compare(.equal, let left, let right):
            let named = Self.entities(in: right, for: left, variable) ?? Self.entities(in: left, for: right, variable)
            self = named.map { CandidateBound(entities: $0) } ?? .open
        case .membership(let entity, let group), .isType(let entity, _, in: .some(let group)):
            self = Self.entities(in: group, for: entity, variable).map { CandidateBound(groups: $0) } ?? .open
        case .contains(.contains, let set, let element):
            self = Self.entities(in: set, for: element, variable).map { CandidateBound(entities: $0) } ?? .open
        default: self = .open
        }
    }

    /// Those that a literal names, an entity or a set, where it is the unknown that is held against it.
    private static func entities(
        in literal: Expression,
        for unknown: Expression,
        _ variable: Variable
    ) -> Set<EntityUID>? {
        guard unknown.kind == .variable(variable), case .literal(let value) = literal.kind else { return nil }
        let elements = if case .set(let set) = value { set.elements } else { [value] }
        return Set(elements.compactMap { if case .entity(let uid) = $0 { uid } else { nil } })
    }
}
