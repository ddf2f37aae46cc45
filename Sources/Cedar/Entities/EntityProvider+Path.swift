extension EntityProvider {
    /// The entities from one to an ancestor of it, both included; a shortest way. Nil when it is no ancestor.
    package func path(from uid: EntityUID, to ancestor: EntityUID) -> [EntityUID]? {
        // A plain list: hierarchies are shallow, and the order of the walk is then the same everywhere.
        var visited = [(uid: uid, from: -1)]
        var next = 0
        while next < visited.count {
            for parent in entity(visited[next].uid)?.parents ?? [] {
                if parent == ancestor { return Self.path(to: next, in: visited) + [parent] }
                if !visited.contains(where: { $0.uid == parent }) { visited.append((parent, next)) }
            }
            next += 1
        }
        return nil
    }

    private static func path(to last: Int, in visited: [(uid: EntityUID, from: Int)]) -> [EntityUID] {
        var path: [EntityUID] = []
        var place = last
        while place >= 0 {
            path.append(visited[place].uid)
            place = visited[place].from
        }
        return path.reversed()
    }
}
