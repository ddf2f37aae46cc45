internal import Cedar
internal import Directory
internal import HashTreeCollections

/// The actions that the policies of a set speak of, in order.
struct NamedActions: Hashable, Sendable {
    private(set) var ids = SortedIDs()
    /// How often policies speak of each.
    private var counts: TreeDictionary<EntityUID, Int> = [:]

    /// At the cost of the rules that differ; those before and behind them are only compared.
    mutating func replace(_ old: [PolicyRule], with new: [PolicyRule]) {
        let count = min(old.count, new.count)
        var first = 0
        while first < count, old[first].namedActions == new[first].namedActions { first += 1 }
        var last = 0
        while last < count - first,
            old[old.count - 1 - last].namedActions == new[new.count - 1 - last].namedActions
        { last += 1 }
        for rule in new[first..<new.count - last] { for action in rule.namedActions { add(action) } }
        for rule in old[first..<old.count - last] { for action in rule.namedActions { remove(action) } }
    }

    private mutating func add(_ action: EntityUID) {
        if counts[action] == nil { ids.insert(action.id) }
        counts[action, default: 0] += 1
    }

    private mutating func remove(_ action: EntityUID) {
        let rest = (counts[action] ?? 1) - 1
        counts[action] = rest == 0 ? nil : rest
        if rest == 0 { ids.remove(action.id) }
    }
}
