package import Kernel

extension GossipNode {
    package var neighbourIDs: [MemberID] { neighbours.map(\.id) }

    func place(of neighbour: MemberID) -> Int? {
        let place = neighbours.partitioningIndex { $0.id >= neighbour }
        return place < neighbours.count && neighbours[place].id == neighbour ? place : nil
    }

    /// Keeps what is known of those that stay.
    mutating func setNeighbours(at now: Instant) {
        let expectedAt = now.advanced(by: options.linkGrace)
        let before = neighbours
        let wanted = overlay.neighbours(of: id)
        neighbours = wanted.map { member in
            let place = before.partitioningIndex { $0.id >= member }
            if place < before.count, before[place].id == member { return before[place] }
            return Neighbour(id: member, expectedAt: expectedAt, options: options, at: now)
        }
        queuedCount = neighbours.count(where: \.isQueued)
        antiEntropyTurns = antiEntropyTurns.filter { place(of: $0) != nil }
        probeTurns = probeTurns.filter { place(of: $0) != nil }
        eager = eager.filter { place(of: $0) != nil }
        probes = probes.filter { place(of: $0.member) != nil }
        for serving in servings where place(of: serving.to) == nil { endServing(of: serving.to) }
        out.append(.connect(wanted))
    }

    mutating func change(_ overlay: Overlay, streams: [MemberID], at now: Instant) {
        self.overlay = overlay
        book.setStreams(streams)
        departures.keep { overlay.contains($0) }
        claimsWaiting.removeAll { !overlay.contains($0.member) }
        setNeighbours(at: now)
    }

    mutating func linkOpened(_ neighbour: MemberID, at now: Instant) {
        guard let place = place(of: neighbour) else { return }
        neighbours[place].isOpen = true
        // From now on it is missed when the link closes.
        neighbours[place].expectedAt = now
        // What was lost with the last link is made up for at once; one that is taken for dead hears of it and refutes.
        askForSummary(of: place, at: now)
        if let departure = departures[neighbour], let claim = departure.accusation {
            send(.claims([claim]), to: [place], at: now)
        }
    }

    mutating func linkClosed(_ neighbour: MemberID, at now: Instant) {
        guard let place = place(of: neighbour), neighbours[place].isOpen else { return }
        if neighbours[place].isQueued { queuedCount -= 1 }
        neighbours[place].close()
        endServing(of: neighbour)
        if fetching?.from == neighbour, fetching?.deadline != nil { giveUpSnapshot(isLie: false, at: now) }
        // Only a hint: it may restart, or only this link be broken.
        probe(place, at: now)
    }

    /// Those that can be sent something.
    var openPlaces: [Int] { neighbours.indices.filter { neighbours[$0].isOpen } }
}
