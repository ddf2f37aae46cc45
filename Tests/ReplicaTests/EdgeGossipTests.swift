import Consensus
import Decision
import Directory
import Gossip
import Identity
import Kernel
import Replica
import Sealing
import Testing
import Wire

@Suite("What edges tell each other") struct EdgeGossipTests {
    private static func group() -> SealingGroup { SealingGroup(roots: Array(repeating: .zero, count: 5)) }

    private static func statement(signedBy first: UInt8 = 1) throws -> SignedStatement {
        let statement = Statement(
            lineage: SealingGroup.lineage,
            warrant: "w",
            sequence: 1,
            kind: .quarantine,
            subject: .principal(try #require(PrincipalID(parsing: "agent/bot"))),
            reason: "odd",
            issuedAt: WallTime(milliseconds: 1)
        )
        return SignedStatement(
            statement,
            signature: [UInt8](repeating: first, count: SignedStatement.signatureByteCount)
        )
    }

    private static func record(_ signed: SignedStatement) -> Record {
        Record(.untilSettled, bytes: WireRecordCodec().encode(.statement(signed)))
    }

    private static func hear(_ record: Record, _ number: Int, from other: Int, _ group: inout SealingGroup) {
        let message = PeerMessage(stamp: group.now.wall, body: .gossip(.record(record)))
        group.step(number, .receive(message, from: SealingGroup.member(other)))
    }

    @Test("a seal is as old as it says, however late it comes") func heldBack() throws {
        var group = Self.group()
        group.run(.seconds(3))
        group.isolated = [3]
        group.run(.seconds(2))
        let heard = group.now
        group.isolated = [0, 1, 2, 3]
        group.run(.seconds(10))
        let newest = try #require(group.nodes[4].newestSeal)
        let before = try #require(group.nodes[3].newestSeal)
        #expect(before.statement.time < newest.statement.time && newest.statement.time <= heard.wall)
        group.isolated = [0, 1, 2]
        group.run(.seconds(3))
        #expect(group.nodes[3].newestSeal == newest)
        let freshness = try #require(group.nodes[3].freshness)
        #expect(freshness.provenAt == newest.statement.time)
        #expect(heard.monotonic.elapsed(since: freshness.anchor) >= .milliseconds(500))
    }

    @Test("what was sealed before the machine began is not dated by its clock") func olderThanTheClock() {
        var group = Self.group()
        group.run(.seconds(3))
        group.isolated = [0, 1, 2]
        group.run(.seconds(10))
        group.restart(3)
        group.run(.seconds(2))
        #expect(group.nodes[3].newestSeal == group.nodes[4].newestSeal)
        #expect(group.nodes[3].freshness == nil)
        group.isolated = []
        group.run(.seconds(3))
        #expect(group.nodes[3].freshness != nil && group.nodes[3].isServing)
    }

    @Test("a statement that no revoker made is in force nowhere") func forged() throws {
        var group = Self.group()
        group.run(.seconds(3))
        Self.hear(Self.record(try Self.statement(signedBy: 9)), 3, from: 4, &group)
        group.run(.seconds(3))
        for node in group.nodes { #expect(node.statementsInForce.isEmpty && node.pendingStatementCount == 0) }
    }

    @Test("a forged signature that comes first does not keep the statement from being heard") func forgedFirst() throws
    {
        var group = Self.group()
        group.run(.seconds(3))
        group.slowToJudge = [3]
        Self.hear(Self.record(try Self.statement(signedBy: 9)), 3, from: 4, &group)
        let signed = try Self.statement()
        group.step(0, .make(RequestID(1), signed, deadline: group.now.monotonic.advanced(by: .seconds(10))))
        group.run(.milliseconds(100))
        group.slowToJudge = []
        group.judge()
        group.run(.seconds(4))
        for node in group.nodes { #expect(node.statementsInForce == [signed]) }
    }

    @Test("a forged signature of what is in force is not passed on") func forgedLater() throws {
        var group = Self.group()
        group.run(.seconds(3))
        let signed = try Self.statement()
        group.step(0, .make(RequestID(1), signed, deadline: group.now.monotonic.advanced(by: .seconds(10))))
        group.run(.seconds(1))
        #expect(group.nodes[3].statementsInForce == [signed])
        let forged = Self.record(try Self.statement(signedBy: 9))
        Self.hear(forged, 3, from: 4, &group)
        group.run(.seconds(3))
        let isPassedOn = group.effects.contains { _, effect in
            guard case .send(let message, _, _) = effect else { return false }
            return message.body == .gossip(.record(forged))
        }
        #expect(!isPassedOn)
    }

    @Test("a statement that was taken by an earlier process is told by the next one") func restart() throws {
        var group = Self.group()
        group.run(.seconds(3))
        group.isolated = [3]
        let signed = try Self.statement()
        group.step(3, .make(RequestID(1), signed, deadline: group.now.monotonic.advanced(by: .seconds(10))))
        group.run(.seconds(1))
        #expect(group.nodes[3].statementsInForce == [signed] && group.nodes[4].statementsInForce.isEmpty)
        group.restart(3)
        group.isolated = []
        group.run(.seconds(4))
        for node in group.nodes { #expect(node.statementsInForce == [signed]) }
        #expect(group.nodes[3].isServing && group.nodes[3].isProven)
    }

    @Test("a clock that is behind keeps an edge waiting, and makes no neighbour a liar") func clockBehind() {
        var group = Self.group()
        group.behind = [3: .seconds(5)]
        group.run(.seconds(3))
        #expect(group.nodes[3].haltReason == nil && group.nodes[3].freshness == nil)
        #expect(group.nodes[3].counters.refusedSeals == 0)
        group.behind = [:]
        group.run(.seconds(3))
        #expect(group.nodes[3].isServing && group.nodes[3].isProven)
        #expect(group.nodes[3].freshness != nil)
    }
}
