package import Cedar
package import Identity
internal import Kernel

/// Facts straight from a view. Remembers damage that it met, since an answer of "not known" would be a lie.
final class ViewSource<View: KeyValueView>: CascadingSource {
    private let view: DirectoryView<View>
    private(set) var damage: StateDamage?

    init(_ view: DirectoryView<View>) { self.view = view }

    func facts(_ uid: EntityUID) -> EntityFacts? {
        do {
            return try view.facts(uid)
        } catch {
            damage = damage ?? error
            return nil
        }
    }

    func cascade(from uid: EntityUID) -> Cascade? {
        guard let id = PrincipalID(uid) else { return nil }
        do {
            return try view.standing(.principal(id))?.cascade
        } catch {
            damage = damage ?? error
            return nil
        }
    }

    /// The entities as policies are to see them.
    var inForce: any EntitySource { view.hasCascades ? CascadedEntities(self) : self }
}

extension DirectoryView {
    /// What the directory knows of an entity.
    package func facts(_ uid: EntityUID) throws(StateDamage) -> EntityFacts? {
        if let principal = PrincipalID(uid) { return try facts(principal: principal) }
        switch uid.type {
        case EntityUIDs.role: return try role(uid.id).map { EntityFacts(role: $0.spec) }
        case EntityUIDs.administrator:
            guard let fingerprint = Digest(hex: uid.id) else { return nil }
            return try administrator(fingerprint).map { EntityFacts(administrator: $0.spec) }
        case EntityUIDs.assignment: return try assignment(uid.id).map { EntityFacts(assignment: $0.spec) }
        case EntityUIDs.token: return try token(uid.id).map { EntityFacts(token: $0.grant) }
        case EntityUIDs.node: return try node(uuid: uid.id).map { EntityFacts(node: $0) }
        case EntityUIDs.policySet: return try policySet(uid.id).map { _ in EntityFacts(described: .empty) }
        default: return try resource(EntityName(uid)).map { EntityFacts(resource: $0.spec) }
        }
    }

    package func facts(principal id: PrincipalID) throws(StateDamage) -> EntityFacts? {
        guard let record = try principal(id) else { return nil }
        return EntityFacts(
            principal: record.spec,
            status: try status(.principal(id)),
            assignments: try assignments(of: id)
        )
    }

    /// The strictest of what is recorded against the principal, and of what cascades onto it from above.
    func statusBelowAll(_ id: PrincipalID) throws(StateDamage) -> SubjectStatus {
        let own = try status(.principal(id))
        guard hasCascades else { return own }
        let source = ViewSource(self)
        let above = source.cascade(above: EntityUIDs.principal(id)).status
        if let damage = source.damage { throw damage }
        return max(own, above)
    }

    /// Whether what a principal granted counts for nothing.
    func isUndone(grantsOf id: PrincipalID) throws(StateDamage) -> Bool {
        guard hasCascades else { return false }
        let source = ViewSource(self)
        let finding = source.cascade(onGrantsOf: EntityUIDs.principal(id))
        if let damage = source.damage { throw damage }
        return finding != .none
    }

    /// Whether an assignment counts for nothing, because of who granted it.
    func isUndone(_ assignment: AssignmentRecord) throws(StateDamage) -> Bool {
        guard hasCascades else { return false }
        let source = ViewSource(self)
        let finding = source.cascade(onto: EntityFacts.Grant(assignment))
        if let damage = source.damage { throw damage }
        return finding != .none
    }
}
