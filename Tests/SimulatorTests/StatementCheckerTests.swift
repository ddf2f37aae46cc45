import Consensus
import Directory
import Kernel
import Replica
import Simulator
import Testing

/// Of statements that are made outside the log: the checker, given what it exists to find, and in worlds with a bug.
@Suite("Statement checker")
struct StatementCheckerTests {
    private let population = Population()
    private let lineage = Lineage(high: 3, low: 4)
    private let whole = StatementChecker.Possession(isOnDisk: true, isEnforced: true, isJudged: false)
    private let judged = StatementChecker.Possession(isOnDisk: false, isEnforced: false, isJudged: true)

    private func time(_ seconds: UInt64) -> Instant { Instant(microseconds: seconds * 1_000_000) }

    private func statement(
        _ sequence: UInt32 = 1,
        _ agent: Int = 4,
        _ flaw: StatementAct.Flaw = .none
    ) -> SignedStatement {
        let act = StatementAct(warrant: 0, sequence: sequence, kind: .revoke, agent: agent, flaw: flaw)
        return population.statement(act, in: lineage)
    }

    private func plea(
        applied: UInt64 = 1,
        at seconds: UInt64 = 20,
        peaceSince: Instant? = nil,
        members: Set<Int> = [0, 1, 2]
    ) -> StatementChecker.Circumstances {
        StatementChecker.Circumstances(
            applied: LogIndex(applied),
            now: time(seconds),
            peaceSince: peaceSince,
            members: members
        )
    }

    /// Made, and told by the first machine at ten seconds.
    private func told() throws -> StatementChecker {
        var checker = StatementChecker()
        checker.made(statement(), against: 4)
        try checker.accepts(0, statement(), applied: LogIndex(1))
        try checker.acknowledges(0, statement().id, at: time(10), whole)
        return checker
    }

    @Test("S3: what no revoker made is accepted, told or recorded", arguments: StatementAct.Flaw.allCases)
    func authority(flaw: StatementAct.Flaw) throws {
        let checker = try told()
        let forged = statement(flaw == .overBudget ? 1001 : 2, 4, flaw)
        var copy = checker
        #expect(
            violation { () throws(Violation) in try copy.accepts(1, forged, applied: LogIndex(1)) } == .authority
        )
        #expect(
            violation { () throws(Violation) in try copy.enforces(1, forged) } == .authority
        )
        #expect(
            violation { () throws(Violation) in try copy.acknowledges(1, forged.id, at: time(10), whole) } == .authority
        )
        #expect(
            violation { () throws(Violation) in try copy.judged(forged, .recorded(LogIndex(2)), by: 1) } == .authority
        )
        try copy.judged(forged, .refused(.badSignature, LogIndex(2)), by: 1)
    }

    @Test("S3: a true statement under another signature") func signature() throws {
        let checker = try told()
        let forged = SignedStatement(statement().statement, signature: statement(1, 4, .wrongKey).signature)
        #expect(forged.id == statement().id)
        #expect(
            violation { () throws(Violation) in try checker.accepts(1, forged, applied: LogIndex(1)) } == .authority
        )
    }

    @Test("S3: under a warrant that is withdrawn, for all that the node knows") func withdrawn() throws {
        var checker = try told()
        checker.withdrawn("everybody", at: LogIndex(7))
        try checker.accepts(1, statement(), applied: LogIndex(6))
        #expect(
            violation { () throws(Violation) in
                try checker.accepts(1, statement(), applied: LogIndex(7))
            } == .authority
        )
    }

    @Test("S3: two statements under one number freeze the warrant") func frozen() throws {
        var checker = try told()
        checker.made(statement(1, 5), against: 5)
        checker.made(statement(2, 6), against: 6)
        try checker.judged(statement(), .recorded(LogIndex(3)), by: 0)
        try checker.accepts(1, statement(2, 6), applied: LogIndex(4))
        try checker.judged(statement(1, 5), .recorded(LogIndex(5)), by: 0)
        try checker.accepts(1, statement(2, 6), applied: LogIndex(4))
        #expect(
            violation { () throws(Violation) in
                try checker.accepts(1, statement(2, 6), applied: LogIndex(5))
            } == .authority
        )
        func scan(_ state: WarrantRecord.State?) -> Violation.Invariant? {
            violation { () throws(Violation) in
                try checker.scan(0, members: [0], verdict: { checker[$0.id]?.verdict }, state: { _ in state })
            }
        }
        #expect(scan(.frozen) == nil)
        #expect(scan(.valid) == .authority)
        // The second under the number is recorded too.
        var copy = checker
        copy.made(statement(2, 7), against: 7)
        try copy.judged(statement(2, 6), .refused(.warrantFrozen, LogIndex(6)), by: 0)
        #expect(
            violation { () throws(Violation) in
                try copy.judged(statement(2, 7), .refused(.warrantFrozen, LogIndex(7)), by: 0)
            } == .revocation
        )
    }

    @Test("S1: a node answers for what is not on its disk, or not enforced") func possession() throws {
        let checker = try told()
        for possession in [
            StatementChecker.Possession(isOnDisk: false, isEnforced: true, isJudged: false),
            StatementChecker.Possession(isOnDisk: true, isEnforced: false, isJudged: false),
        ] {
            var copy = checker
            #expect(
                violation { () throws(Violation) in
                    try copy.acknowledges(1, statement().id, at: time(10), possession)
                } == .revocation
            )
        }
        var copy = checker
        try copy.acknowledges(1, statement().id, at: time(10), judged)
        try copy.acknowledges(1, statement(9, 9, .wrongKey).id, at: time(10), judged)
    }

    @Test("S1: a node lets go of what its log has not judged") func released() throws {
        let checker = try told()
        try checker.releases(0, statement().id, isJudged: true)
        #expect(
            violation { () throws(Violation) in
                try checker.releases(0, statement().id, isJudged: false)
            } == .revocation
        )
    }

    @Test("S1: a node allows after it answered, or after the log has recorded it; not after a refusal")
    func allows() throws {
        var checker = try told()
        try checker.allowed(4, by: 1, plea())
        try checker.allowed(5, by: 0, plea())
        #expect(violation { () throws(Violation) in try checker.allowed(4, by: 0, plea()) } == .revocation)
        var refused = checker
        refused.asksToWithdraw("everybody")
        try refused.judged(statement(), .refused(.warrantWithdrawn, LogIndex(5)), by: 1)
        try refused.allowed(4, by: 0, plea())
        try checker.judged(statement(), .recorded(LogIndex(5)), by: 1)
        try checker.allowed(4, by: 1, plea(applied: 4))
        #expect(violation { () throws(Violation) in try checker.allowed(4, by: 1, plea(applied: 5)) } == .revocation)
        checker.forgets(0)
        try checker.allowed(4, by: 0, plea(applied: 4))
    }

    @Test("S2: in a cluster at peace a node does not hear of it") func propagation() throws {
        let checker = try told()
        try checker.allowed(4, by: 1, plea(at: 11, peaceSince: time(1)))
        try checker.allowed(4, by: 1, plea(at: 20, peaceSince: time(14)))
        try checker.allowed(4, by: 1, plea(at: 20, peaceSince: time(1), members: [1, 2]))
        #expect(
            violation { () throws(Violation) in
                try checker.allowed(4, by: 1, plea(at: 12, peaceSince: time(1)))
            } == .propagation
        )
    }

    @Test("S1: the log refuses without a reason") func unreasonable() throws {
        let reasons: [StatementRefusal] = [.warrantWithdrawn, .warrantFrozen, .badSignature, .unknownSubject]
        for refusal in reasons {
            var checker = try told()
            #expect(
                violation { () throws(Violation) in
                    try checker.judged(statement(), .refused(refusal, LogIndex(3)), by: 0)
                } == .revocation,
                "\(refusal)"
            )
        }
    }

    @Test("R3: a revoker is told that its good statement is not") func slandered() throws {
        let checker = try told()
        try checker.refused(statement().id, .unknownWarrant)
        #expect(
            violation { () throws(Violation) in try checker.refused(statement().id, .badSignature) } == .history
        )
    }

    @Test("R4: two nodes have another verdict") func verdicts() throws {
        var checker = try told()
        try checker.judged(statement(), .recorded(LogIndex(3)), by: 0)
        try checker.judged(statement(), .recorded(LogIndex(3)), by: 1)
        #expect(
            violation { () throws(Violation) in
                try checker.judged(statement(), .recorded(LogIndex(4)), by: 2)
            } == .stateRoot
        )
    }

    @Test("S1: at the end a member's statement is nowhere") func lost() throws {
        var checker = try told()
        func scan(members: Set<Int>) -> Violation.Invariant? {
            violation { () throws(Violation) in
                try checker.scan(1, members: members, verdict: { _ in nil }, state: { _ in .valid })
            }
        }
        #expect(scan(members: [0, 1]) == .revocation)
        #expect(scan(members: [1, 2]) == nil, "whoever had it is a member no more")
        checker.forgets(0)
        #expect(scan(members: [0, 1]) == nil)
    }

    @Test("S4: a restore keeps what survivors have, recorded or not") func restored() throws {
        var checker = try told()
        checker.made(statement(2, 5), against: 5)
        try checker.judged(statement(2, 5), .recorded(LogIndex(3)), by: 1)
        for missing in [statement().id, statement(2, 5).id] {
            var copy = checker
            #expect(
                violation { () throws(Violation) in
                    try copy.restored(isMerged: true) { $0 == missing ? nil : .recorded(LogIndex(8)) }
                } == .knowledge
            )
        }
        try checker.restored(isMerged: true) { _ in .recorded(LogIndex(8)) }
        #expect(violation { () throws(Violation) in try checker.allowed(4, by: 2, plea(applied: 9)) } == .revocation)
        try checker.restored(isMerged: false) { _ in nil }
        try checker.allowed(5, by: 0, plea(applied: 9))
    }

    private func killer(_ intercept: @escaping WorldOptions.Intercept) -> Violation.Invariant? {
        (UInt64(1)...60).lazy.compactMap { Fixtures.report(seed: $0, intercept: intercept).violation }
            .first?.invariant
    }

    @Test("in worlds in which a node lets go of statements at once") func letsGo() {
        #expect(
            killer { _, effects in
                for case .reply(_, .inForce(let id)) in effects { effects.append(.release([id])) }
            } == .revocation
        )
    }

    @Test("in worlds in which a node does not enforce what it was told") func doesNotEnforce() {
        #expect(
            killer { node, effects in
                guard node == 1 else { return }
                effects = effects.map { if case .enforce = $0 { .enforce([]) } else { $0 } }
            } != nil
        )
    }
}
