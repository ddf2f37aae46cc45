package import Identity
package import Kernel

/// A principal as its administrators describe it. What Reeve itself knows of it, such as its standing, is elsewhere.
package struct PrincipalSpec: Hashable, Sendable {
    package let id: PrincipalID
    /// Who answers for it.
    package let owner: PrincipalID?
    /// Who spawned it.
    package let parent: PrincipalID?
    package let description: String
    package let attributes: Attributes

    package init(
        id: PrincipalID,
        owner: PrincipalID? = nil,
        parent: PrincipalID? = nil,
        description: String = "",
        attributes: Attributes = .empty
    ) {
        self.id = id
        self.owner = owner
        self.parent = parent
        self.description = description
        self.attributes = attributes
    }
}

/// A role: a name to which permissions are given by policies, and which may count as other roles too.
package struct RoleSpec: Hashable, Sendable {
    package let name: String
    /// Whoever has this role has these as well. Sorted, each once.
    package let parents: [String]
    package let description: String

    package init(name: String, parents: [String] = [], description: String = "") {
        self.name = name
        self.parents = parents.sortedUnique()
        self.description = description
    }
}

/// That a principal has a role for a time.
package struct AssignmentSpec: Hashable, Sendable {
    package let id: String
    package let principal: PrincipalID
    package let role: String
    package let notBefore: WallTime
    /// Exclusive. Nil is without end.
    package let expiresAt: WallTime?
    package let reason: String

    package init(
        id: String,
        principal: PrincipalID,
        role: String,
        notBefore: WallTime = .distantPast,
        expiresAt: WallTime? = nil,
        reason: String = ""
    ) {
        self.id = id
        self.principal = principal
        self.role = role
        self.notBefore = notBefore
        self.expiresAt = expiresAt
        self.reason = reason
    }
}

/// Something that is acted on.
package struct ResourceSpec: Hashable, Sendable {
    package let id: EntityName
    /// Resources that contain this one. Sorted, each once.
    package let parents: [EntityName]
    package let owner: PrincipalID?
    package let attributes: Attributes

    package init(
        id: EntityName,
        parents: [EntityName] = [],
        owner: PrincipalID? = nil,
        attributes: Attributes = .empty
    ) {
        self.id = id
        self.parents = parents.sortedUnique()
        self.owner = owner
        self.attributes = attributes
    }
}

extension Array where Element: Comparable {
    func sortedUnique() -> [Element] {
        sorted().reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }
}
