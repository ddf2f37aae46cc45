import Gossip
package import Kernel

/// Nodes that come and go while others watch.
package struct GossipChurn: Sendable {
    enum Change: Sendable {
        /// Without a word. `closesLinks`: its process ends and the system closes its links; else its machine is gone, too.
        case end(closesLinks: Bool)
        /// The log takes it off the list.
        case remove(Int)
        /// The log puts a new one on the list, and it starts.
        case add
    }

    package struct Death: Sendable {
        package let place: Int
        package let at: Instant
        /// When half of the nodes had concluded it.
        package internal(set) var concludedAt: Instant?
        var concluded = 0
    }

    /// Of the nodes that run, a minute.
    package let perMinute: Double
    package internal(set) var deaths: [Death] = []
    package internal(set) var joined = 0
    /// Nodes that ran and were concluded to be unreachable by somebody, each once, and how often it was concluded at all.
    package internal(set) var falseDeaths: [Int] = []
    package internal(set) var falseConclusions = 0
    package internal(set) var falseSuspicions = 0
    var needed = 0

    mutating func note(_ reachability: GossipNode.Reachability, of place: Int, runs: Bool, at now: Instant) {
        switch reachability {
        case .reachable: break
        case .suspected: if runs { falseSuspicions += 1 }
        case .unreachable:
            guard runs else { return conclude(place, at: now) }
            falseConclusions += 1
            if !falseDeaths.contains(place) { falseDeaths.append(place) }
        }
    }

    private mutating func conclude(_ place: Int, at now: Instant) {
        guard let index = deaths.lastIndex(where: { $0.place == place }) else { return }
        deaths[index].concluded += 1
        if deaths[index].concluded == needed { deaths[index].concludedAt = now }
    }
}

extension GossipWorld {
    /// From a node's end until the log takes it off the list, as an operator or a rule would have it.
    static let removalDelay = Span.seconds(60)
    /// In which time a change of the list reaches all.
    static let listDelay = Span.seconds(2)

    /// A share of the nodes ends and as many new ones come, evenly over the time from now to the end.
    package mutating func scheduleChurn(perMinute: Double, until end: Instant) {
        let span = end.elapsed(since: now).microseconds
        let count = Int(Double(options.nodeCount) * perMinute * Double(span) / 60_000_000)
        churn = GossipChurn(perMinute: perMinute)
        churn?.needed = options.nodeCount / 2
        for number in 0..<count {
            let time = now.advanced(by: Span(microseconds: span * UInt64(number) / UInt64(count)))
            queue.schedule(.churn(.end(closesLinks: number.isMultiple(of: 2))), at: time)
            queue.schedule(.churn(.add), at: time.advanced(by: .milliseconds(700)))
        }
    }

    mutating func carryOut(_ change: GossipChurn.Change) {
        switch change {
        case .end(let closesLinks): endOne(closesLinks: closesLinks)
        case .remove(let place): changeList { $0.filter { Self.place(of: $0.id) != place } }
        case .add:
            churn?.joined += 1
            let place = nodes.count
            let known = nodes[0]?.accusations ?? []
            changeList { $0 + [Self.member(place)] }
            addPlace(true, restored: known)
            openLinks(of: place)
        }
    }

    private mutating func endOne(closesLinks: Bool) {
        let running = nodes.indices.filter { $0 != 0 && nodes[$0] != nil }
        guard let place = random.element(of: running) else { return }
        nodes[place] = nil
        churn?.deaths.append(GossipChurn.Death(place: place, at: now))
        queue.schedule(.churn(.remove(place)), at: now.advanced(by: Self.removalDelay))
        guard closesLinks else { return }
        for peer in links[place].peers.map(Int.init) where links[peer].isOpen(to: place) {
            let delay = GossipNetwork.delay(from: Self.region(of: place), to: Self.region(of: peer))
            queue.schedule(.close(Int32(place), by: Int32(peer)), at: now.advanced(by: delay))
        }
    }

    private mutating func changeList(_ change: ([Overlay.Member]) -> [Overlay.Member]) {
        overlay = overlay.changed(to: change(overlay.members))
        for place in nodes.indices where nodes[place] != nil {
            queue.schedule(.overlay(at: Int32(place)), at: now.advanced(by: random.span(.zero...Self.listDelay)))
        }
    }
}
