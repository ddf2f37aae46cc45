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
    /// In order of hearing.
    package fileprivate(set) var holders: [Holder]
    /// Nil while the log has not judged it, as far as this node knows.
    package fileprivate(set) var judgement: Judgement?

    /// Those of the members that have not said that they go by it.
    package func unheard(of members: [MemberID], here member: MemberID) -> [MemberID] {
        members.filter { other in other != member && !holders.contains { $0.member == other } }
    }
}

/// The newest statements that came into force on a node, and what it has heard of them since.
///
/// Lost with the process: what the log says of a statement is not, and is told by the state.
struct StatementReports: Sendable {
    private struct Item {
        var report: StatementReport
        /// When members that have not answered are told again though the log has judged it, so that they do. Nil when that is
        /// over, or its revoker brought it elsewhere.
        var tellAt: Instant?
        let tellUntil: Instant
    }

    /// Oldest first.
    private var items: [Item] = []

    static let limit = 256
    /// How long members that do not answer are told of a statement that the log has judged, and how often.
    private static let patience = Span.seconds(3600)
    private static let interval = Span.seconds(2)

    func report(_ id: Digest) -> StatementReport? { items.first { $0.report.signed.id == id }?.report }

    mutating func began(_ signed: SignedStatement, isBroughtHere: Bool, heldBy holders: [MemberID], at now: Moment) {
        items.removeAll { $0.report.signed.id == signed.id }
        if items.count == Self.limit { items.removeFirst() }
        let holders = holders.map { StatementReport.Holder(member: $0, heardAt: now.wall) }
        items.append(
            Item(
                report: StatementReport(signed: signed, inForceSince: now.wall, holders: holders, judgement: nil),
                tellAt: isBroughtHere ? now.monotonic.advanced(by: Self.interval) : nil,
                tellUntil: now.monotonic.advanced(by: Self.patience)
            )
        )
    }

    mutating func held(_ id: Digest, by member: MemberID, at now: WallTime) {
        change(id) { report in
            guard !report.holders.contains(where: { $0.member == member }) else { return }
            report.holders.append(StatementReport.Holder(member: member, heardAt: now))
        }
    }

    mutating func judged(_ id: Digest, _ verdict: StatementReport.Verdict, at now: WallTime) {
        change(id) { $0.judgement = StatementReport.Judgement(verdict: verdict, knownAt: now) }
    }

    /// Judged ones of which members are to be told again, with those members.
    mutating func takeDue(members: [MemberID], here: MemberID, at now: Instant) -> [(SignedStatement, [MemberID])] {
        var due: [(SignedStatement, [MemberID])] = []
        for place in items.indices {
            guard items[place].report.judgement != nil, let tellAt = items[place].tellAt, tellAt <= now else {
                continue
            }
            let next = now.advanced(by: Self.interval)
            items[place].tellAt = next < items[place].tellUntil ? next : nil
            let unheard = items[place].report.unheard(of: members, here: here)
            if !unheard.isEmpty { due.append((items[place].report.signed, unheard)) }
        }
        return due
    }

    func nextTell(members: [MemberID], here: MemberID) -> Instant? {
        var next: Instant?
        for item in items where item.report.judgement != nil && !item.report.unheard(of: members, here: here).isEmpty {
            next = Instant.earliest(next, item.tellAt)
        }
        return next
    }

    private mutating func change(_ id: Digest, _ body: (inout StatementReport) -> Void) {
        guard let place = items.lastIndex(where: { $0.report.signed.id == id }) else { return }
        body(&items[place].report)
    }
}
