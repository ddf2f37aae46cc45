package import Directory
package import Kernel

/// How far a statement has come, as one node knows: for whoever contains an agent that went wrong.
package struct StatementReport: Hashable, Sendable {
    package struct Holder: Hashable, Sendable {
        package let member: MemberID
        /// When this node heard that the member goes by the statement, by this node's clock: it has done so since then at the
        /// latest.
        package let heardAt: WallTime
    }

    package enum Verdict: Hashable, Sendable {
        case recorded(LogIndex)
        case refused(StatementRefusal)
    }

    /// What the log says, and when this node knew, by its clock: the log had committed it by then.
    package struct Judgement: Hashable, Sendable {
        package let verdict: Verdict
        package let knownAt: WallTime
    }

    package let signed: SignedStatement
    /// When decisions of this node went by it, durably.
    package let inForceSince: WallTime
    /// In order of hearing; none once the log has refused it.
    package private(set) var holders: [Holder]
    /// Nil while the log has not judged it, as far as this node knows.
    package private(set) var judgement: Judgement?

    fileprivate init(signed: SignedStatement, inForceSince: WallTime, holders: [Holder]) {
        self.signed = signed
        self.inForceSince = inForceSince
        self.holders = holders
    }

    private var isRefused: Bool { if case .refused? = judgement?.verdict { true } else { false } }

    /// Those of the peers that have not said that they go by it.
    package func unheard(of peers: [MemberID]) -> [MemberID] {
        peers.filter { peer in !holders.contains { $0.member == peer } }
    }

    fileprivate mutating func held(by member: MemberID, at now: WallTime) {
        // What members say of a statement that the log has refused is that they need not be told.
        guard !isRefused, !holders.contains(where: { $0.member == member }) else { return }
        holders.append(Holder(member: member, heardAt: now))
    }

    fileprivate mutating func judged(_ judgement: Judgement) {
        self.judgement = judgement
        if isRefused { holders = [] }
    }
}

/// The newest statements that came into force on a node, and what it has heard of them since.
///
/// Lost with the process: what the log says of a statement is not, and is told by the state.
struct StatementReports: Sendable {
    /// A recorded statement of which some members have not said that they go by it.
    private struct Telling {
        let id: Digest
        var next: Instant
        let end: Instant
    }

    /// Oldest first.
    private var items: [(report: StatementReport, isBroughtHere: Bool)] = []
    /// Empty nearly always, since every step looks at it.
    private var telling: [Telling] = []

    static let limit = 256
    /// How long members that do not answer are told of a statement that the log has recorded, and how often.
    private static let patience = Span.seconds(3600)
    private static let interval = Span.seconds(2)

    func report(_ id: Digest) -> StatementReport? { items.last { $0.report.signed.id == id }?.report }

    /// - Parameter isBroughtHere: By its revoker, who may ask this node how far it has come.
    mutating func began(_ signed: SignedStatement, isBroughtHere: Bool, heldBy holders: [MemberID], at now: Moment) {
        items.removeAll { $0.report.signed.id == signed.id }
        if items.count == Self.limit { items.removeFirst() }
        let holders = holders.map { StatementReport.Holder(member: $0, heardAt: now.wall) }
        let report = StatementReport(signed: signed, inForceSince: now.wall, holders: holders)
        items.append((report, isBroughtHere))
    }

    mutating func held(_ id: Digest, by member: MemberID, at now: WallTime) {
        change(id) { $0.report.held(by: member, at: now) }
    }

    mutating func judged(_ id: Digest, _ verdict: StatementReport.Verdict, at now: Moment) {
        var isTold = false
        change(id) {
            $0.report.judged(StatementReport.Judgement(verdict: verdict, knownAt: now.wall))
            if case .recorded = verdict { isTold = $0.isBroughtHere }
        }
        guard isTold, !telling.contains(where: { $0.id == id }) else { return }
        let next = now.monotonic.advanced(by: Self.interval)
        telling.append(Telling(id: id, next: next, end: now.monotonic.advanced(by: Self.patience)))
    }

    /// Whether members are told of statements that the log has recorded, so that they answer.
    var isTelling: Bool { !telling.isEmpty }
    var nextTell: Instant? { telling.map(\.next).min() }

    /// Recorded ones of which members are to be told again, with those members.
    mutating func takeDue(peers: [MemberID], at now: Instant) -> [(SignedStatement, [MemberID])] {
        var due: [(SignedStatement, [MemberID])] = []
        for place in telling.indices.reversed() where telling[place].next <= now {
            let report = report(telling[place].id)
            let unheard = report?.unheard(of: peers) ?? []
            guard let report, !unheard.isEmpty, now < telling[place].end else {
                telling.remove(at: place)
                continue
            }
            telling[place].next = now.advanced(by: Self.interval)
            due.append((report.signed, unheard))
        }
        return due
    }

    private mutating func change(
        _ id: Digest,
        _ body: (inout (report: StatementReport, isBroughtHere: Bool)) -> Void
    ) {
        guard let place = items.lastIndex(where: { $0.report.signed.id == id }) else { return }
        body(&items[place])
    }
}
