package import Kernel

extension GossipNode {
    /// Nobody is suspected in a later incarnation, so that every suspicion can be refuted: claims could use the numbers up.
    private static let lastSuspected: UInt64 = 1 << 62

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
        guard case .suspected(let accuser) = claim.standing, claim.member != id, overlay.contains(claim.member) else {
            return
        }
        departures.set(
            Departures.Departure(
                member: claim.member,
                incarnation: claim.incarnation,
                standing: .unreachable,
                accusers: [accuser]
            )
        )
    }

    mutating func receive(_ claims: [Claim], from place: Int, at now: Instant) {
        guard (1...Message.claimsLimit).contains(claims.count) else {
            counters.malformed += 1
            return
        }
        let byteCount = Message.claims(claims).byteCount
        guard neighbours[place].incomingClaims.take(byteCount, of: options.incomingClaims, at: now) else {
            counters.overBudget += 1
            return
        }
        for claim in claims { hear(claim, from: place, at: now) }
    }

    /// - Parameter place: Of the neighbour that says so; nil for this node's own.
    mutating func hear(_ claim: Claim, from place: Int?, at now: Instant) {
        // Lists of nodes change, and not everywhere at once.
        guard overlay.contains(claim.member) else { return }
        guard isWellFormed(claim) else {
            counters.malformed += 1
            return
        }
        switch claim.standing {
        case .alive where claim.member == id: break
        case .alive: hearAlive(claim, at: now)
        case .suspected where claim.member == id: refute(claim.incarnation, at: now)
        case .suspected(let accuser): hearSuspicion(claim, by: accuser, from: place, at: now)
        }
    }

    private func isWellFormed(_ claim: Claim) -> Bool {
        switch claim.standing {
        case .alive: claim.incarnation <= Self.lastSuspected + 1
        case .suspected(let accuser):
            claim.incarnation <= Self.lastSuspected && (claim.member == id || overlay.links(accuser, claim.member))
        }
    }

    /// Also a suspicion in a past incarnation, whose refutation others may have forgotten.
    ///
    /// Told at most as often as `refutationPause` says, or a neighbour could have this node flood the overlay at will.
    private mutating func refute(_ suspected: UInt64, at now: Instant) {
        if suspected >= incarnation {
            incarnation = suspected + 1
            counters.refutations += 1
            // Whoever is suspected wrongly may itself be slow.
            worsenHealth(by: 1)
        }
        guard refuteAt == nil else { return }
        let earliest = refutedAt?.advanced(by: options.refutationPause) ?? now
        if earliest <= now { tellRefutation(at: now) } else { refuteAt = earliest }
    }

    mutating func tellRefutation(at now: Instant) {
        refuteAt = nil
        refutedAt = now
        send(.claims([Claim(id, incarnation: incarnation, .alive)]), to: openPlaces, at: now)
    }

    private mutating func hearAlive(_ claim: Claim, at now: Instant) {
        guard claim.incarnation > departures[claim.member]?.incarnation ?? 0 else { return }
        let wasAccused = departures[claim.member]?.isAccused ?? false
        departures.set(
            Departures.Departure(
                member: claim.member,
                incarnation: claim.incarnation,
                standing: .refuted,
                since: now,
                deadline: now.advanced(by: options.refutationMemory)
            )
        )
        probes.removeAll { $0.member == claim.member }
        if wasAccused { out.append(.reachabilityChanged(claim.member, .reachable)) }
        queue(claim, at: now)
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
