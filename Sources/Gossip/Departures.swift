import Kernel

/// What is known of nodes that are not simply alive: the suspected, the unreachable, and for a while those that have refuted.
struct Departures: Sendable {
    struct Departure: Hashable, Sendable {
        enum Standing: Hashable, Sendable { case suspected, unreachable, refuted }

        let member: MemberID
        var incarnation: UInt64
        var standing: Standing
        /// Neighbours of it that say so, in order of hearing.
        var accusers: [MemberID] = []
        var since = Instant.zero
        /// When a suspicion is concluded, or a refutation forgotten.
        var deadline: Instant?

        var isAccused: Bool { standing != .refuted }

        /// To tell others; nil for one that has refuted.
        var accusation: Claim? {
            guard isAccused, let accuser = accusers.first else { return nil }
            return Claim(member, incarnation: incarnation, .suspected(by: accuser))
        }
    }

    /// In order of their members.
    private(set) var all: [Departure] = []
    private(set) var nextDeadline: Instant?
    /// Equal where the same nodes are accused in the same incarnations. A sum, so that it follows each change at no cost; whoever
    /// makes it collide hides what it could as well not send.
    private(set) var fingerprint: UInt64 = 0

    subscript(member: MemberID) -> Departure? {
        let place = place(of: member)
        return place < all.count && all[place].member == member ? all[place] : nil
    }

    var accused: [Departure] { all.filter(\.isAccused) }

    mutating func set(_ departure: Departure) {
        let place = place(of: departure.member)
        if place < all.count, all[place].member == departure.member {
            fingerprint &-= Self.mark(all[place])
            all[place] = departure
        } else {
            all.insert(departure, at: place)
        }
        fingerprint &+= Self.mark(departure)
        // The one that was replaced may have been the next: then the wake finds nothing to do.
        nextDeadline = Instant.earliest(nextDeadline, departure.deadline)
    }

    /// As after a time in which nothing could be heard.
    mutating func postpone(by span: Span) {
        for place in all.indices {
            // Confirmations count from there.
            all[place].since = all[place].since.advanced(by: span)
            all[place].deadline = all[place].deadline?.advanced(by: span)
        }
        recount()
    }

    mutating func keep(where stays: (MemberID) -> Bool) {
        all.removeAll { !stays($0.member) }
        recount()
    }

    /// Forgets refutations that are old enough, and takes the suspicions that nobody has refuted in time: those are
    /// unreachable from now on.
    mutating func conclude(at now: Instant) -> [MemberID] {
        guard let nextDeadline, nextDeadline <= now else { return [] }
        var concluded: [MemberID] = []
        all.removeAll { $0.standing == .refuted && ($0.deadline ?? now) <= now }
        for place in all.indices where all[place].standing == .suspected && (all[place].deadline ?? now) <= now {
            all[place].standing = .unreachable
            all[place].deadline = nil
            concluded.append(all[place].member)
        }
        recount()
        return concluded
    }

    private func place(of member: MemberID) -> Int { all.partitioningIndex { $0.member >= member } }

    private mutating func recount() {
        fingerprint = all.reduce(0) { $0 &+ Self.mark($1) }
        nextDeadline = nil
        for departure in all { nextDeadline = Instant.earliest(nextDeadline, departure.deadline) }
    }

    private static func mark(_ departure: Departure) -> UInt64 {
        guard departure.isAccused else { return 0 }
        let member = departure.member
        let place = member.high ^ member.low &* 3 ^ UInt64(member.incarnation) << 32
        var mixer = SeededRandom(seed: place ^ departure.incarnation &* 0x9E37_79B9)
        return mixer.next()
    }
}
