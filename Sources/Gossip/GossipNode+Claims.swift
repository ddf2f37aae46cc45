package import Kernel

extension GossipNode {
    /// No more steps than that from one incarnation to the next that is believed, so that no claim can use them up.
    static let incarnationStep: UInt64 = 1 << 32
    /// Accusers after the first that shorten a suspicion. Lifeguard's K.
    static let confirmations = 3
    /// log(C + 1) / log(K + 1) in parts per thousand, for C confirmations of K = 3.
    private static let shortening: [UInt64] = [0, 500, 792, 1000]

    package func reachability(of member: MemberID) -> Reachability {
        switch departures[member]?.standing {
        case nil, .refuted: .reachable
        case .suspected: .suspected
        case .unreachable: .unreachable
        }
    }

    /// Those that are not reachable, as claims: what a next process of this node begins with.
    package var accusations: [Claim] { departures.accused.compactMap(\.accusation) }

    mutating func restore(_ claim: Claim) {
        guard case .suspected(let accuser) = claim.standing, claim.member != id, overlay.contains(claim.member) else { return }
        departures.set(
            Departures.Departure(
                member: claim.member, incarnation: claim.incarnation, standing: .unreachable, accusers: [accuser]
            )
        )
    }

    mutating func receive(_ claims: [Claim], from place: Int, at now: Instant) {
        guard (1...Message.claimsLimit).contains(claims.count) else {
            counters.malformed += 1
            return
        }
        for claim in claims { hear(claim, from: place, at: now) }
    }

    /// - Parameter place: Of the neighbour that says so; nil for this node's own.
    mutating func hear(_ claim: Claim, from place: Int?, at now: Instant) {
        // Lists of nodes change, and not everywhere at once.
        guard overlay.contains(claim.member) else { return }
        let known = claim.member == id ? incarnation : departures[claim.member]?.incarnation ?? 0
        guard claim.incarnation <= known.addingReportingOverflow(Self.incarnationStep).partialValue else {
            counters.malformed += 1
            return
        }
        switch claim.standing {
        case .alive where claim.member == id: incarnation = max(incarnation, claim.incarnation)
        case .alive: hearAlive(claim, known: known, at: now)
        case .suspected where claim.member == id: if claim.incarnation >= incarnation { refute(claim.incarnation, at: now) }
        case .suspected(let accuser):
            guard overlay.links(accuser, claim.member) else {
                counters.malformed += 1
                return
            }
            hearSuspicion(claim, by: accuser, from: place, at: now)
        }
    }

    /// Whoever is suspected wrongly may itself be slow: that counts against its own health.
    mutating func refute(_ suspected: UInt64, at now: Instant) {
        incarnation = suspected + 1
        counters.refutations += 1
        worsenHealth(by: 1)
        queue(Claim(id, incarnation: incarnation, .alive), at: now)
        sendClaims(at: now)
    }

    private mutating func hearAlive(_ claim: Claim, known: UInt64, at now: Instant) {
        guard claim.incarnation > known else { return }
        let wasAccused = departures[claim.member]?.isAccused ?? false
        departures.set(
            Departures.Departure(
                member: claim.member, incarnation: claim.incarnation, standing: .refuted, since: now,
                deadline: now.advanced(by: options.refutationMemory)
            )
        )
        probes.removeAll { $0.member == claim.member }
        if wasAccused { out.append(.reachabilityChanged(claim.member, .reachable)) }
        queue(claim, at: now)
    }

    private mutating func hearSuspicion(_ claim: Claim, by accuser: MemberID, from place: Int?, at now: Instant) {
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
                member: claim.member, incarnation: claim.incarnation, standing: .suspected, accusers: [accuser], since: now,
                deadline: now.advanced(by: suspicionTime(confirmations: 0))
            )
        )
        out.append(.reachabilityChanged(claim.member, .suspected))
        queue(claim, at: now)
        guard let place = place(of: claim.member) else { return }
        send(.claims([claim]), to: [place], at: now)
        if accuser != id { probe(place, at: now) }
    }

    private mutating func confirm(_ known: Departures.Departure, _ claim: Claim, by accuser: MemberID, at now: Instant) {
        guard known.standing == .suspected, !known.accusers.contains(accuser), known.accusers.count <= Self.confirmations
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
        var (digits, rest) = (UInt64(1), overlay.count / 100)
        while rest > 0 { (digits, rest) = (digits + 1, rest / 10) }
        let shortest = digits * options.suspicionPerDigit.microseconds
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

    /// Waits for more, so that many go together.
    mutating func queue(_ claim: Claim, at now: Instant) {
        guard claimsWaiting.count < options.claimQueueLimit else {
            counters.claimsUnsent += 1
            return
        }
        claimsWaiting.append(claim)
        if claimsAt == nil { claimsAt = now.advanced(by: options.claimDelay) }
    }

    /// Refutations go to all, since a node that is not heard refuting is taken for dead; suspicions to a few, whom those that were
    /// left out ask at the next comparison.
    mutating func sendClaims(at now: Instant) {
        claimsAt = nil
        let refutations = claimsWaiting.filter { $0.standing == .alive }
        let suspicions = claimsWaiting.filter { $0.standing != .alive }
        claimsWaiting = []
        let open = openPlaces
        for batch in Self.batches(of: refutations) { send(.claims(batch), to: open, at: now) }
        guard !suspicions.isEmpty else { return }
        let few = Array(open.shuffled(using: &random).prefix(options.claimFanout)).sorted()
        for batch in Self.batches(of: suspicions) { send(.claims(batch), to: few, at: now) }
    }

    private static func batches(of claims: [Claim]) -> [[Claim]] {
        stride(from: 0, to: claims.count, by: Message.claimsLimit).map {
            Array(claims[$0..<min(claims.count, $0 + Message.claimsLimit)])
        }
    }
}
