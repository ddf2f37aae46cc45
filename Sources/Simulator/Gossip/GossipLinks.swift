import Kernel

/// One node's side of its links.
struct GossipLinks: Sendable {
    /// Whom it wants links with, in order.
    private(set) var peers: [Int32] = []
    private var isOpen: [Bool] = []
    /// When the last message to each arrives: a stream keeps their order.
    private var lastArrival: [Instant] = []

    func place(of peer: Int) -> Int? {
        let peer = Int32(peer)
        var (low, high) = (0, peers.count)
        while low < high {
            let middle = (low + high) / 2
            if peers[middle] < peer { low = middle + 1 } else { high = middle }
        }
        return low < peers.count && peers[low] == peer ? low : nil
    }

    func isOpen(to peer: Int) -> Bool { place(of: peer).map { isOpen[$0] } ?? false }

    mutating func setOpen(_ open: Bool, to peer: Int) {
        guard let place = place(of: peer) else { return }
        isOpen[place] = open
        lastArrival[place] = .zero
    }

    /// - Returns: When a message that could arrive at `time` does.
    mutating func arrival(at peer: Int, notBefore time: Instant) -> Instant {
        guard let place = place(of: peer) else { return time }
        lastArrival[place] = max(lastArrival[place], time)
        return lastArrival[place]
    }

    /// - Returns: Those that are wanted no more and had an open link, and those that are wanted now.
    mutating func want(_ wanted: [Int]) -> (dropped: [Int], added: [Int]) {
        let dropped = peers.map(Int.init).filter { !wanted.contains($0) && isOpen(to: $0) }
        let added = wanted.filter { place(of: $0) == nil }
        let before = self
        peers = wanted.sorted().map(Int32.init)
        isOpen = peers.map { before.isOpen(to: Int($0)) }
        lastArrival = peers.map { peer in before.place(of: Int(peer)).map { before.lastArrival[$0] } ?? .zero }
        return (dropped, added)
    }
}
