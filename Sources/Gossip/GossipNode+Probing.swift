import Kernel

/// A probe that is not answered yet.
struct ProbeUnderWay: Hashable, Sendable {
    let member: MemberID
    let sequence: UInt64
    let sentAt: Instant
    /// Others were asked, or there was nobody to ask.
    var isIndirect = false
    var deadline: Instant
    var asked = 0
    /// Of those that were asked: who said that it passed the probe on.
    var passedOnBy: [MemberID] = []
}

extension GossipNode {
    package var coordinate: NetworkCoordinate { vivaldi.coordinate }

    /// Lifeguard's S, the most that health can be off.
    static let healthPenaltyLimit: UInt64 = 8

    mutating func worsenHealth(by steps: Int) {
        healthPenalty = min(Self.healthPenaltyLimit, healthPenalty + UInt64(max(0, steps)))
    }

    private func slowed(_ span: Span) -> Span { Span(microseconds: span.microseconds * (1 + healthPenalty)) }

    /// Each neighbour once in a round, in an order that is drawn anew.
    mutating func probeNext(at now: Instant) {
        probeAt = now.advanced(by: slowed(options.probeInterval))
        if probeTurns.isEmpty { probeTurns = shuffled(neighbourIDs) }
        while let member = probeTurns.popLast() {
            guard let place = place(of: member), isProbed(place, at: now) else { continue }
            return probe(place, at: now)
        }
    }

    /// Not one that is given up, which is heard of when its link opens, nor one whose first link is still to come.
    private func isProbed(_ place: Int, at now: Instant) -> Bool {
        let neighbour = neighbours[place]
        return departures[neighbour.id]?.standing != .unreachable && (neighbour.isOpen || neighbour.expectedAt <= now)
    }

    mutating func probe(_ place: Int, at now: Instant) {
        let member = neighbours[place].id
        guard isProbed(place, at: now), !probes.contains(where: { $0.member == member }) else { return }
        counters.probes += 1
        lastProbe += 1
        var probe = ProbeUnderWay(
            member: member,
            sequence: lastProbe,
            sentAt: now,
            deadline: now.advanced(by: slowed(options.probeTimeout))
        )
        if neighbours[place].isOpen {
            send(.probe(question(probe, route: [id, member])), to: [place], at: now)
        } else {
            askOthers(&probe, at: now)
        }
        probes.append(probe)
    }

    private func question(_ probe: ProbeUnderWay, route: [MemberID]) -> Message.Probe {
        let suspicion = departures[probe.member].flatMap { $0.isAccused ? $0.incarnation : nil }
        return Message.Probe(sequence: probe.sequence, route: route, suspectedIn: suspicion)
    }

    private mutating func askOthers(_ probe: inout ProbeUnderWay, at now: Instant) {
        let routes = overlay.routes(from: id, to: probe.member, limit: neighbours.count).filter { route in
            place(of: route[1]).map { neighbours[$0].isOpen } ?? false
        }
        // Those over one other come first, and are the likelier to work.
        let shortest = routes.map(\.count).min() ?? 0
        let drawn =
            routes.filter { $0.count == shortest }.shuffled(using: &random)
            + routes.filter { $0.count != shortest }.shuffled(using: &random)
        for route in drawn.prefix(options.indirectProbes) {
            guard let first = place(of: route[1]) else { continue }
            send(.probe(question(probe, route: route)), to: [first], at: now)
            probe.asked += 1
        }
        probe.isIndirect = true
        probe.deadline = now.advanced(by: slowed(options.probeTimeout)).advanced(by: slowed(options.probeTimeout))
    }

    mutating func expireProbes(at now: Instant) {
        for probe in probes where probe.deadline <= now {
            guard let index = probes.firstIndex(of: probe) else { continue }
            if probe.isIndirect {
                probes.remove(at: index)
                failed(probe, at: now)
            } else {
                var indirect = probe
                askOthers(&indirect, at: now)
                probes[index] = indirect
            }
        }
    }

    /// Nobody had an answer. How many at least passed the probe on says whether the fault may be here.
    private mutating func failed(_ probe: ProbeUnderWay, at now: Instant) {
        counters.probesFailed += 1
        worsenHealth(by: probe.asked == 0 ? 1 : probe.asked - probe.passedOnBy.count)
        let incarnation = departures[probe.member]?.incarnation ?? 0
        hear(Claim(probe.member, incarnation: incarnation, .suspected(by: id)), from: nil, at: now)
    }

    mutating func receive(_ probe: Message.Probe, from place: Int, at now: Instant) {
        let route = probe.route
        guard let position = position(in: route), position > 0, route[position - 1] == neighbours[place].id else {
            counters.malformed += 1
            return
        }
        guard position == route.count - 1 else {
            // Where lists of nodes differ, the next may be no neighbour: then nobody answers.
            if let next = self.place(of: route[position + 1]) { send(.probe(probe), to: [next], at: now) }
            if position == 1 { send(.probePassedOn(sequence: probe.sequence), to: [place], at: now) }
            return
        }
        var answer = probe
        answer.coordinate = route.count == 2 ? coordinate : nil
        send(.probeAnswer(answer), to: [place], at: now)
        if let suspected = probe.suspectedIn {
            hear(Claim(id, incarnation: suspected, .suspected(by: route[position - 1])), from: place, at: now)
        }
    }

    mutating func receiveAnswer(_ probe: Message.Probe, from place: Int, at now: Instant) {
        let route = probe.route
        guard let position = position(in: route), position < route.count - 1,
            route[position + 1] == neighbours[place].id
        else {
            counters.malformed += 1
            return
        }
        guard position == 0 else {
            if let next = self.place(of: route[position - 1]) { send(.probeAnswer(probe), to: [next], at: now) }
            return
        }
        guard let member = route.last,
            let index = probes.firstIndex(where: { $0.sequence == probe.sequence && $0.member == member })
        else { return }
        let answered = probes.remove(at: index)
        if healthPenalty > 0 { healthPenalty -= 1 }
        guard !answered.isIndirect, route.count == 2, let coordinate = probe.coordinate else { return }
        measured(now.elapsed(since: answered.sentAt), to: place, coordinate)
    }

    private mutating func measured(_ roundTrip: Span, to place: Int, _ coordinate: NetworkCoordinate) {
        counters.roundTrips += 1
        vivaldi.measured(neighbours[place].roundTrips.add(roundTrip), to: coordinate)
    }

    mutating func probePassedOn(_ sequence: UInt64, by sender: MemberID) {
        guard let index = probes.firstIndex(where: { $0.sequence == sequence }) else { return }
        guard probes[index].isIndirect, !probes[index].passedOnBy.contains(sender),
            probes[index].passedOnBy.count < probes[index].asked
        else { return }
        probes[index].passedOnBy.append(sender)
    }

    /// Where this node stands on a route; nil for one that no node in good order would take.
    private func position(in route: [MemberID]) -> Int? {
        guard (2...Message.Probe.routeLimit).contains(route.count) else { return nil }
        for (place, member) in route.enumerated() where route[..<place].contains(member) { return nil }
        return route.firstIndex(of: id)
    }
}
