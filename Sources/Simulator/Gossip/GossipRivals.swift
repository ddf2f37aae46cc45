package import Kernel

/// Other ways to tell everybody, in the same network and with the same nodes down or silent.
package struct GossipRivals: Sendable {
    package struct Outcome: Hashable, Sendable {
        /// From the revocation, of each live and honest node; nil: never.
        package internal(set) var hearings: [Span?] = []
        /// All bytes that the update cost, with headers.
        package internal(set) var bytes = 0
        /// That run, silent ones among them.
        package let running: Int
    }

    private let options: GossipWorldOptions
    private var random: SeededRandom
    private let runs: [Bool]
    private let drops: [Bool]
    private let origin: Int

    package init(_ options: GossipWorldOptions) {
        self.options = options
        var random = SeededRandom(seed: options.seed ^ 0x7269_7661_6C73)
        runs = (0..<options.nodeCount).map { $0 < GossipNetwork.regionCount || !random.chance(options.downPerMillion) }
        drops = (0..<options.nodeCount).map {
            $0 >= GossipNetwork.regionCount && random.chance(options.droppingPerMillion)
        }
        let honest = (0..<options.nodeCount).indices.filter { [runs, drops] in runs[$0] && !drops[$0] }
        origin = honest[random.below(honest.count)]
        self.random = random
    }

    /// hashicorp/memberlist as `DefaultLANConfig` has it: each 200 ms to three nodes at random, until it was sent
    /// 4 · ⌈log₁₀(n + 1)⌉ times, over datagrams. Piggybacking on its probes (one a second) is left out, and so is push/pull
    /// (each 30 s in small clusters, minutes in large ones). Nodes know who is down.
    package mutating func memberlist() -> Outcome {
        let limit = 4 * Self.decimalDigits(options.nodeCount + 1)
        var outcome = Outcome(running: runs.count { $0 })
        var heard = [Span?](repeating: nil, count: options.nodeCount)
        var sent = [Int](repeating: 0, count: options.nodeCount)
        var queue = EventQueue<(place: Int, isTick: Bool)>()
        let interval = Span.milliseconds(200)
        let live = runs.indices.filter { runs[$0] }
        queue.schedule((origin, false), at: .zero)
        while let (time, event) = queue.pop() {
            let place = event.place
            guard event.isTick else {
                guard heard[place] == nil else { continue }
                heard[place] = time.elapsed(since: .zero)
                if !drops[place] { queue.schedule((place, true), at: time.advanced(by: random.span(.zero...interval))) }
                continue
            }
            for other in threeOthers(than: place, of: live) where sent[place] < limit {
                sent[place] += 1
                // 28 of UDP and IPv4, and about 12 of memberlist's own.
                outcome.bytes += options.statementBytes + 40
                guard !random.chance(options.network.lossPerMillion) else { continue }
                queue.schedule((other, false), at: time.advanced(by: delay(place, other)))
            }
            if sent[place] < limit { queue.schedule((place, true), at: time.advanced(by: interval)) }
        }
        outcome.hearings = heard.indices.filter { runs[$0] && !drops[$0] }.map { heard[$0] }
        return outcome
    }

    /// Distinct, as memberlist draws them; of fewer than four, all.
    private mutating func threeOthers(than place: Int, of live: [Int]) -> [Int] {
        var others: [Int] = []
        while others.count < min(3, live.count - 1) {
            let other = live[random.below(live.count)]
            if other != place, !others.contains(other) { others.append(other) }
        }
        return others
    }

    /// Each node asks the server of its region at an interval, over a stream. The revocation goes to the server of its own region, is
    /// durable there, and goes on to the other servers. A question or an answer without news has 40 bytes and the frame.
    package mutating func pull(each interval: Span) -> Outcome {
        var outcome = Outcome(running: runs.count { $0 })
        let home = GossipWorld.region(of: origin)
        let first = stream(origin, home).microseconds + options.judgement.microseconds
        let known = (0..<GossipNetwork.regionCount).map { $0 == home ? first : first + stream(home, $0).microseconds }
        for place in runs.indices where runs[place] && !drops[place] {
            let server = GossipWorld.region(of: place)
            var asked = random.below(interval.microseconds)
            outcome.bytes += options.statementBytes + GossipWorldOptions.frameOverhead
            var arrived = asked + stream(place, server).microseconds
            while arrived < known[server] {
                asked += interval.microseconds
                arrived = asked + stream(place, server).microseconds
            }
            outcome.hearings.append(
                place == origin ? .zero : Span(microseconds: arrived + stream(server, place).microseconds)
            )
        }
        return outcome
    }

    private mutating func delay(_ first: Int, _ second: Int) -> Span {
        options.network.delay(from: GossipWorld.region(of: first), to: GossipWorld.region(of: second), &random)
    }

    private mutating func stream(_ first: Int, _ second: Int) -> Span {
        let (from, to) = (GossipWorld.region(of: first), GossipWorld.region(of: second))
        return Span(
            microseconds: options.network.delay(from: from, to: to, &random).microseconds
                + options.network.retransmission(from: from, to: to, &random).microseconds
        )
    }

    /// ⌈log₁₀⌉ of a number that is above one.
    static func decimalDigits(_ number: Int) -> Int {
        var (digits, power) = (0, 1)
        while power < number { (digits, power) = (digits + 1, power * 10) }
        return digits
    }
}
