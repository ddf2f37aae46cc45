import Kernel

/// The last ids that were added, as many as the limit says.
struct RecentIDs: Sendable {
    /// For membership alone.
    private var ids: Set<Digest> = []
    /// In order of addition; once full, `next` is the oldest.
    private var order: [Digest] = []
    private var next = 0
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    var count: Int { ids.count }

    func contains(_ id: Digest) -> Bool { ids.contains(id) }

    mutating func insert(_ id: Digest) {
        guard ids.insert(id).inserted else { return }
        guard order.count == limit else { return order.append(id) }
        ids.remove(order[next])
        order[next] = id
        next = (next + 1) % limit
    }
}
