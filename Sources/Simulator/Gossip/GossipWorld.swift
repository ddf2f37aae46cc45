import Gossip
package import Kernel

/// Many `GossipNode`s on a virtual network of ordered streams.
///
/// Leaner than `World`: nodes have no disk and no log, a judge that finds everything good after a while, and links that open and close at
/// once with the lists of nodes.
package struct GossipWorld: Sendable {
    enum Event: Sendable {
        case wake(Int32)
        case deliver(Message, from: Int32, to: Int32)
        case judged(Digest, at: Int32)
        case open(Int32, Int32)
        case close(Int32, by: Int32)
        case seal
        case overlay(at: Int32)
        case churn(GossipChurn.Change)
    }

    package let options: GossipWorldOptions
    package internal(set) var now = Instant.zero

    /// Nil for a place whose node does not run.
    var nodes: [GossipNode?] = []
    var links: [GossipLinks] = []
    var drops: [Bool] = []
    var overlay: Overlay
    var queue = EventQueue<Event>()
    var random: SeededRandom
    private var wakes: [Instant] = []

    /// Bytes that each has sent, with the overhead of frames.
    var bytesSent: [Int] = []
    var watched: Digest?
    /// When each has heard of it.
    var watchedAt: [Instant?] = []
    var watchedBytes = 0
    var sealSequence: UInt64 = 0
    package internal(set) var churn: GossipChurn?

    /// The first is the voter that seals, and never down.
    package init(_ options: GossipWorldOptions) {
        self.options = options
        random = SeededRandom(seed: options.seed)
        overlay = Overlay(
            seed: Digest.of(Array("\(options.seed)".utf8)),
            members: (0..<options.nodeCount).map(Self.member)
        )
        var runs: [Bool] = []
        for place in 0..<options.nodeCount {
            runs.append(place == 0 || !random.chance(options.downPerMillion))
            drops.append(place != 0 && random.chance(options.droppingPerMillion))
        }
        let down = (0..<options.nodeCount).filter { !runs[$0] }.compactMap { accusation(of: $0) }
        for place in 0..<options.nodeCount { addPlace(runs[place], restored: down) }
        for place in 0..<options.nodeCount where runs[place] { openLinks(of: place) }
        if options.sealInterval != nil { queue.schedule(.seal, at: Instant.zero.advanced(by: .milliseconds(500))) }
    }

    static func id(_ place: Int) -> MemberID { MemberID(high: 1, low: UInt64(place)) }
    static func place(of id: MemberID) -> Int { Int(id.low) }
    static func region(of place: Int) -> Int { place % GossipNetwork.regionCount }
    static func member(_ place: Int) -> Overlay.Member {
        Overlay.Member(id: id(place), zone: "zone \(region(of: place))")
    }

    private func accusation(of place: Int) -> Claim? {
        let id = Self.id(place)
        return overlay.neighbours(of: id).first.map { Claim(id, incarnation: 0, .suspected(by: $0)) }
    }

    mutating func addPlace(_ runs: Bool, restored: [Claim]) {
        let place = nodes.count
        nodes.append(nil)
        links.append(GossipLinks())
        wakes.append(Instant(microseconds: .max))
        bytesSent.append(0)
        watchedAt.append(nil)
        if drops.count <= place { drops.append(false) }
        if runs { start(place, restored: restored) }
    }

    mutating func start(_ place: Int, restored: [Claim] = []) {
        nodes[place] = GossipNode(
            id: Self.id(place),
            overlay: overlay,
            streams: [Self.id(0)],
            options: options.options,
            restored: restored.filter { $0.member != Self.id(place) },
            seed: random.next(),
            at: now
        )
        _ = links[place].want(overlay.neighbours(of: Self.id(place)).map(Self.place))
        scheduleWake(of: place)
    }

    /// Those with whom both sides want a link, after a handshake of two round trips.
    mutating func openLinks(of place: Int) {
        for peer in links[place].peers.map(Int.init)
        where nodes[peer] != nil && links[peer].place(of: place) != nil && !links[place].isOpen(to: peer) {
            let delay = GossipNetwork.delay(from: Self.region(of: place), to: Self.region(of: peer))
            queue.schedule(
                .open(Int32(place), Int32(peer)),
                at: now.advanced(by: Span(microseconds: 4 * delay.microseconds))
            )
        }
    }

    package mutating func run(until end: Instant) {
        while let next = queue.nextTime, next <= end, let (time, event) = queue.pop() {
            now = time
            handle(event)
        }
        now = max(now, end)
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .wake(let place):
            // Another was scheduled before it.
            guard wakes[Int(place)] == now else { return }
            wakes[Int(place)] = Instant(microseconds: .max)
            step(Int(place), .wake)
        case .deliver(let message, let sender, let place): deliver(message, from: Int(sender), to: Int(place))
        case .judged(let id, let place): step(Int(place), .judged(id, .counts))
        case .open(let first, let second): open(Int(first), Int(second))
        case .close(let place, let peer):
            links[Int(peer)].setOpen(false, to: Int(place))
            step(Int(peer), .linkClosed(Self.id(Int(place))))
        case .seal: publishSeal()
        case .overlay(let place): step(Int(place), .overlay(overlay, streams: [Self.id(0)]))
        case .churn(let change): carryOut(change)
        }
    }

    mutating func step(_ place: Int, _ input: GossipNode.Input) {
        guard let effects = nodes[place]?.step(input, at: now) else { return }
        for effect in effects { carryOut(effect, of: place) }
        scheduleWake(of: place)
    }

    private mutating func scheduleWake(of place: Int) {
        guard let due = nodes[place]?.nextWake, due < wakes[place] else { return }
        wakes[place] = max(due, now)
        queue.schedule(.wake(Int32(place)), at: wakes[place])
    }

    private mutating func open(_ first: Int, _ second: Int) {
        guard nodes[first] != nil, nodes[second] != nil, !links[first].isOpen(to: second),
            links[first].place(of: second) != nil, links[second].place(of: first) != nil
        else { return }
        links[first].setOpen(true, to: second)
        links[second].setOpen(true, to: first)
        step(first, .linkOpened(Self.id(second)))
        step(second, .linkOpened(Self.id(first)))
    }
}
