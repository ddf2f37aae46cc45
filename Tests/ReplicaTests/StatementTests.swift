import Consensus
import Directory
import Identity
import Kernel
import Replica
import Testing
import Wire

@Suite("Statements that do not wait for the log") struct StatementTests {
    private let third = Voter.members[2]

    private func statement(_ number: UInt32 = 1) throws -> SignedStatement { try .sample(number) }

    private func judged(by voter: Voter) -> [[Digest]] {
        voter.effects.compactMap { if case .judge(let statements, _) = $0 { statements.map(\.id) } else { nil } }
    }

    private func enforced(by voter: Voter) -> [Digest] {
        voter.effects.flatMap { if case .enforce(let statements) = $0 { statements.map(\.id) } else { [Digest]() } }
    }

    private func released(by voter: Voter) -> [Digest] {
        voter.effects.flatMap { if case .release(let ids) = $0 { ids } else { [Digest]() } }
    }

    private func told(_ peer: MemberID, by voter: Voter) -> [Digest] {
        voter.effects.flatMap { effect in
            guard case .send(let message, peer, nil) = effect, case .statements(let statements) = message.body else {
                return [Digest]()
            }
            return statements.map(\.id)
        }
    }

    private func acknowledged(to peer: MemberID, by voter: Voter) -> [Digest] {
        voter.effects.flatMap { effect in
            guard case .send(let message, peer, nil) = effect, case .statementsHeld(let holdings) = message.body else {
                return [Digest]()
            }
            return holdings.map(\.statement)
        }
    }

    private func proposed(by voter: Voter) throws -> [Digest] {
        try voter.written.compactMap { bytes in
            guard case .judgeStatement(let signed) = try voter.codec.decodeCommand(bytes).body else { return nil }
            return signed.id
        }
    }

    private func make(_ signed: SignedStatement, at voter: inout Voter, id: UInt64 = 1) {
        voter.step(.make(RequestID(id), signed, deadline: voter.now.monotonic.advanced(by: .seconds(2))))
    }

    /// Brought by its revoker, acceptable, durable.
    private func inForce(_ signed: SignedStatement, at voter: inout Voter) {
        make(signed, at: &voter)
        voter.step(.judged([(signed, .fresh)]))
        voter.step(.enforced([signed.id]))
    }

    @Test("a node cut off from all others answers once it is durable, and not before")
    func alone() throws {
        var voter = Voter()
        let signed = try statement()
        make(signed, at: &voter)
        #expect(judged(by: voter) == [[signed.id]])
        #expect(enforced(by: voter) == [] && voter.replies == [])
        voter.step(.judged([(signed, .fresh)]))
        #expect(enforced(by: voter) == [signed.id])
        #expect(voter.replies == [] && told(Voter.other, by: voter) == [])
        voter.step(.enforced([signed.id]))
        #expect(voter.replies == [.inForce(signed.id)])
        #expect(told(Voter.other, by: voter) == [signed.id] && told(third, by: voter) == [signed.id])
        // Another caller with the same one is told at once.
        make(signed, at: &voter, id: 2)
        #expect(voter.replies.last == .inForce(signed.id))
        #expect(judged(by: voter).count == 1)
    }

    @Test("that a warrant has ended is believed of proofs, not of the own clock") func ownClock() throws {
        var voter = Voter()
        make(try statement(), at: &voter)
        voter.hear(
            .raft(
                Message(
                    lineage: Voter.lineage,
                    from: Voter.other,
                    to: voter.node.member,
                    term: Term(1),
                    body: .heartbeat(commitIndex: LogIndex(1), round: 1)
                ),
                proof: FreshnessProof(provenAt: voter.now.wall, age: .zero, commitIndex: LogIndex(1))
            )
        )
        let proven = voter.now.wall
        voter.now = Moment(monotonic: voter.now.monotonic, wall: voter.now.wall.advanced(by: .seconds(31_536_000)))
        make(try statement(2), at: &voter, id: 2)
        let times = voter.effects.compactMap { if case .judge(_, let time) = $0 { time } else { nil } }
        #expect(times == [.distantPast, proven])
    }

    @Test("what does not count is told to nobody, and its revoker learns why")
    func unacceptable() throws {
        var voter = Voter()
        for (number, judgement) in [
            (1, .unacceptable(.badSignature)), (2, .disputed(.warrantWithdrawn)), (3, .refused(.overBudget)),
        ] as [(UInt32, StatementJudgement)] {
            let signed = try statement(number)
            make(signed, at: &voter, id: UInt64(number))
            voter.step(.judged([(signed, judgement)]))
        }
        let late = try statement(4)
        make(late, at: &voter, id: 4)
        voter.step(.judged([(late, .recorded(LogIndex(9)))]))
        #expect(
            voter.replies == [
                .statementRefused(.badSignature), .statementRefused(.warrantWithdrawn), .statementRefused(.overBudget),
                .statementRecorded(late.id, LogIndex(9)),
            ]
        )
        #expect(enforced(by: voter) == [] && told(third, by: voter) == [] && voter.node.pendingStatementCount == 0)
    }

    @Test("a forgery that came first does not decide for the revoker") func forgedBefore() throws {
        var voter = Voter()
        let signed = try statement()
        let forged = SignedStatement(signed.statement, signature: [])
        voter.hear(.statements([forged]))
        make(signed, at: &voter)
        voter.step(.judged([(forged, .unacceptable(.badSignature))]))
        #expect(voter.replies == [])
        voter.step(.judged([(signed, .fresh)]))
        voter.step(.enforced([signed.id]))
        #expect(voter.replies == [.inForce(signed.id)])
    }

    @Test(
        "a forgery that another client brings is refused to that one alone, whichever is looked at first",
        arguments: [false, true]
    )
    func forgedBeside(isFirst: Bool) throws {
        var voter = Voter()
        let signed = try statement()
        let forged = SignedStatement(signed.statement, signature: [])
        make(isFirst ? forged : signed, at: &voter, id: 1)
        make(isFirst ? signed : forged, at: &voter, id: 2)
        #expect(judged(by: voter).count == 2)
        voter.step(.judged([(forged, .unacceptable(.badSignature))]))
        #expect(voter.replies == [.statementRefused(.badSignature)])
        voter.step(.judged([(signed, .fresh)]))
        voter.step(.enforced([signed.id]))
        #expect(voter.replies == [.statementRefused(.badSignature), .inForce(signed.id)])
        #expect(voter.node.statementsInForce == [signed])
    }

    @Test("a few clients may wait for one statement") func waiting() throws {
        var voter = Voter()
        for id in 1...65 as ClosedRange<UInt64> { make(try statement(), at: &voter, id: id) }
        #expect(voter.replies == [.refused(.tooManyRequests(limit: 64))])
    }

    @Test("of a statement that the log refused nobody is said to go by it, nor told on") func refusedReport() throws {
        var voter = Voter()
        let signed = try statement()
        inForce(signed, at: &voter)
        voter.hear(.statementsHeld([StatementHolding(signed.id, since: nil)]), from: third)
        voter.step(.judged([(signed, .refused(.warrantFrozen))]))
        voter.hear(.statementsHeld([StatementHolding(signed.id, since: nil)]))
        #expect(try #require(voter.node.report(of: signed.id)).holders == [])
        let count = told(Voter.other, by: voter).count
        voter.advance(.seconds(2))
        voter.step(.wake)
        #expect(told(Voter.other, by: voter).count == count)
    }

    @Test("a member is told again until it says that it has it")
    func told() throws {
        var voter = Voter()
        let signed = try statement()
        inForce(signed, at: &voter)
        voter.hear(.statementsHeld([StatementHolding(signed.id, since: nil)]), from: third)
        for _ in 0..<3 {
            voter.advance(.milliseconds(500))
            #expect(try #require(voter.node.nextWake) <= voter.now.monotonic)
            voter.step(.wake)
        }
        #expect(told(Voter.other, by: voter).count == 4)
        #expect(told(third, by: voter).count == 1)
    }

    @Test("what a member tells is judged, made durable, and only then acknowledged and passed on")
    func heard() throws {
        var voter = Voter()
        let signed = try statement()
        voter.hear(.statements([signed]))
        voter.step(.judged([(signed, .fresh)]))
        #expect(acknowledged(to: Voter.other, by: voter) == [])
        voter.step(.enforced([signed.id]))
        #expect(acknowledged(to: Voter.other, by: voter) == [signed.id])
        #expect(told(third, by: voter) == [signed.id] && told(Voter.other, by: voter) == [])
        voter.hear(.statements([signed]), from: third)
        #expect(acknowledged(to: third, by: voter) == [signed.id])
        #expect(judged(by: voter).count == 1)
    }

    @Test("what strangers and babblers tell is not looked at, and what does not count is not acknowledged")
    func strangers() throws {
        var voter = Voter()
        voter.hear(.statements([try statement()]), from: MemberID(high: 9, low: 9))
        voter.hear(.statements(try (1...65).map { try statement($0) }))
        #expect(judged(by: voter) == [] && voter.node.counters.strangeStatements == 2)
        let unknown = try statement(70)
        voter.hear(.statements([unknown]))
        voter.step(.judged([(unknown, .unacceptable(.unknownWarrant))]))
        #expect(acknowledged(to: Voter.other, by: voter) == [])
        #expect(voter.node.counters.unacceptableStatements == 1)
        // A state that has learned of the warrant takes it when it is told again.
        voter.hear(.statements([unknown]))
        #expect(judged(by: voter).count == 2)
    }

    @Test("a node takes no more than it can keep")
    func bound() throws {
        var voter = Voter()
        for start in stride(from: UInt32(1), through: 1024, by: 64) {
            voter.hear(.statements(try (start..<(start + 64)).map { try statement($0) }))
        }
        #expect(voter.node.pendingStatementCount == 1024)
        voter.hear(.statements([try statement(2000)]))
        make(try statement(2001), at: &voter)
        #expect(voter.node.pendingStatementCount == 1024)
        #expect(voter.replies == [.refused(.tooManyRequests(limit: 1024))])
    }

    @Test("the leader puts it into its log, once a term, and again when the log did not take it")
    func proposed() throws {
        var voter = Voter()
        voter.campaign()
        let signed = try statement()
        inForce(signed, at: &voter)
        #expect(try proposed(by: voter) == [signed.id])
        for _ in 0..<20 { voter.beat() }
        #expect(try proposed(by: voter) == [signed.id])
        voter.step(.storage(isFull: true))
        let second = try statement(2)
        make(second, at: &voter, id: 2)
        voter.step(.judged([(second, .fresh)]))
        voter.step(.enforced([second.id]))
        #expect(try proposed(by: voter) == [signed.id])
        voter.step(.storage(isFull: false))
        for _ in 0..<12 { voter.beat() }
        #expect(try proposed(by: voter) == [signed.id, second.id])
    }

    @Test("a follower leaves the log to its leader, and hands it over when it leads itself")
    func newLeader() throws {
        var voter = Voter()
        let signed = try statement()
        inForce(signed, at: &voter)
        #expect(try proposed(by: voter) == [])
        voter.campaign()
        #expect(try proposed(by: voter) == [signed.id])
    }

    @Test("once the log has spoken the state is what counts, and it is told to nobody any more")
    func verdict() throws {
        for judgement in [.recorded(LogIndex(2)), .refused(.warrantFrozen)] as [StatementJudgement] {
            var voter = Voter()
            let signed = try statement()
            inForce(signed, at: &voter)
            voter.hear(.heartbeat(commitIndex: LogIndex(1), round: 1), in: Term(1))
            voter.receiveEntry()
            let point = SnapshotPoint(
                position: voter.node.lastPosition,
                hash: .of([2]),
                time: voter.now.wall,
                configuration: voter.node.configuration
            )
            let facts = DirectoryFacts(revision: point.position.index, epoch: 0, stateRoot: .zero)
            let events = [DirectoryEvent.statementJudged(signed, recordedAt: nil)]
            voter.step(.applied(AppliedBatch(point: point, outcomes: [], events: events, facts: facts, halt: nil)))
            #expect(judged(by: voter).count == 2 && released(by: voter) == [])
            voter.step(.judged([(signed, judgement)]))
            #expect(released(by: voter) == [signed.id] && voter.node.pendingStatementCount == 0)
            let count = told(Voter.other, by: voter).count
            voter.advance(.seconds(1))
            voter.step(.wake)
            #expect(told(Voter.other, by: voter).count == count)
        }
    }

    @Test("what is in force stays so though its warrant ended, until the log says so")
    func staysInForce() throws {
        var voter = Voter()
        let signed = try statement()
        inForce(signed, at: &voter)
        voter.step(.judged([(signed, .disputed(.warrantWithdrawn))]))
        voter.step(.judged([(signed, .unacceptable(.unknownWarrant))]))
        #expect(released(by: voter) == [] && voter.node.pendingStatementCount == 1)
    }

    @Test("a leader has the log refuse what another has in force and its own state does not know")
    func disputed() throws {
        let signed = try statement()
        var follower = Voter()
        follower.hear(.statements([signed]))
        follower.step(.judged([(signed, .disputed(.warrantWithdrawn))]))
        #expect(follower.node.pendingStatementCount == 0)
        var leader = Voter()
        leader.campaign()
        leader.hear(.statements([signed]))
        leader.step(.judged([(signed, .disputed(.warrantWithdrawn))]))
        #expect(try proposed(by: leader) == [signed.id])
        #expect(enforced(by: leader) == [] && acknowledged(to: Voter.other, by: leader) == [])
        #expect(told(third, by: leader) == [])
        leader.step(.judged([(signed, .refused(.warrantWithdrawn))]))
        #expect(leader.node.pendingStatementCount == 0 && released(by: leader) == [])
    }

    @Test("who brought it learns of every member since when it is known to go by it, the log's verdict or not")
    func report() throws {
        var voter = Voter()
        let signed = try statement()
        #expect(voter.node.report(of: signed.id) == nil)
        make(signed, at: &voter)
        voter.step(.judged([(signed, .fresh)]))
        voter.advance(.milliseconds(7))
        voter.step(.enforced([signed.id]))
        let since = voter.now.wall
        voter.advance(.milliseconds(9))
        voter.hear(.statementsHeld([StatementHolding(signed.id, since: nil)]), from: third)
        voter.hear(.statementsHeld([StatementHolding(signed.id, since: nil)]), from: third)
        voter.step(.judged([(signed, .recorded(LogIndex(5)))]))
        let report = try #require(voter.node.report(of: signed.id))
        #expect(report.inForceSince == since && report.judgement?.verdict == .recorded(LogIndex(5)))
        #expect(report.judgement?.knownAt == voter.now.wall)
        #expect(report.holders.map(\.member) == [third])
        #expect(report.holders.map(\.since) == [since.advanced(by: .milliseconds(9))])
        #expect(report.unheard(of: [Voter.other, third]) == [Voter.other])
        let count = told(Voter.other, by: voter).count
        voter.advance(.seconds(2))
        #expect(try #require(voter.node.nextWake) <= voter.now.monotonic)
        voter.step(.wake)
        #expect(told(Voter.other, by: voter).count == count + 1 && told(third, by: voter).count == 1)
        voter.hear(.statementsHeld([StatementHolding(signed.id, since: nil)]))
        voter.advance(.seconds(2))
        voter.step(.wake)
        #expect(told(Voter.other, by: voter).count == count + 1)
    }

    @Test(
        "of nodes that the log does not name nobody is believed that they go by it, and of others only so many at a time"
    )
    func hearsay() throws {
        var voter = Voter()
        let signed = try statement()
        inForce(signed, at: &voter)
        let stranger = StatementHolding.Holder(member: MemberID(high: 99, low: 0), since: voter.now.wall)
        voter.hear(.statementsHeld([StatementHolding(signed.id, since: nil, others: [stranger])]))
        #expect(voter.node.report(of: signed.id)?.holders.map(\.member) == [Voter.other])
    }

    @Test("a process that begins with statements tells them, and asks the state what became of them")
    func restart() throws {
        let signed = try statement()
        var voter = Voter(statements: [signed])
        voter.step(.wake)
        #expect(judged(by: voter) == [[signed.id]] && enforced(by: voter) == [])
        #expect(told(third, by: voter) == [signed.id])
        voter.step(.judged([(signed, .recorded(LogIndex(1)))]))
        #expect(released(by: voter) == [signed.id])
    }

    @Test("a client that waits longer than it wanted is told that nobody knows")
    func deadline() throws {
        var voter = Voter()
        make(try statement(), at: &voter)
        #expect(try #require(voter.node.nextWake) <= voter.now.monotonic.advanced(by: .seconds(2)))
        voter.advance(.seconds(2))
        voter.step(.wake)
        #expect(voter.replies == [.outcomeUnknown])
        voter.step(.judged([(try statement(), .fresh)]))
        voter.step(.enforced([try statement().id]))
        #expect(voter.replies == [.outcomeUnknown], "it is in force all the same")
    }
}
