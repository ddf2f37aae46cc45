import Kernel

extension GossipNode {
    /// Accusers after the first that shorten a suspicion. Lifeguard's K.
    static let confirmations = 3
    /// log(C + 1) / log(K + 1) in parts per thousand, for C confirmations of K = 3.
    private static let shortening: [UInt64] = [0, 500, 792, 1000]

    mutating func hearSuspicion(_ claim: Claim, by accuser: MemberID, from place: Int?, at now: Instant) {
        let known = departures[claim.member]
        if let known, known.incarnation > claim.incarnation {
            // Whoever says so has not heard of the refutation.
            if let place, !known.isAccused {
                send(.claims([Claim(known.member, incarnation: known.incarnation, .alive)]), to: [place], at: now)
            }
            return
        }
        if let known, known.isAccused, known.incarnation == claim.incarnation {
            confirm(known, claim, by: accuser, at: now)
        } else {
            suspect(claim, by: accuser, at: now)
        }
    }

    private mutating func suspect(_ claim: Claim, by accuser: MemberID, at now: Instant) {
        counters.suspicions += 1
        departures.set(
            Departures.Departure(
                member: claim.member,
                incarnation: claim.incarnation,
                standing: .suspected,
                accusers: [accuser],
                since: now,
                deadline: now.advanced(by: suspicionTime(confirmations: 0))
            )
        )
        out.append(.reachabilityChanged(claim.member, .suspected))
        queue(claim, at: now)
        guard let place = place(of: claim.member) else { return }
        send(.claims([claim]), to: [place], at: now)
        if accuser != id { probe(place, at: now) }
    }

    private mutating func confirm(_ known: Departures.Departure, _ claim: Claim, by accuser: MemberID, at now: Instant)
    {
        guard known.standing == .suspected, !known.accusers.contains(accuser),
            known.accusers.count <= Self.confirmations
        else { return }
        var confirmed = known
        confirmed.accusers.append(accuser)
        confirmed.deadline = known.since.advanced(by: suspicionTime(confirmations: confirmed.accusers.count - 1))
        departures.set(confirmed)
        queue(claim, at: now)
    }

    /// From the longest, with no confirmation, to the shortest, which still is enough for the suspicion to reach the suspected and for
    /// its refutation to come back.
    func suspicionTime(confirmations: Int) -> Span {
        var (tenfolds, rest) = (UInt64(1), overlay.count / 100)
        while rest > 0 { (tenfolds, rest) = (tenfolds + 1, rest / 10) }
        let shortest = tenfolds * options.suspicionPerTenfold.microseconds
        let longest = shortest * options.suspicionFactor
        let share = Self.shortening[min(max(0, confirmations), Self.confirmations)]
        return Span(microseconds: longest - (longest - shortest) * share / 1000)
    }

    mutating func concludeSuspicions(at now: Instant) {
        for member in departures.conclude(at: now) {
            counters.concluded += 1
            out.append(.reachabilityChanged(member, .unreachable))
        }
    }

    /// A node that did not run for a while, as one whose machine was suspended, has not heard the answers and refutations
    /// that came meanwhile: it gives them the time that it missed.
    mutating func allowForLateness(at now: Instant) {
        guard let nextWake else { return }
        let lateness = now.elapsed(since: nextWake)
        guard lateness > options.probeInterval else { return }
        departures.postpone(by: lateness)
        for index in probes.indices { probes[index].deadline = probes[index].deadline.advanced(by: lateness) }
        worsenHealth(by: 1)
    }
}
