package import Kernel

/// A node of the overlay: it spreads records at once and the log soon, makes up for what was lost, and says who can be reached.
/// Never who is entitled: that comes with the overlay, from the log.
///
/// Failure detection is SWIM's (Das, Gupta and Motivala, DSN 2002) with Lifeguard's local health, shrinking suspicions and
/// buddy system (Dadgar, Phillips and Currey, DSN-W 2018). Deviations: a node probes its neighbours alone, and others learn
/// by claims; an indirect probe takes a way over others that the overlay knows, since two neighbours seldom have a third in
/// common; the first on that way says so at once, which tells as much of the prober's health as Lifeguard's negative answer
/// and needs no timer there; nobody says that another is dead, everybody concludes it; a neighbour that hears its neighbour
/// suspected probes it at once.
///
/// Spreading is flooding over all links, for what is urgent, and Plumtree's split (Leitão, Pereira and Rodrigues, SRDS 2007) of entries
/// to a few and announcements to the rest, without its repair of one tree: the few are drawn anew each second, so that one which takes
/// and drops holds nobody up for long.
package struct GossipNode: Core {
    package let id: MemberID
    package let options: GossipOptions
    /// Whether it gets the log here; else its shell has it from elsewhere, and only gives.
    package let takesLog: Bool
    package internal(set) var overlay: Overlay
    package internal(set) var counters = GossipCounters()

    /// In order of their ids.
    var neighbours: [Neighbour] = []
    var book: RecordBook
    var random: SeededRandom
    /// Of this node, raised to refute.
    package internal(set) var incarnation: UInt64 = 0
    /// Lifeguard's local health: 0 is well, each step slows probes down.
    package internal(set) var healthPenalty: UInt64 = 0

    var antiEntropyAt: Instant
    /// Neighbours in the order of their turns, as far as the round has not come to them.
    var antiEntropyTurns: [MemberID] = []

    var probeAt: Instant
    var probeTurns: [MemberID] = []
    var probes: [ProbeUnderWay] = []
    var lastProbe: UInt64 = 0
    var vivaldi: Vivaldi
    var departures = Departures()
    var claimsWaiting: [Claim] = []
    var claimsAt: Instant?
    /// When the next refutation of this node goes out, and when the last one did.
    var refuteAt: Instant?
    var refutedAt: Instant?

    package internal(set) var head = LogHead.none
    var window: LogWindow
    var eager: [MemberID] = []
    var bulkAt: Instant?
    var pulling: Pulling?
    var isLackNoted = false
    /// Those that are being sent a state.
    var servings: [Serving] = []
    /// Since when neighbours say that they have not the next entry.
    var lackingSince: Instant?
    /// When a neighbour is asked for a state, if no entries come before.
    var snapshotAt: Instant?
    /// Askings that came to nothing, though nobody lied, since the head moved.
    var snapshotAttempts = 0
    /// Who was asked last.
    var snapshotAskedOf: MemberID?
    package internal(set) var fetching: Fetching?
    /// How long a state may be.
    var snapshotByteLimit: UInt64
    var offer: Offer?
    /// What neighbours were sent, or told of.
    var spreadThrough = LogIndex.zero

    var out: [Effect] = []
    /// How many neighbours have something queued.
    var queuedCount = 0

    /// The first step says which links are wanted.
    ///
    /// - Parameters:
    ///   - restored: What an earlier process of this node knew of others.
    ///   - seed: Of the choices that differ between nodes.
    package init(
        id: MemberID,
        overlay: Overlay,
        streams: [MemberID],
        options: GossipOptions = GossipOptions(),
        takesLog: Bool = true,
        restored: [Claim] = [],
        seed: UInt64,
        at now: Instant
    ) {
        invariant(options.flaw == nil, "options: \(options.flaw ?? "")")
        self.id = id
        self.overlay = overlay
        self.options = options
        self.takesLog = takesLog
        book = RecordBook(options)
        window = LogWindow(options)
        snapshotByteLimit = options.snapshotByteLimit
        random = SeededRandom(seed: seed)
        vivaldi = Vivaldi(seed: seed)
        antiEntropyAt = now
        probeAt = now
        // All nodes may have started together.
        antiEntropyAt = now.advanced(by: draw(upTo: options.antiEntropyInterval))
        probeAt = now.advanced(by: draw(upTo: options.probeInterval))
        book.setStreams(streams)
        setNeighbours(at: now)
        for claim in restored { restore(claim) }
    }

    package mutating func step(_ input: Input, at now: Instant) -> [Effect] {
        defer { checkInvariants() }
        handle(input, at: now)
        let effects = out
        out = []
        return effects
    }

    private mutating func handle(_ input: Input, at now: Instant) {
        switch input {
        case .wake: wake(at: now)
        case .receive(let message, let sender): receive(message, from: sender, at: now)
        case .unreadable(let byteCount, let sender): unreadable(byteCount, from: sender, at: now)
        case .linkOpened(let neighbour): linkOpened(neighbour, at: now)
        case .linkClosed(let neighbour): linkClosed(neighbour, at: now)
        case .overlay(let overlay, let streams): change(overlay, streams: streams, at: now)
        case .publish(let record): publish(record, at: now)
        case .judged(let id, let verdict): judged(id, verdict, at: now)
        case .settled(let ids): for id in ids { book.settle(id) }
        case .logAdvanced(let head, let records): logAdvanced(to: head, records, at: now)
        case .logRefused(let neighbour): logRefused(from: neighbour, at: now)
        case .logDoubted: logDoubted(at: now)
        case .logRead(let neighbour, let index, let records): logRead(for: neighbour, after: index, records, at: now)
        case .snapshotRead(let neighbour, let part): snapshotRead(for: neighbour, part, at: now)
        case .snapshotTaken(let number): snapshotTaken(number, at: now)
        case .snapshotGivenUp(let isLie): giveUpSnapshot(isLie: isLie, at: now)
        }
    }

    /// When `wake` is due.
    package var nextWake: Instant? {
        var due = min(antiEntropyAt, probeAt)
        if let claimsAt { due = min(due, claimsAt) }
        if let refuteAt { due = min(due, refuteAt) }
        if let bulkAt { due = min(due, bulkAt) }
        if let pulling { due = min(due, pulling.askAt) }
        if let snapshotAt { due = min(due, snapshotAt) }
        if let deadline = fetching?.deadline { due = min(due, deadline) }
        if let askAgainAt = fetching?.askAgainAt { due = min(due, askAgainAt) }
        if let deadline = departures.nextDeadline { due = min(due, deadline) }
        for probe in probes { due = min(due, probe.deadline) }
        if queuedCount > 0, let ready = nextSending { due = min(due, ready) }
        return due
    }

    private mutating func wake(at now: Instant) {
        allowForLateness(at: now)
        sendQueued(at: now)
        if let refuteAt, now >= refuteAt { tellRefutation(at: now) }
        expireProbes(at: now)
        concludeSuspicions(at: now)
        if now >= probeAt { probeNext(at: now) }
        if let claimsAt, now >= claimsAt { sendClaims(at: now) }
        if let bulkAt, now >= bulkAt { spreadLog(at: now) }
        if let pulling, now >= pulling.askAt { pullAgain(at: now) }
        if let deadline = fetching?.deadline, now >= deadline { giveUpSnapshot(isLie: false, at: now) }
        if let askAgainAt = fetching?.askAgainAt, now >= askAgainAt { pullPieceAgain(at: now) }
        if let snapshotAt, now >= snapshotAt { askForSnapshot(at: now) }
        if now >= antiEntropyAt { compareWithNext(at: now) }
    }

    mutating func draw(below bound: Int) -> Int { bound < 1 ? 0 : Int(random.next() % UInt64(bound)) }

    mutating func draw(upTo span: Span) -> Span { Span(microseconds: random.next() % (span.microseconds + 1)) }

    mutating func shuffled(_ members: [MemberID]) -> [MemberID] { members.shuffled(using: &random) }
}
