internal import Cedar
internal import Directory
internal import HashTreeCollections

/// Which entities there are, what is directly in what, and which actions policies name: where searches begin.
///
/// Times are left out: who has a role for a time is among its members before and after.
struct EntityIndex: Hashable, Sendable {
    private var known: TreeDictionary<EntityTypeName, SortedIDs> = [:]
    /// By what they are in.
    private var members: TreeDictionary<EntityUID, TreeDictionary<EntityTypeName, SortedIDs>> = [:]
    /// Of what has members: all of them are in it by this name.
    private var names: TreeDictionary<EntityUID, EntityUIDList.Name> = [:]
    /// How many of each type have members.
    private var groupCounts: TreeDictionary<EntityTypeName, Int> = [:]
    /// By the names of the active policy sets.
    private var actions: TreeDictionary<String, NamedActions> = [:]

    /// Notes what became of an entity: from nothing at all, or to nothing.
    mutating func replace(_ uid: EntityUID, _ old: EntityFacts?, with new: EntityFacts?) {
        if old == nil, new != nil { known[uid.type, default: SortedIDs()].insert(uid.id) }
        if old != nil, new == nil {
            known[uid.type]?.remove(uid.id)
            if known[uid.type]?.isEmpty == true { known[uid.type] = nil }
        }
        let (before, after) = (old?.groups ?? [], new?.groups ?? [])
        guard before != after else { return }
        let (left, joined) = (Set(after), Set(before))
        for group in before where !left.contains(group) { remove(uid, from: group) }
        for group in after where !joined.contains(group) { add(uid, to: group) }
    }

    /// Notes what became of a policy set: from nothing at all, or to nothing.
    mutating func replace(_ old: ActivePolicySet?, with new: ActivePolicySet?, for name: String) {
        guard let new else { return actions[name] = nil }
        actions[name, default: NamedActions()].replace(old?.rules ?? [], with: new.rules)
    }

    private mutating func add(_ uid: EntityUID, to group: EntityUID) {
        if members[group] == nil {
            groupCounts[group.type, default: 0] += 1
            names[group] = EntityUIDList.Name(group)
        }
        members[group, default: [:]][uid.type, default: SortedIDs()].insert(uid.id)
    }

    /// Does nothing where it is not in it, as when it was in it twice.
    private mutating func remove(_ uid: EntityUID, from group: EntityUID) {
        members[group]?[uid.type]?.remove(uid.id)
        if members[group]?[uid.type]?.isEmpty == true { members[group]?[uid.type] = nil }
        guard members[group]?.isEmpty == true else { return }
        members[group] = nil
        names[group] = nil
        let rest = (groupCounts[group.type] ?? 1) - 1
        groupCounts[group.type] = rest == 0 ? nil : rest
    }

    func name(of group: EntityUID) -> EntityUIDList.Name? { names[group] }

    func all(of type: EntityTypeName) -> SortedIDs { known[type] ?? SortedIDs() }

    /// Names of those that the policies of a set speak of.
    func actions(of set: String) -> SortedIDs { actions[set]?.ids ?? SortedIDs() }

    func members(of group: EntityUID, type: EntityTypeName) -> SortedIDs? { members[group]?[type] }

    /// These and what is in them, as far as it has members itself; nil where more would have to be looked at than may be.
    func groups(below roots: [EntityUID], limit: Int) -> [EntityUID]? {
        var found: [EntityUID] = []
        var seen: Set<EntityUID> = []
        for root in roots where seen.insert(root).inserted { found.append(root) }
        var (next, work) = (0, found.count)
        while next < found.count, work <= limit {
            guard let inside = members[found[next]] else {
                next += 1
                continue
            }
            // Most types have no members: those of their entities are not looked at one by one.
            for type in inside.keys.sorted() where groupCounts[type] != nil {
                inside[type]?.forEach(after: "") { id in
                    work += 1
                    let uid = EntityUID(type: type, id: id)
                    if members[uid] != nil, seen.insert(uid).inserted { found.append(uid) }
                    return work <= limit
                }
            }
            next += 1
        }
        return work <= limit ? found : nil
    }
}

extension EntityFacts {
    /// What it is directly in, at one time or another.
    var groups: [EntityUID] { Array(parents) + grants.map(\.role) }
}
