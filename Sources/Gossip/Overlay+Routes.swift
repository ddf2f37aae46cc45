package import Kernel

extension Overlay {
    /// Ways to a neighbour that do not use the link to it: over a common neighbour where there is one, else over a neighbour of a
    /// neighbour. Each begins with the first and ends with the last; no two share the first step.
    ///
    /// In a large overlay two neighbours rarely have one in common: of 10,000 nodes with 28 neighbours each, the expected number is
    /// 0.08, and of ways over two others 2.2.
    package func routes(from first: MemberID, to last: MemberID, limit: Int) -> [[MemberID]] {
        guard let from = place(of: first), let to = place(of: last), from != to else { return [] }
        let goals = neighbourPlaces(of: to).filter { $0 != Int32(from) }
        let steps = neighbourPlaces(of: from).filter { $0 != Int32(to) }
        var routes: [[Int32]] = []
        for step in steps where routes.count < limit && goals.contains(step) {
            routes.append([Int32(from), step, Int32(to)])
        }
        for step in steps where routes.count < limit && !goals.contains(step) {
            guard let next = neighbourPlaces(of: Int(step)).first(where: { goals.contains($0) }) else { continue }
            routes.append([Int32(from), step, next, Int32(to)])
        }
        return routes.map { $0.map { members[Int($0)].id } }
    }
}
