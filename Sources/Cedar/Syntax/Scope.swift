/// What a policy applies to. Testing a scope never fails with an error.
package struct Scope: Hashable, Sendable {
    package let principal: EntityConstraint
    package let action: ActionConstraint
    package let resource: EntityConstraint

    package init(principal: EntityConstraint, action: ActionConstraint, resource: EntityConstraint) {
        self.principal = principal
        self.action = action
        self.resource = resource
    }
}

/// A place in a template that linking fills.
public enum Slot: String, Hashable, Comparable, Sendable, CaseIterable {
    case principal, resource

    public static func < (lhs: Slot, rhs: Slot) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// What a scope asks of the principal or the resource.
package enum EntityConstraint: Hashable, Sendable {
    case any
    case equal(EntityReference)
    /// It or a descendant of it.
    case memberOf(EntityReference)
    case isType(EntityTypeName)
    case isTypeIn(EntityTypeName, EntityReference)

    package var slot: Slot? {
        switch self {
        case .equal(.slot(let slot)), .memberOf(.slot(let slot)), .isTypeIn(_, .slot(let slot)): slot
        case .any, .isType, .equal(.entity), .memberOf(.entity), .isTypeIn(_, .entity): nil
        }
    }

    func filled(with values: [Slot: EntityUID]) -> EntityConstraint {
        guard let slot, let uid = values[slot] else { return self }
        return switch self {
        case .any, .isType: self
        case .equal: .equal(.entity(uid))
        case .memberOf: .memberOf(.entity(uid))
        case .isTypeIn(let type, _): .isTypeIn(type, .entity(uid))
        }
    }
}

package enum EntityReference: Hashable, Sendable {
    case entity(EntityUID)
    case slot(Slot)
}

package enum ActionConstraint: Hashable, Sendable {
    case any
    case equal(EntityUID)
    case memberOf(EntityUID)
    /// Of any of them; of none, where there are none.
    case memberOfAny([EntityUID])
}
