package import Kernel

/// Why a link is not taken.
package enum LinkRefusal: Error, Hashable, Sendable {
    /// The one before is not there.
    case gap(expected: LogIndex)
    /// It follows on another entry than the one that is held, or is another than that. Which is the log's, a seal will tell.
    case fork(at: LogIndex)
    /// So many wait for a seal already.
    case tooMany(limit: Int)
    /// It is sealed already; a state does not go back.
    case alreadySealed(through: LogIndex)
}

extension SealedLog {
    mutating func add(_ link: ChainLink) -> [Effect] {
        if let refusal = refusal(of: link) { return [.linkRefused(refusal)] + dropDoubtful(after: refusal) }
        // Once more.
        guard link.index == nextIndex else { return [] }
        links.append(link.hash)
        return advance()
    }

    mutating func forget(from index: LogIndex) {
        let index = max(index, sealed.index.next)
        guard index < nextIndex else { return }
        links.removeLast(Int(nextIndex.number - index.number))
    }

    /// What is held may be the wrong side of a fork. By that, no seal that lies ahead could ever be reached, and so nothing would show
    /// it.
    private mutating func dropDoubtful(after refusal: LinkRefusal) -> [Effect] {
        guard case .fork(let index) = refusal, index > sealed.index, !links.isEmpty, !ahead.isEmpty else { return [] }
        links = []
        return [.discard(after: sealed.index)]
    }

    private func refusal(of link: ChainLink) -> LinkRefusal? {
        if link.index <= sealed.index {
            // Of what lies deeper nothing is kept.
            if link.index == sealed.index, link.hash != sealed.head { return .fork(at: link.index) }
            return .alreadySealed(through: sealed.index)
        }
        if link.index > nextIndex { return .gap(expected: nextIndex) }
        if link.index < nextIndex { return hash(at: link.index) == link.hash ? nil : .fork(at: link.index) }
        if link.previousHash != end { return .fork(at: link.index) }
        return links.count < options.maxUnsealedLinks ? nil : .tooMany(limit: options.maxUnsealedLinks)
    }

    /// Goes to the newest seal that the chain reaches.
    mutating func advance() -> [Effect] {
        var effects: [Effect] = []
        while let next = ahead.first, next.index < nextIndex {
            guard hash(at: next.index) == next.head else {
                links = []
                return effects + [.discard(after: sealed.index)]
            }
            ahead.removeFirst()
            links.removeFirst(Int(next.index.number - sealed.index.number))
            sealed = next
            if expected.count == Self.maxHeldSeals { expected.removeLast() }
            expected.append(next)
            effects.append(.mayApply(through: next.index))
        }
        return effects
    }

    /// Only for an index between `sealed` and `nextIndex`, both excluded.
    private func hash(at index: LogIndex) -> Digest {
        links[Int(index.number - sealed.index.number) - 1]
    }

    mutating func applied(_ index: LogIndex, _ root: Digest) -> [Effect] {
        invariant(
            index <= sealed.index,
            "applied through \(index), which is past \(sealed.index), the end of what is sealed"
        )
        let claim = expected.first { $0.index == index }
        expected.removeAll { $0.index <= index }
        guard let claim else { return [] }
        if claim.root == root {
            isProven = true
            return []
        }
        isHalted = true
        let own = StateClaim(index: index, head: claim.head, root: root, voters: claim.voters)
        return [.halt(Divergence(own: own, other: claim))]
    }

    package func checkInvariants() {
        invariant(
            !isProven || sealed.index <= trusted.claim.index,
            "sealed through \(sealed.index), past the newest seal at \(trusted.claim.index)"
        )
        invariant(
            links.count <= options.maxUnsealedLinks,
            "\(links.count) links wait, \(options.maxUnsealedLinks) may"
        )
        invariant(
            max(ahead.count, expected.count) <= Self.maxHeldSeals,
            "\(ahead.count) seals wait for links and \(expected.count) for roots, \(Self.maxHeldSeals) may"
        )
        invariant(ahead.allSatisfy { $0.index >= nextIndex }, "a seal is held that the chain has reached")
    }
}
