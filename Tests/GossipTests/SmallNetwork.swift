import Gossip
import Kernel

/// Nodes on ordered streams with delays and losses, which are late, and shells that know what is true.
struct SmallNetwork {
    enum Conduct { case honest, drops, lies }

    enum Event {
        case wake(Int)
        case deliver(Message, from: Int, to: Int)
        case judged(Digest, GossipNode.Verdict, at: Int)
        case proved([LogRecord], from: MemberID, at: Int)
    }

    let overlay: Overlay
    let conduct: [Conduct]
    var nodes: [GossipNode?]
    var now = Instant.zero
    /// What everybody is to have.
    var log: [LogRecord] = []
    /// Whoever has taken a record for good, with those that published it.
    var taken: [Set<Digest>]
    var judgements = 0
    /// What each link may take, by receiver and sender, and what was above it. It is delivered all the same.
    private var allowances: [[Int: LinkAllowance]]
    private(set) var slowed = 0
    private var random: SeededRandom
    private var events: [(at: Instant, event: Event)] = []
    private var arrivals: [[Int: Instant]]
    private var wakes: [Instant]

    /// The first is honest.
    init(count: Int, seed: UInt64, dropping: UInt64 = 0, lying: UInt64 = 0) {
        overlay = Overlay(seed: Digest.of([UInt8(seed)]), members: members(0..<UInt64(count)))
        var random = SeededRandom(seed: seed)
        conduct = (0..<count).map { place in
            let drawn = random.next() % 100
            return place == 0 || drawn >= dropping + lying ? .honest : drawn < dropping ? .drops : .lies
        }
        self.random = random
        taken = Array(repeating: [], count: count)
        arrivals = Array(repeating: [:], count: count)
        allowances = Array(repeating: [:], count: count)
        wakes = Array(repeating: Instant(microseconds: .max), count: count)
        nodes = Array(repeating: nil, count: count)
        for place in 0..<count { start(place) }
        for place in 0..<count { open(place) }
    }

    var honest: [Int] { nodes.indices.filter { nodes[$0] != nil && conduct[$0] == .honest } }

    mutating func start(_ place: Int) {
        nodes[place] = GossipNode(
            id: member(UInt64(place)),
            overlay: overlay,
            streams: [member(1)],
            seed: random.next(),
            at: now
        )
    }

    /// Links with all neighbours that run.
    mutating func open(_ place: Int) {
        for peer in peers(of: place) where nodes[peer] != nil && nodes[place] != nil {
            step(place, .linkOpened(member(UInt64(peer))))
            step(peer, .linkOpened(member(UInt64(place))))
        }
    }

    mutating func close(_ place: Int) {
        for peer in peers(of: place) {
            step(place, .linkClosed(member(UInt64(peer))))
            step(peer, .linkClosed(member(UInt64(place))))
        }
    }

    func peers(of place: Int) -> [Int] { overlay.neighbours(of: member(UInt64(place))).map { Int($0.low) } }

    mutating func run(_ span: Span) {
        let end = now.advanced(by: span)
        while let last = events.last, last.at <= end {
            events.removeLast()
            now = last.at
            handle(last.event)
        }
        now = end
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .wake(let place):
            guard wakes[place] == now else { return }
            wakes[place] = Instant(microseconds: .max)
            step(place, .wake)
            if conduct[place] == .lies { lie(place) }
        case .deliver(let message, let sender, let place):
            meter(message, from: sender, to: place)
            step(place, .receive(message, from: member(UInt64(sender))))
        case .judged(let id, let verdict, let place): step(place, .judged(id, verdict))
        case .proved(let records, let sender, let place): prove(records, from: sender, at: place)
        }
    }

    private mutating func meter(_ message: Message, from sender: Int, to place: Int) {
        let verdict = allowances[place][sender, default: LinkAllowance(at: now)].take(message.byteCount, at: now)
        if verdict != .taken { slowed += 1 }
    }

    mutating func step(_ place: Int, _ input: GossipNode.Input) {
        guard let effects = nodes[place]?.step(input, at: now) else { return }
        if case .publish(let record) = input { taken[place].insert(record.id) }
        for effect in effects { carryOut(effect, of: place) }
        guard let due = nodes[place]?.nextWake, due < wakes[place] else { return }
        wakes[place] = max(now, due)
        schedule(.wake(place), at: wakes[place])
    }

    private mutating func carryOut(_ effect: GossipNode.Effect, of place: Int) {
        switch effect {
        case .send(let message, let receivers):
            guard conduct[place] == .honest || message.isProbing else { return }
            for receiver in receivers { send(message, from: place, to: Int(receiver.low)) }
        case .judge(let record, _):
            judgements += 1
            let verdict: GossipNode.Verdict = record.bytes.first == SmallNetwork.garbage ? .refused : .counts
            if verdict == .counts { taken[place].insert(record.id) }
            schedule(.judged(record.id, verdict, at: place), at: now.advanced(by: .milliseconds(2)))
        case .offerLog(let records, let sender):
            schedule(.proved(records, from: sender, at: place), at: now.advanced(by: .milliseconds(2)))
        case .readLog(let neighbour, let index, _):
            let known = nodes[place]?.head.index.number ?? 0
            step(place, .logRead(for: neighbour, after: index, Array(log[Int(index.number)..<Int(known)].prefix(100))))
        // Everything is in the log here.
        case .connect, .reachabilityChanged, .readSnapshot, .closeSnapshot, .takeSnapshot, .note: break
        }
    }

    private mutating func prove(_ records: [LogRecord], from sender: MemberID, at place: Int) {
        guard let last = records.last?.index.number, let first = records.first?.index.number else { return }
        guard last <= UInt64(log.count), Array(log[Int(first) - 1..<Int(last)]) == records else {
            return step(place, .logRefused(from: sender))
        }
        step(place, .logAdvanced(head(last), records: records))
    }

    /// The first node commits so many entries.
    mutating func commit(_ count: Int) {
        let added = entries(UInt64(log.count + 1)...UInt64(log.count + count))
        log += added
        step(0, .logAdvanced(head(UInt64(log.count)), records: added))
    }

    static let garbage: UInt8 = 0xBA

    /// Garbage under the names of others, and of entries to come.
    private mutating func lie(_ place: Int) {
        let next = (nodes[place]?.head.index.number ?? 0) + 1
        let peers = peers(of: place)
        let peer = peers[Int(random.next() % UInt64(peers.count))]
        send(.record(Record(.untilSettled, bytes: [Self.garbage, UInt8(random.next() % 256)])), from: place, to: peer)
        send(.entries([LogRecord(index: LogIndex(next), bytes: [Self.garbage])]), from: place, to: peer)
        send(.announcement(head(1 << 40)), from: place, to: peer)
        send(
            .claims([Claim(member(0), incarnation: 0, .suspected(by: overlay.neighbours(of: member(0))[0]))]),
            from: place,
            to: peer
        )
    }

    private mutating func send(_ message: Message, from place: Int, to receiver: Int) {
        var delay = Span.milliseconds(1 + random.next() % 100)
        // One packet in twenty is lost, and sent again.
        while random.next() % 20 == 0 { delay = Span(microseconds: delay.microseconds + 250_000) }
        let arrival = max(now.advanced(by: delay), arrivals[place][receiver] ?? .zero)
        arrivals[place][receiver] = arrival
        schedule(.deliver(message, from: place, to: receiver), at: arrival)
    }

    /// The next is last; of two at one time the one that was scheduled first.
    private mutating func schedule(_ event: Event, at time: Instant) {
        var (low, high) = (0, events.count)
        while low < high {
            let middle = (low + high) / 2
            if events[middle].at > time { low = middle + 1 } else { high = middle }
        }
        events.insert((time, event), at: low)
    }
}

extension Message {
    var isProbing: Bool {
        switch self {
        case .probe, .probeAnswer, .probePassedOn: true
        default: false
        }
    }
}
