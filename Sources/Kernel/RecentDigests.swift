/// The last digests that were added, as many as the limit says.
package struct RecentDigests: Sendable {
    /// For membership alone.
    private var members: Set<Digest> = []
    /// In order of addition; once full, `next` is the oldest.
    private var order: [Digest] = []
    private var next = 0
    private let limit: Int

    package init(limit: Int) { self.limit = limit }

    package var count: Int { members.count }

    package func contains(_ digest: Digest) -> Bool { members.contains(digest) }

    package mutating func insert(_ digest: Digest) {
        guard members.insert(digest).inserted else { return }
        guard order.count == limit else { return order.append(digest) }
        members.remove(order[next])
        order[next] = digest
        next = (next + 1) % limit
    }
}
