import Consensus
import Directory
import Identity
import Kernel
import Replica
import Testing
import Wire

@Suite("Statements under one warrant, before the log knows of them") struct WarrantUseTests {
    private static let budget: UInt32 = 3
    private let third = Voter.members[2]

    private func statement(_ number: UInt32, _ name: String = "") throws -> SignedStatement {
        try .sample(number, reason: name)
    }

    private let unused = StatementJudgement.acceptable(WarrantUse(budget: Self.budget))

    /// Its revoker brings it, and the state does not say no.
    private func bring(
        _ signed: SignedStatement,
        to voter: inout Voter,
        under use: StatementJudgement? = nil
    ) -> ReplicaNode.Reply? {
        let count = voter.replies.count
        voter.step(.make(RequestID(1), signed, deadline: voter.now.monotonic.advanced(by: .seconds(2))))
        voter.step(.judged([(signed, use ?? unused)]))
        voter.step(.enforced([signed.id]))
        return voter.replies.count > count ? voter.replies.last : nil
    }

    /// Another node that has them in force tells of them.
    private func tell(_ statements: [SignedStatement], to voter: inout Voter) {
        voter.hear(.statements(statements))
        voter.step(.judged(statements.map { ($0, unused) }))
        voter.step(.enforced(statements.map(\.id)))
    }

    private func refusal(_ code: StatementRefusal) -> ReplicaNode.Reply { .statementRefused(code) }

    @Test(
        "the second under a number counts and freezes the warrant, and nothing that its holder brings counts after it"
    )
    func frozen() throws {
        var voter = Voter()
        let (first, second) = (try statement(1), try statement(1, "b"))
        #expect(bring(first, to: &voter) == .inForce(first.id))
        #expect(!voter.isFrozen)
        #expect(bring(second, to: &voter) == .inForce(second.id))
        #expect(voter.isFrozen && voter.node.warrantTallies.map(\.warrant) == ["w"])
        for signed in [try statement(1, "c"), try statement(2), try statement(3)] {
            #expect(bring(signed, to: &voter) == refusal(.warrantFrozen))
        }
        #expect(Set(voter.node.statementsInForce) == [first, second])
    }

    @Test("a number that was used a thousand times is in force twice, however they come, many at once or one by one")
    func flood() throws {
        let flood = try (0..<1000).map { try statement(1, "\($0)") }
        var voter = Voter()
        for signed in flood { _ = bring(signed, to: &voter) }
        #expect(voter.node.statementsInForce.count == 2)
        var told = Voter()
        for start in stride(from: 0, to: flood.count, by: 50) { tell(Array(flood[start..<(start + 50)]), to: &told) }
        #expect(told.node.statementsInForce.count == 2)
    }

    @Test("no more than the budget and one are in force, whatever other nodes had in force")
    func bound() throws {
        var voter = Voter()
        let all = try (1...Self.budget).flatMap { [try statement($0), try statement($0, "b")] }
        tell(all, to: &voter)
        #expect(voter.node.statementsInForce.count == Int(Self.budget) + 1)
        // What the log has recorded already counts as well.
        var later = Voter()
        let signed = try statement(2)
        let spent = WarrantUse(budget: Self.budget, spent: Self.budget + 1, isFrozen: true, twins: [.of([1])])
        later.hear(.statements([signed]))
        later.step(.judged([(signed, .acceptable(spent))]))
        #expect(later.node.statementsInForce == [])
    }

    @Test("nodes that were apart, with another pair each, come to the same once they tell each other")
    func merged() throws {
        let budget = StatementJudgement.acceptable(WarrantUse(budget: 10))
        let mine = [try statement(1), try statement(1, "b"), try statement(4)]
        let yours = [try statement(2), try statement(2, "b"), try statement(5)]
        func merged(_ own: [SignedStatement], _ others: [SignedStatement]) -> [SignedStatement] {
            var voter = Voter()
            for signed in own.reversed() { _ = bring(signed, to: &voter, under: budget) }
            #expect(voter.node.statementsInForce.count == 3)
            voter.hear(.statements(others))
            voter.step(.judged(others.map { ($0, budget) }))
            voter.step(.enforced(others.map(\.id)))
            return voter.node.statementsInForce
        }
        #expect(merged(mine, yours) == merged(yours, mine))
        #expect(merged(mine, yours).count == 6)
    }

    @Test("of what is beyond the bounds the log has the say: a leader puts it there, after what is in force")
    func disputed() throws {
        var leader = Voter()
        leader.campaign()
        let pair = [try statement(1), try statement(1, "b")]
        for signed in pair { _ = bring(signed, to: &leader) }
        let beyond = try statement(1, "c")
        tell([beyond], to: &leader)
        #expect(Set(leader.node.statementsInForce) == Set(pair))
        #expect(try proposed(by: leader).last == beyond.id && proposed(by: leader).count == 3)
        leader.step(.judged([(beyond, .refused(.warrantFrozen))]))
        #expect(leader.node.pendingStatementCount == 2)
    }

    @Test(
        "a new leader has the log hear of the second under a number last, which freezes the warrant for all that follows"
    )
    func order() throws {
        let pairs = try (1...2).flatMap { [try statement($0), try statement($0, "b")] }
        var voter = Voter(statements: try pairs + [statement(3)])
        voter.campaign()
        let numbers = try proposed(by: voter).map { id in
            try #require((pairs + [try statement(3)]).first { $0.id == id }).statement.sequence
        }
        #expect(Set(numbers.prefix(3)) == [1, 2, 3] && Set(numbers.suffix(2)) == [1, 2] && numbers.count == 5)
    }

    @Test(
        "one beside another that the log has under its number freezes the warrant as well, whichever is heard of first"
    )
    func besideTheLog() throws {
        let recorded = try statement(1, "recorded")
        let twin = StatementJudgement.acceptable(WarrantUse(budget: Self.budget, spent: 1, twins: [recorded.id]))
        var voter = Voter()
        let second = try statement(1)
        #expect(bring(second, to: &voter, under: twin) == .inForce(second.id))
        #expect(bring(try statement(2), to: &voter) == refusal(.warrantFrozen))
        #expect(bring(try statement(1, "c"), to: &voter, under: twin) == refusal(.warrantFrozen))

        var other = Voter()
        #expect(bring(second, to: &other) == .inForce(second.id))
        other.apply(.statementJudged(recorded, recordedAt: LogIndex(2)))
        #expect(other.isFrozen)
        #expect(bring(try statement(2), to: &other) == refusal(.warrantFrozen))
    }

    @Test("a warrant that the log has frozen takes nothing from its holder, and what others had in force within bounds")
    func frozenByTheLog() throws {
        let use = StatementJudgement.acceptable(
            WarrantUse(budget: Self.budget, spent: 3, isFrozen: true, twins: [.of([1])])
        )
        var voter = Voter()
        let signed = try statement(2)
        #expect(bring(signed, to: &voter, under: use) == refusal(.warrantFrozen))
        voter.hear(.statements([signed]))
        voter.step(.judged([(signed, use)]))
        voter.step(.enforced([signed.id]))
        #expect(voter.node.statementsInForce == [signed])
    }

    @Test("a restart does not thaw it, and asks the state before anything new is looked at")
    func restart() throws {
        let pair = [try statement(1), try statement(1, "b")]
        var voter = Voter(statements: pair)
        #expect(voter.isFrozen)
        #expect(bring(try statement(2), to: &voter) == refusal(.warrantFrozen))
        var single = Voter(statements: [pair[0]])
        single.step(.make(RequestID(1), try statement(2), deadline: single.now.monotonic.advanced(by: .seconds(2))))
        let asked = single.effects.compactMap { if case .judge(let all, _) = $0 { all.map(\.id) } else { nil } }
        #expect(asked == [[pair[0].id], [try statement(2).id]])
        let twin = WarrantUse(budget: Self.budget, spent: 1, twins: [.of([1])])
        single.step(.judged([(pair[0], .acceptable(twin))]))
        single.step(.judged([(try statement(2), unused)]))
        #expect(single.replies == [refusal(.warrantFrozen)])
    }

    @Test("what the log has just recorded is counted once") func countedOnce() throws {
        var voter = Voter()
        let all = try (1...Self.budget).map { try statement($0) }
        for signed in all { _ = bring(signed, to: &voter) }
        for signed in all { voter.apply(.statementJudged(signed, recordedAt: LogIndex(2))) }
        let use = WarrantUse(budget: Self.budget, spent: Self.budget, twins: [all[0].id])
        let second = try statement(1, "b")
        #expect(bring(second, to: &voter, under: .acceptable(use)) == .inForce(second.id))
    }

    @Test("what does not count is counted by warrant and reason, once, whoever has brought it and however often")
    func refusals() throws {
        var voter = Voter()
        for signed in [try statement(1), try statement(1, "b"), try statement(1, "c"), try statement(1, "c")] {
            _ = bring(signed, to: &voter)
        }
        let over = try statement(9)
        for _ in 0..<2 {
            voter.hear(.statements([over]))
            voter.step(.judged([(over, .unacceptable(.overBudget))]))
        }
        let unknown = try statement(1, "unknown")
        #expect(bring(unknown, to: &voter, under: .unacceptable(.unknownWarrant)) == refusal(.unknownWarrant))
        let now = voter.now.wall
        #expect(
            voter.node.warrantTallies == [
                WarrantTally(
                    warrant: "w",
                    enforcedCount: 2,
                    isFrozen: true,
                    refused: [
                        .init(.overBudget, count: 1, lastAt: now), .init(.warrantFrozen, count: 1, lastAt: now),
                    ]
                )
            ]
        )
        let counts = voter.node.refusedStatements.filter { $0.count > 0 }
        #expect(
            counts.map(\.refusal) == [.unknownWarrant, .warrantFrozen, .overBudget]
                && counts.allSatisfy { $0.count == 1 }
        )
        voter.step(.judged([(try statement(1), .refused(.warrantWithdrawn))]))
        #expect(
            voter.node.warrantTallies.first?.refused.map(\.refusal.rawValue) == [
                "over_budget", "warrant_frozen", "warrant_withdrawn",
            ]
        )
    }

    private func proposed(by voter: Voter) throws -> [Digest] {
        try voter.written.compactMap { bytes in
            guard case .judgeStatement(let signed) = try voter.codec.decodeCommand(bytes).body else { return nil }
            return signed.id
        }
    }
}

extension Voter {
    /// The only warrant.
    fileprivate var isFrozen: Bool { node.warrantTallies.contains { $0.isFrozen } }

    /// The next entry is applied, which says this.
    fileprivate mutating func apply(_ event: DirectoryEvent) {
        if node.term < Term(2) { hear(.heartbeat(commitIndex: LogIndex(1), round: 1), in: Term(1)) }
        receiveEntry()
        let point = SnapshotPoint(
            position: node.lastPosition,
            hash: .of([2]),
            time: now.wall,
            configuration: node.configuration
        )
        let facts = DirectoryFacts(revision: point.position.index, epoch: 0, stateRoot: .zero)
        step(.applied(AppliedBatch(point: point, outcomes: [], events: [event], facts: facts, halt: nil)))
    }
}
