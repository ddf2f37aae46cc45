package import Kernel

/// What neighbours say to each other. The link vouches for the sender, and keeps the order of what it carries.
package enum Message: Hashable, Sendable {
    /// Urgent lane: to every neighbour, as soon as it is known to count.
    case record(Record)
    case probe(Probe)
    case probeAnswer(Probe)
    /// The first on a probe's way over others has it: the prober's own link is well, and so is its clock.
    case probePassedOn(sequence: UInt64)
    case claims([Claim])
    case summary(Summary)
    /// Ids of the records that are kept until settled, in order: an answer to a summary that differs in them.
    case held([Digest])
    case want([Digest])
    /// Bulk lane: that the sender has the log up to here.
    case announcement(LogHead)
    /// Consecutive, and proved.
    case entries([LogRecord])
    case pull(after: LogIndex)
    /// The sender has no entry after this one any more, or cannot read it now.
    case unavailable(after: LogIndex)
    /// For a piece of the state at this index; for piece 0, of any state past it.
    case snapshotPull(at: LogIndex, number: UInt64)
    case snapshotPart(SnapshotPart)
    /// Answers `snapshotPull`: the sender has no such state, or too much to do.
    case snapshotUnavailable(at: LogIndex)

    /// A question whether the last node of the route answers. The answer goes the same way back.
    package struct Probe: Hashable, Sendable {
        /// Of the prober's counting.
        package let sequence: UInt64
        /// From the prober to the probed; two nodes for a direct one.
        package let route: [MemberID]
        /// The incarnation in which the probed one is suspected, so that it can refute at once. Lifeguard's buddy system.
        package let suspectedIn: UInt64?
        /// Of the probed one, in the answer to a direct probe.
        package var coordinate: NetworkCoordinate?

        package init(
            sequence: UInt64,
            route: [MemberID],
            suspectedIn: UInt64?,
            coordinate: NetworkCoordinate? = nil
        ) {
            self.sequence = sequence
            self.route = route
            self.suspectedIn = suspectedIn
            self.coordinate = coordinate
        }

        /// Two steps over others at most.
        package static let routeLimit = 4
    }

    /// Whether two nodes know the same.
    package struct Summary: Hashable, Sendable {
        package let head: LogHead
        /// Over the sorted ids of the records that are kept until settled.
        package let held: Digest
        /// The newest of each stream.
        package let streams: [StreamPosition]
        /// Over what is known of nodes that are not simply alive; for comparison alone.
        package let departures: UInt64
        /// Answered by the other's own, unless it is an answer itself.
        package let isAnswer: Bool

        package init(
            head: LogHead,
            held: Digest,
            streams: [StreamPosition],
            departures: UInt64,
            isAnswer: Bool
        ) {
            self.head = head
            self.held = held
            self.streams = streams
            self.departures = departures
            self.isAnswer = isAnswer
        }
    }

    package struct StreamPosition: Hashable, Sendable {
        package let stream: MemberID
        package let sequence: UInt64

        package init(stream: MemberID, sequence: UInt64) {
            self.stream = stream
            self.sequence = sequence
        }
    }

    package static let claimsLimit = 128
    package static let streamsLimit = 16

    /// Which of two is sent first when a neighbour's budget is short.
    enum Lane: Hashable, Sendable { case urgent, bulk }

    var lane: Lane {
        switch self {
        case .record, .probe, .probeAnswer, .probePassedOn, .claims: .urgent
        case .summary, .held, .want, .announcement, .entries, .pull, .unavailable, .snapshotPull, .snapshotPart,
            .snapshotUnavailable:
            .bulk
        }
    }

    /// What budgets charge: the size on the wire, within a few bytes.
    package var byteCount: Int {
        let frame = 8
        return switch self {
        case .record(let record): frame + record.byteCount
        case .probe(let probe), .probeAnswer(let probe):
            frame + 16 + 20 * probe.route.count + (probe.coordinate == nil ? 0 : 32)
        case .probePassedOn: frame + 8
        case .claims(let claims): frame + 44 * claims.count
        case .summary(let summary): frame + 100 + 28 * summary.streams.count
        case .held(let ids), .want(let ids): frame + Digest.byteCount * ids.count
        case .announcement: frame + 48
        case .entries(let records): records.reduce(frame) { $0 + $1.byteCount }
        case .pull, .unavailable, .snapshotUnavailable: frame + 8
        case .snapshotPull: frame + 16
        case .snapshotPart(let part): frame + part.byteCount
        }
    }
}

/// What somebody says about whether a node can be reached: a message of SWIM's dissemination component.
///
/// Nobody says that another is dead. Each node concludes it from a suspicion that was not refuted in time, so that no single
/// claim can take a node out of anybody's sight.
package struct Claim: Hashable, Sendable {
    package enum Standing: Hashable, Sendable {
        /// By a neighbour of it that got no answer.
        case suspected(by: MemberID)
        /// By itself: it lives in this incarnation.
        case alive
    }

    package let member: MemberID
    package let incarnation: UInt64
    package let standing: Standing

    package init(_ member: MemberID, incarnation: UInt64, _ standing: Standing) {
        self.member = member
        self.incarnation = incarnation
        self.standing = standing
    }
}
