package import Cedar
internal import Identity
package import Kernel

/// What the directory knows of one entity, in the form that policies ask for, but for the passing of time.
///
/// The one place where records become entities. A principal is an entity of its kind's type (`Agent`, `Service`, `User`,
/// `Workflow`) whose attributes are its own and, where known, `owner`, `parent` (entities) and always `status` (a string);
/// its parents are its roles, by the assignments that count. A role is a `Role` whose parents are its parent roles. A
/// resource has its own type, its own attributes, `owner` where known, and its parents. An administrator is a
/// `Reeve::Administrator` with a `name`; a `Reeve::Assignment` has `principal` and `role`, a `Reeve::Token` `principal`,
/// a `Reeve::Node` a `name`.
package struct EntityFacts: Hashable, Sendable {
    /// A role held for a time.
    package struct Grant: Hashable, Sendable {
        package let role: EntityUID
        package let notBefore: WallTime
        package let expiresAt: WallTime?
        /// Nil where no principal granted it: then nothing cascades onto it.
        package let origin: Origin?

        /// Where it comes from.
        package struct Origin: Hashable, Sendable {
            package let grantor: EntityUID
            /// Of the assignment, when it last changed.
            package let revision: LogIndex
        }

        init(_ record: AssignmentRecord) {
            role = EntityUIDs.role(record.spec.role)
            notBefore = record.spec.notBefore
            expiresAt = record.spec.expiresAt
            origin = Self.origin(record)
        }

        private static func origin(_ record: AssignmentRecord) -> Origin? {
            guard case .principal(let id, _) = record.grantor else { return nil }
            return Origin(grantor: EntityUIDs.principal(id), revision: record.metadata.revision)
        }

        /// Whether the grant counts at every moment that the present may be. DESIGN section 5.
        package func counts(in interval: TimeInterval) -> Bool {
            guard notBefore <= interval.earliest else { return false }
            guard let expiresAt else { return true }
            return interval.latest < expiresAt
        }

        /// Whether it counts at every time, whatever becomes of anybody.
        fileprivate static func isUnconditional(_ assignment: AssignmentRecord) -> Bool {
            assignment.spec.notBefore == .distantPast && assignment.spec.expiresAt == nil && origin(assignment) == nil
        }
    }

    package let attributes: Cedar.Record
    /// Those that depend on nothing, roles that are held at every time among them.
    package let parents: EntityUIDList
    /// Roles that depend on the time, or on the principal that granted them.
    package let grants: [Grant]

    /// Attributes of a principal that Reeve sets; nobody else may.
    package static let reservedPrincipalAttributes = ["owner", "parent", "status"]
    package static let reservedResourceAttributes = ["owner"]

    private init(attributes: Cedar.Record, parents: [EntityUID] = [], grants: [Grant] = []) {
        self.init(attributes, EntityUIDList(parents), grants)
    }

    private init(_ attributes: Cedar.Record, _ parents: EntityUIDList, _ grants: [Grant]) {
        self.attributes = attributes
        self.parents = parents
        self.grants = grants
    }

    package init(principal spec: PrincipalSpec, status: SubjectStatus, assignments: [AssignmentRecord]) {
        let references = [("owner", spec.owner), ("parent", spec.parent)].compactMap { name, id in
            id.map { (name, Value.entity(EntityUIDs.principal($0))) }
        }
        // Of a million agents most have a status and no more: one record is enough for all of them.
        let isBare = references.isEmpty && spec.attributes.entries.isEmpty
        self.init(
            attributes: isBare
                ? Self.bare[status] ?? Self.status(status)
                : Self.attributes(spec.attributes, references + [("status", .string(status.rawValue))]),
            parents: assignments.filter(Grant.isUnconditional).map { EntityUIDs.role($0.spec.role) },
            grants: assignments.filter { !Grant.isUnconditional($0) }.map { Grant($0) }
        )
    }

    package init(role spec: RoleSpec) {
        self.init(attributes: .empty, parents: spec.parents.map { EntityUIDs.role($0) })
    }

    package init(resource spec: ResourceSpec) {
        let owner = spec.owner.map { [("owner", Value.entity(EntityUIDs.principal($0)))] } ?? []
        self.init(attributes: Self.attributes(spec.attributes, owner), parents: spec.parents.map(\.uid))
    }

    package init(administrator spec: AdministratorSpec) {
        self.init(attributes: ["name": .string(spec.name)])
    }

    package init(node spec: MemberSpec) {
        self.init(attributes: ["name": .string(spec.name)])
    }

    package init(assignment spec: AssignmentSpec) {
        let principal = EntityUIDs.principal(spec.principal)
        self.init(attributes: ["principal": .entity(principal), "role": .entity(EntityUIDs.role(spec.role))])
    }

    package init(token grant: TokenGrant) {
        self.init(attributes: ["principal": .entity(EntityUIDs.principal(grant.principal))])
    }

    /// An object that is known only from a request or a command.
    package init(described attributes: Cedar.Record) { self.init(attributes: attributes) }

    /// An entity of which somebody else keeps the record. A principal is an active one.
    package init(recorded entity: Entity) {
        self.init(
            attributes: PrincipalKind(entityType: entity.uid.type) == nil
                ? entity.attributes : entity.attributes.merging(Self.status(.active)),
            parents: entity.parents
        )
    }

    /// The same with more attributes; those that are there already stay.
    package func adding(_ attributes: Cedar.Record) -> EntityFacts {
        EntityFacts(attributes.merging(self.attributes), parents, grants)
    }

    /// The same principal, with another status.
    package func having(_ status: SubjectStatus) -> EntityFacts {
        EntityFacts(attributes.merging(Self.bare[status] ?? Self.status(status)), parents, grants)
    }

    /// The same principal, with that status at most, and with these of its grants.
    func lowered(to status: SubjectStatus, keeping grants: [Grant]) -> EntityFacts {
        let lowered = status > self.status ? having(status) : self
        return EntityFacts(lowered.attributes, parents, grants)
    }

    /// Of a principal.
    private var status: SubjectStatus {
        guard case .string(let text)? = attributes["status"] else { return .active }
        return SubjectStatus(rawValue: text) ?? .active
    }

    /// The same, with parents by names that others have them by as well.
    package func sharing(_ name: (EntityUID) -> EntityUIDList.Name?) -> EntityFacts {
        EntityFacts(attributes, parents.sharing(name), grants)
    }

    private static func status(_ status: SubjectStatus) -> Cedar.Record { ["status": .string(status.rawValue)] }

    /// For lookup only, never iterated.
    private static let bare = Dictionary(uniqueKeysWithValues: SubjectStatus.allCases.map { ($0, status($0)) })

    /// Stored attributes were checked when they were stored. One that has no form in Cedar all the same is left out.
    private static func attributes(_ stored: Attributes, _ added: [(String, Value)]) -> Cedar.Record {
        Cedar.Record(stored.compactMap { entry in entry.value.cedarValue.map { (entry.name, $0) } } + added)
    }
}

/// What a node knows of the present: it is not before `earliest` and not after `latest`.
package struct TimeInterval: Hashable, Sendable {
    package let earliest: WallTime
    package let latest: WallTime

    package init(earliest: WallTime, latest: WallTime) {
        self.earliest = earliest
        self.latest = max(earliest, latest)
    }

    /// A moment that is known exactly, such as log time within the state machine.
    package static func at(_ time: WallTime) -> TimeInterval { TimeInterval(earliest: time, latest: time) }
}
