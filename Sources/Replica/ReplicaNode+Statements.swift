import Consensus
import Decision
import Directory
import Gossip
package import Kernel

// Taking authority away does not wait for a quorum: a statement under a warrant counts at each node that hears it, until the
// log, which hears it in the end, records or refuses it. Durable first, then enforced, then told to others and answered for.
extension ReplicaNode {
    mutating func make(
        _ signed: SignedStatement,
        _ id: RequestID,
        deadline: Instant,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        let waiting = PendingStatements.Waiting(id: id, signed: signed, deadline: deadline)
        if let item = statements[signed.id] {
            guard item.stage != .inForce else { return effects.append(.reply(id, .inForce(signed.id))) }
            guard item.waiting.count < PendingStatements.waitingLimit else {
                let limit = PendingStatements.waitingLimit
                return effects.append(.reply(id, .refused(.tooManyRequests(limit: limit))))
            }
            statements.change(signed.id) { $0.waiting.append(waiting) }
            // What came under another signature may be forged, and must not decide for this client.
            let isNew = item.signed != signed && !item.waiting.contains { $0.signed == signed }
            if item.stage == .inQuestion, isNew { effects.append(.judge([signed], broughtAt: earliestNow)) }
            return
        }
        guard !statements.isFull, stopping == .no else {
            let refusal: SubmitRefusal =
                stopping == .no ? .tooManyRequests(limit: PendingStatements.limit) : .shuttingDown
            return effects.append(.reply(id, .refused(refusal)))
        }
        askForVerdictsOnce(at: now, into: &effects)
        statements.add(signed, .inQuestion, at: now.monotonic)
        statements.change(signed.id) { $0.waiting.append(waiting) }
        effects.append(.judge([signed], broughtAt: earliestNow))
    }

    /// The earliest that it can be, whatever the own clock says: a node whose clock is wrong takes no warrant for one that has
    /// ended. Without a proof of this process that is not known, and the log looks at the time.
    private var earliestNow: WallTime { tracker.current?.provenAt ?? .distantPast }

    mutating func receive(
        _ heard: [SignedStatement],
        from sender: MemberID,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        guard configuration.contains(sender), heard.count <= PendingStatements.batchLimit else {
            counters.strangeStatements += 1
            return
        }
        hear(heard, from: sender, at: now, into: &effects)
    }

    /// The sender has them in force.
    mutating func hear(
        _ heard: [SignedStatement],
        from sender: MemberID,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        var known: [Digest] = []
        var new: [SignedStatement] = []
        for signed in heard {
            if let item = statements[signed.id] {
                if item.stage == .inForce { known.append(signed.id) }
            } else if !statements.isFull {
                statements.add(signed, .inQuestion, at: now.monotonic)
                new.append(signed)
            }
            statements.change(signed.id) { if !$0.holders.contains(sender) { $0.holders.append(sender) } }
        }
        acknowledge(known, to: sender, at: now, into: &effects)
        if !new.isEmpty { effects.append(.judge(new, broughtAt: nil)) }
    }

    mutating func judged(
        _ judgements: [(SignedStatement, StatementJudgement)],
        at now: Moment,
        into effects: inout [Effect]
    ) {
        var begins: [SignedStatement] = []
        for (signed, judgement) in judgements {
            guard let item = statements[signed.id] else { continue }
            switch judgement {
            case .acceptable(let use) where item.stage == .inQuestion:
                guard let refusal = refusalBesideTheLog(of: signed, item, under: use) else {
                    begin(signed, under: use)
                    begins.append(signed)
                    continue
                }
                statements.change(signed.id) { $0.signed = signed }
                dispute(item, refusal, at: now, into: &effects)
                settleQuestion(signed, .refused, at: now, into: &effects)
            case .recorded(let index): end(signed.id, .recorded(index), at: now, into: &effects)
            case .refused(let refusal): end(signed.id, .refused(refusal), at: now, into: &effects)
            // What is in force stays so until the log has spoken, though its warrant may have ended since.
            case .unacceptable(let refusal) where item.stage == .inQuestion:
                refusals.count(signed, refusal, at: now.wall)
                reject(signed, of: item, refusal, into: &effects)
                settleQuestion(signed, .refused, at: now, into: &effects)
            case .disputed(let refusal) where item.stage == .inQuestion:
                statements.change(signed.id) { $0.signed = signed }
                dispute(item, refusal, at: now, into: &effects)
                settleQuestion(signed, .refused, at: now, into: &effects)
            case .acceptable(let use):
                if item.isEnforced { statements.markTwins(of: signed, under: use) }
                settleQuestion(signed, .passedOver, at: now, into: &effects)
            case .disputed, .unacceptable: settleQuestion(signed, .passedOver, at: now, into: &effects)
            }
        }
        if !begins.isEmpty { effects.append(.enforce(begins)) }
    }

    /// The log has not heard of all that is in force under a warrant.
    private func refusalBesideTheLog(
        of signed: SignedStatement,
        _ item: PendingStatements.Item,
        under use: WarrantUse
    ) -> StatementRefusal? {
        statements.refusal(of: signed, under: use, isInForceElsewhere: !item.holders.isEmpty)
    }

    private mutating func begin(_ signed: SignedStatement, under use: WarrantUse) {
        statements.change(signed.id) {
            $0.signed = signed
            $0.stage = .beginning
        }
        statements.markTwins(of: signed, under: use)
    }

    /// Whoever brought it under this signature is told; under another one it stays in question.
    private mutating func reject(
        _ signed: SignedStatement,
        of item: PendingStatements.Item,
        _ refusal: StatementRefusal,
        into effects: inout [Effect]
    ) {
        let (told, others) = (item.waiting.filter { $0.signed == signed }, item.waiting.filter { $0.signed != signed })
        if told.isEmpty { counters.unacceptableStatements += 1 }
        for waiting in told { effects.append(.reply(waiting.id, .statementRefused(refusal))) }
        guard let left = item.signed == signed ? others.first?.signed : item.signed else {
            _ = statements.remove(signed.id)
            return
        }
        statements.change(signed.id) {
            $0.signed = left
            $0.waiting = others
        }
    }

    /// Who has it in force has looked with another state, and is to learn from the log what became of it.
    private mutating func dispute(
        _ item: PendingStatements.Item,
        _ refusal: StatementRefusal,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        refusals.count(item.signed, refusal, at: now.wall)
        for waiting in item.waiting { effects.append(.reply(waiting.id, .statementRefused(refusal))) }
        if raft.role == .leader, !item.holders.isEmpty, statements.disputedCount < PendingStatements.disputedLimit {
            statements.change(item.signed.id) {
                $0.stage = .disputed
                $0.disputedAt = now.monotonic
                $0.waiting = []
            }
        } else {
            _ = statements.remove(item.signed.id)
        }
    }

    /// They are durable, and decisions go by them.
    mutating func enforced(_ ids: [Digest], at now: Moment, into effects: inout [Effect]) {
        for id in ids {
            guard let item = statements[id], item.stage == .beginning else { continue }
            statements.change(id) {
                $0.stage = .inForce
                $0.waiting = []
                $0.tellAt = now.monotonic
                $0.proposeAt = now.monotonic
            }
            reports.began(
                item.signed,
                isBroughtHere: !item.waiting.isEmpty,
                heldBy: item.holders,
                at: now
            )
            for waiting in item.waiting { effects.append(.reply(waiting.id, .inForce(id))) }
            for peer in item.holders { acknowledge([id], to: peer, at: now, into: &effects) }
            // One of them may be where it was brought, and want to know of all.
            for neighbour in gossip?.neighbourIDs ?? [] where !item.holders.contains(neighbour) {
                acknowledge([id], to: neighbour, at: now, into: &effects)
            }
            publish(.statement(item.signed), at: now, into: &effects)
        }
    }

    /// The word of one that has statements, or whose log has judged them: it need not be told. What it has heard of others is no
    /// more than that.
    mutating func held(_ holdings: [StatementHolding], by sender: MemberID, at now: Moment) {
        var room = StatementHolding.othersLimit
        for holding in holdings.prefix(StatementHolding.limit) {
            let others = holding.others.prefix(room)
            room -= others.count
            let known = others.filter { $0.member != member && (facts.isMember($0.member) || facts.isEdge($0.member)) }
            reports.held(holding, others: known, by: sender, at: now)
            statements.change(holding.statement) { if !$0.holders.contains(sender) { $0.holders.append(sender) } }
        }
    }

    /// What the applied entries have judged counts by the state from now on, or no more.
    mutating func followVerdicts(_ events: [DirectoryEvent], at now: Moment, into effects: inout [Effect]) {
        var judged: [SignedStatement] = []
        for case .statementJudged(let signed, let index) in events {
            statements.markTwins(of: signed)
            if let item = statements[signed.id] {
                statements.change(signed.id) { $0.isJudged = true }
                judged.append(item.signed)
            } else if let index, reports.report(signed.id) == nil {
                // Whoever waits for this node to go by it hears that it does, by the log.
                let judgement = StatementReport.Judgement(verdict: .recorded(index), knownAt: now.wall)
                reports.began(signed, isBroughtHere: false, judgement: judgement, at: now)
            }
        }
        // The state says which it was.
        if !judged.isEmpty { effects.append(.judge(judged, broughtAt: nil)) }
    }

    /// Before anything new is judged beside what an earlier process has left in force.
    private mutating func askForVerdictsOnce(at now: Moment, into effects: inout [Effect]) {
        guard !hasAskedForVerdicts else { return }
        hasAskedForVerdicts = true
        for signed in statementsInForce { reports.began(signed, isBroughtHere: false, at: now) }
        askForVerdicts(into: &effects)
    }

    /// Entries were passed over, or a process ended: among them may have been verdicts.
    mutating func askForVerdicts(into effects: inout [Effect]) {
        guard !statements.isEmpty else { return }
        effects.append(.judge(statements.items.map(\.signed), broughtAt: nil))
    }

    private mutating func end(
        _ id: Digest,
        _ verdict: StatementReport.Verdict,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        guard let item = statements.remove(id) else { return }
        settled(item.signed, at: now, into: &effects)
        reports.judged(id, verdict, at: now)
        if case .refused(let refusal) = verdict { refusals.count(item.signed, refusal, at: now.wall) }
        if item.stage == .beginning || item.stage == .inForce { effects.append(.release([id])) }
        for waiting in item.waiting {
            switch verdict {
            case .recorded(let index): effects.append(.reply(waiting.id, .statementRecorded(id, index)))
            case .refused(let refusal): effects.append(.reply(waiting.id, .statementRefused(refusal)))
            }
        }
        // Others may wait for the log to reach them, and need not tell this node.
        if item.stage == .inQuestion {
            for peer in item.holders { acknowledge([id], to: peer, at: now, into: &effects) }
        }
    }

    /// Tells those that are not known to have them, and puts them into the log where this node leads.
    mutating func spreadStatements(at now: Moment, into effects: inout [Effect]) {
        tellOfRecorded(at: now, into: &effects)
        tellWhoHolds(at: now, into: &effects)
        guard !statements.isEmpty else { return }
        askForVerdictsOnce(at: now, into: &effects)
        for id in statements.takeExpired(at: now.monotonic) { effects.append(.reply(id, .outcomeUnknown)) }
        tellPeers(at: now, into: &effects)
        if raft.role != .leader { statements.dropDisputed() }
        statements.dropDisputed(after: Self.disputePatience, at: now.monotonic)
        guard raft.role == .leader else { return }
        if mayPropose(at: now), haltReason == nil, !isStorageFull {
            proposeStatements(at: now, into: &effects)
        } else {
            postponeProposals(at: now)
        }
    }

    /// Else a leader that may write nothing would wake without end for what it has to write.
    private mutating func postponeProposals(at now: Moment) {
        let next = now.monotonic.advanced(by: options.statementInterval)
        statements.changeAll { if $0.proposeAt <= now.monotonic { $0.proposeAt = next } }
    }

    private mutating func tellPeers(at now: Moment, into effects: inout [Effect]) {
        let due = statements.items.filter { $0.stage == .inForce && $0.tellAt <= now.monotonic }
        guard !due.isEmpty else { return }
        for peer in statementPeers {
            let news = due.lazy.filter { !$0.holders.contains(peer) }.prefix(PendingStatements.batchLimit).map(\.signed)
            guard !news.isEmpty else { continue }
            effects.append(
                .send(PeerMessage(stamp: now.wall, body: .statements(Array(news))), to: peer, after: nil)
            )
        }
        let next = now.monotonic.advanced(by: options.statementInterval)
        for item in due { statements.change(item.signed.id) { $0.tellAt = next } }
    }

    /// Whoever brought a statement wants to know of every member that it goes by it, be it by the log.
    private mutating func tellOfRecorded(at now: Moment, into effects: inout [Effect]) {
        guard reports.isTelling else { return }
        for (signed, unheard) in reports.takeDue(peers: statementPeers, at: now.monotonic) {
            for peer in unheard {
                effects.append(.send(PeerMessage(stamp: now.wall, body: .statements([signed])), to: peer, after: nil))
            }
        }
    }

    /// Acknowledgements flow back to wherever somebody asks: each node tells its neighbours what it has heard, theirs and others'.
    private mutating func tellWhoHolds(at now: Moment, into effects: inout [Effect]) {
        guard let next = reports.nextTell, next <= now.monotonic else { return }
        guard let gossip else { return reports.forgetNeighbours() }
        let neighbours = gossip.neighbourIDs.filter { openLinks.contains($0) }
        var news = reports.takeNews(neighbours: neighbours, at: now.monotonic)
        let everybody = (facts.members + facts.edges).filter { $0 != member }
        if let retold = reports.takeRetold(neighbours: neighbours, everybody: everybody, at: now.monotonic) {
            news.append(retold)
        }
        for (neighbour, holdings) in news { send(holdings, to: neighbour, at: now, into: &effects) }
    }

    /// Nil for a statement that did not come into force in this process, or long ago.
    package func report(of statement: Digest) -> StatementReport? { reports.report(statement) }

    private mutating func proposeStatements(at now: Moment, into effects: inout [Effect]) {
        let term = raft.term
        let due = statements.items.filter {
            $0.isForTheLog && $0.proposedIn != term && $0.proposeAt <= now.monotonic
        }
        guard !due.isEmpty else { return }
        var proposals: [RaftNode.Proposal] = []
        for item in statements.inOrderOfProposing(due).prefix(PendingStatements.batchLimit) {
            let command = Command(
                caller: .node(member),
                authenticatedBy: member,
                idempotencyKey: "statement-\(item.signed.id.hex)",
                notAfter: now.wall.advanced(by: Self.verdictSpan),
                body: .judgeStatement(item.signed)
            )
            statements.change(item.signed.id) { $0.proposedIn = term }
            proposals.append(
                proposal(of: codec.encode(command), changing: nil, by: .statement(item.signed.id), at: now)
            )
        }
        if !proposals.isEmpty { advance(.propose(proposals), at: now, into: &effects) }
    }

    /// In which the log speaks of a disputed statement, or does not.
    private static let disputePatience = Span.seconds(10)
    /// In which an entry of this leader is applied, or lost.
    private static let verdictSpan = Span.seconds(3600)

    /// The log did not take it: to be tried again.
    mutating func refusedStatement(_ id: Digest, at now: Moment) {
        let next = now.monotonic.advanced(by: options.statementInterval)
        statements.change(id) {
            $0.proposedIn = nil
            $0.proposeAt = next
        }
    }

    private func acknowledge(
        _ ids: [Digest],
        to peer: MemberID,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        guard !ids.isEmpty else { return }
        let holdings = ids.map { StatementHolding($0, since: reports.report($0)?.inForceSince) }
        send(holdings, to: peer, at: now, into: &effects)
    }

    private func send(
        _ holdings: [StatementHolding],
        to peer: MemberID,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        effects.append(.send(PeerMessage(stamp: now.wall, body: .statementsHeld(holdings)), to: peer, after: nil))
    }

    /// Edges hear, and tell, by gossip alone.
    private var statementPeers: [MemberID] { edge == nil ? configuration.members.filter { $0 != member } : [] }

    var nextStatementWake: Instant? {
        guard !statements.isEmpty else { return reports.nextTell }
        let pending = statements.nextWake(peers: statementPeers, leadsIn: raft.role == .leader ? raft.term : nil)
        return Instant.earliest(pending, reports.nextTell)
    }
}
