package import Directory
package import Kernel

/// How far a statement has come, as one node knows: for whoever contains an agent that went wrong.
package struct StatementReport: Hashable, Sendable {
    package struct Holder: Hashable, Sendable {
        package let member: MemberID
        /// By the member's own clock, or when this node heard of it, which is later, where the member did not say.
        package fileprivate(set) var since: WallTime
        /// The member has said so over its own link. Otherwise another node says that it has, which nobody can prove.
        package fileprivate(set) var isFirstHand: Bool
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
    /// When decisions of this node went by it, durably: by this statement or by the log's word on it. The begin of the process for what
    /// an earlier one has left in force.
    package let inForceSince: WallTime
    /// In order of their ids; none once the log has refused it.
    package private(set) var holders: [Holder]
    /// Nil while the log has not judged it, as far as this node knows.
    package private(set) var judgement: Judgement?

    fileprivate init(signed: SignedStatement, inForceSince: WallTime, judgement: Judgement?) {
        self.signed = signed
        self.inForceSince = inForceSince
        self.holders = []
        self.judgement = judgement
    }

    fileprivate var isRefused: Bool { if case .refused? = judgement?.verdict { true } else { false } }

    package func holder(_ member: MemberID) -> Holder? {
        let place = place(of: member)
        return isHeld(by: member, at: place) ? holders[place] : nil
    }

    /// Those of the peers that have not said that they go by it.
    package func unheard(of peers: [MemberID]) -> [MemberID] { peers.filter { holder($0) == nil } }

    /// - Parameter peers: Each of them once.
    fileprivate func isUnheard(ofAny peers: [MemberID]) -> Bool {
        holders.count < peers.count || peers.contains { holder($0) == nil }
    }

    /// - Returns: Whether it was not known that the member goes by it.
    fileprivate mutating func held(_ holder: Holder) -> Bool {
        // What members say of a statement that the log has refused is that they need not be told.
        guard !isRefused else { return false }
        let place = place(of: holder.member)
        guard isHeld(by: holder.member, at: place) else {
            holders.insert(holder, at: place)
            return true
        }
        let known = holders[place]
        let isBetter = holder.isFirstHand && (!known.isFirstHand || holder.since < known.since)
        if isBetter { holders[place] = holder }
        return false
    }

    private func place(of member: MemberID) -> Int { holders.partitioningIndex { $0.member >= member } }

    private func isHeld(by member: MemberID, at place: Int) -> Bool {
        place < holders.count && holders[place].member == member
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
    fileprivate struct Item {
        var report: StatementReport
        /// By its revoker, who may ask this node how far it has come.
        var isBroughtHere: Bool
        let began: Instant
        /// Neighbours are to be told that this node goes by it.
        var isNews = false
        /// Heard of, and not told on yet.
        var news: [StatementHolding.Holder] = []
        /// Messages that told neighbours all of it again since the last news: neighbour by neighbour, and so page by page.
        var retold = 0
    }

    /// A recorded statement of which some members have not said that they go by it.
    private struct Telling {
        let id: Digest
        var next: Instant
        let end: Instant
    }

    /// Oldest first.
    private var items: [Item] = []
    /// Empty nearly always, since every step looks at it.
    private var telling: [Telling] = []
    /// When neighbours are told what is new; nil while nothing is.
    private var newsAt: Instant?
    /// When a neighbour is told all again of what is not complete, or not told to each since it is; nil while there is none.
    private var retellAt: Instant?
    /// Which neighbours have their turn to hear news.
    private var newsTurn = 0
    /// Which neighbour has its turn to be told all again, and after a round of them which statement.
    private var retellTurn = 0

    static let limit = 256
    /// How long members that do not answer are told of a statement that the log has recorded, and how often; and how long, and how
    /// often, neighbours are told who goes by it.
    private static let patience = Span.seconds(3600)
    private static let interval = Span.seconds(2)
    /// How long news wait for more, so that what hundreds of nodes say fits into few messages.
    private static let newsDelay = Span.milliseconds(200)
    /// Neighbours that are told at a time. The others hear it of them.
    private static let newsFanout = 8

    func report(_ id: Digest) -> StatementReport? { place(of: id).map { items[$0].report } }

    private func place(of id: Digest) -> Int? { items.lastIndex { $0.report.signed.id == id } }

    /// - Parameters:
    ///   - isBroughtHere: By its revoker, who may ask this node how far it has come.
    ///   - judgement: Of the log, where this node goes by that, and has not heard of the statement before.
    mutating func began(
        _ signed: SignedStatement,
        isBroughtHere: Bool,
        heldBy holders: [MemberID] = [],
        judgement: StatementReport.Judgement? = nil,
        at now: Moment
    ) {
        items.removeAll { $0.report.signed.id == signed.id }
        if items.count == Self.limit { items.removeFirst() }
        var report = StatementReport(signed: signed, inForceSince: now.wall, judgement: judgement)
        for member in holders {
            _ = report.held(.init(member: member, since: now.wall, isFirstHand: true))
        }
        items.append(Item(report: report, isBroughtHere: isBroughtHere, began: now.monotonic, isNews: judgement != nil))
        if judgement != nil { hasNews(at: now.monotonic) }
        retellAt = retellAt ?? now.monotonic.advanced(by: Self.interval)
    }

    /// - Parameter others: Of which the sender has heard, known nodes but for this one.
    mutating func held(
        _ holding: StatementHolding,
        others: [StatementHolding.Holder],
        by sender: MemberID,
        at now: Moment
    ) {
        guard let place = place(of: holding.statement) else { return }
        note(.init(member: sender, since: holding.since ?? now.wall), isFirstHand: true, at: place, now)
        for other in others where other.member != sender { note(other, isFirstHand: false, at: place, now) }
    }

    private mutating func note(
        _ holder: StatementHolding.Holder,
        isFirstHand: Bool,
        at place: Int,
        _ now: Moment
    ) {
        // Nobody goes by it later than this node hears that it does.
        let since = min(holder.since, now.wall)
        guard items[place].report.held(.init(member: holder.member, since: since, isFirstHand: isFirstHand)) else {
            return
        }
        items[place].news.append(.init(member: holder.member, since: since))
        items[place].retold = 0
        hasNews(at: now.monotonic)
        retellAt = retellAt ?? now.monotonic.advanced(by: Self.interval)
    }

    private mutating func hasNews(at now: Instant) { newsAt = newsAt ?? now.advanced(by: Self.newsDelay) }

    mutating func judged(_ id: Digest, _ verdict: StatementReport.Verdict, at now: Moment) {
        guard let place = place(of: id) else { return }
        items[place].report.judged(StatementReport.Judgement(verdict: verdict, knownAt: now.wall))
        guard case .recorded = verdict, items[place].isBroughtHere, !telling.contains(where: { $0.id == id }) else {
            return
        }
        let next = now.monotonic.advanced(by: Self.interval)
        telling.append(Telling(id: id, next: next, end: now.monotonic.advanced(by: Self.patience)))
    }

    /// Whether members are told of statements that the log has recorded, so that they answer.
    var isTelling: Bool { !telling.isEmpty }
    /// When there is something to tell, to members or to neighbours.
    var nextTell: Instant? {
        Instant.earliest(telling.map(\.next).min(), Instant.earliest(newsAt, retellAt))
    }

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

    /// Nobody is there to be told by gossip.
    mutating func forgetNeighbours() { (newsAt, retellAt) = (nil, nil) }

    /// What this node has heard since the last time, for some of its neighbours.
    mutating func takeNews(neighbours: [MemberID], at now: Instant) -> [(MemberID, [StatementHolding])] {
        guard let due = newsAt, due <= now else { return [] }
        newsAt = nil
        var holdings: [StatementHolding] = []
        var room = StatementHolding.othersLimit
        for place in items.indices where items[place].isNews || !items[place].news.isEmpty {
            guard room > 0, holdings.count < StatementHolding.limit else {
                hasNews(at: now)
                break
            }
            let taken = items[place].news.prefix(room)
            if !items[place].report.isRefused { holdings.append(items[place].holding(of: Array(taken))) }
            room -= taken.count
            items[place].isNews = false
            items[place].news.removeFirst(taken.count)
            if !items[place].news.isEmpty { hasNews(at: now) }
        }
        guard !holdings.isEmpty else { return [] }
        let told = (0..<min(Self.newsFanout, neighbours.count)).map { neighbours[(newsTurn + $0) % neighbours.count] }
        newsTurn = (newsTurn + told.count) % Self.turnLimit
        return told.map { ($0, holdings) }
    }

    /// As much as one message takes, for one neighbour, of what is known of statements of which somebody was not heard from: whoever
    /// missed the news hears of it so. Each neighbour is told once more when all were heard from, since it may have been away, and then
    /// it is heard from before it has heard of others.
    mutating func takeRetold(
        neighbours: [MemberID],
        everybody: [MemberID],
        at now: Instant
    ) -> (MemberID, [StatementHolding])? {
        guard let due = retellAt, due <= now else { return nil }
        let open = items.indices.filter { place in
            let item = items[place]
            return !item.report.isRefused && now.elapsed(since: item.began) < Self.patience
                && (item.retold < item.pages * neighbours.count || item.report.isUnheard(ofAny: everybody))
        }
        retellAt = open.isEmpty ? nil : now.advanced(by: Self.interval)
        guard !open.isEmpty, !neighbours.isEmpty else { return nil }
        let (round, place) = retellTurn.quotientAndRemainder(dividingBy: neighbours.count)
        retellTurn = (retellTurn + 1) % Self.turnLimit
        var holdings: [StatementHolding] = []
        var room = StatementHolding.othersLimit
        for step in open.indices.prefix(StatementHolding.limit) {
            let next = open[(round + step) % open.count]
            let page = items[next].page(items[next].retold / neighbours.count)
            // Whole pages, since the next time it is the next one.
            guard page.count <= room else { break }
            room -= page.count
            items[next].retold += 1
            holdings.append(items[next].holding(of: page.map { .init(member: $0.member, since: $0.since) }))
        }
        return (neighbours[place], holdings)
    }

    private static let turnLimit = 1_000_000_000
}

extension StatementReports.Item {
    /// Messages that it takes to tell all.
    fileprivate var pages: Int {
        max(1, (report.holders.count + StatementHolding.othersLimit - 1) / StatementHolding.othersLimit)
    }

    fileprivate func page(_ number: Int) -> ArraySlice<StatementReport.Holder> {
        report.holders.dropFirst(number % pages * StatementHolding.othersLimit).prefix(StatementHolding.othersLimit)
    }

    fileprivate func holding(of others: [StatementHolding.Holder]) -> StatementHolding {
        StatementHolding(report.signed.id, since: report.inForceSince, others: others)
    }
}
