import Directory
import Kernel
import Testing

@testable import Replica

@Suite("Request table") struct RequestTableTests {
    let leader = MemberID(high: 1, low: 0)
    let other = MemberID(high: 2, low: 0)
    let interval = Span.seconds(1)

    func at(_ seconds: UInt64) -> Instant { Instant(microseconds: seconds * 1_000_000) }

    func submission(_ id: UInt64, _ command: [UInt8], deadline: Instant) -> ReplicaNode.Submission {
        ReplicaNode.Submission(id: RequestID(id), command: command, level: .first, deadline: deadline)
    }

    func table(_ ids: UInt64...) -> RequestTable {
        var table = RequestTable()
        for id in ids { table.add(submission(id, [UInt8(id)], deadline: at(10))) }
        return table
    }

    @Test("hands out what nobody has, once and in order") func unsent() {
        var table = table(1, 2)
        #expect(table.takeUnsent().map(\.id) == [RequestID(1), RequestID(2)])
        #expect(table.takeUnsent().isEmpty)
    }

    @Test("does not keep the names of writes that end while there is nobody to hand them to") func noLeader() {
        var table = RequestTable()
        for id in 0..<100 as Range<UInt64> { table.add(submission(id, [UInt8(id)], deadline: at(id))) }
        #expect(table.expire(at: at(98)).count == 99)
        #expect(table.hasUnsent)
        #expect(table.expire(at: at(99)).count == 1)
        #expect(!table.hasUnsent)
    }

    @Test("answers every request with the same command by its one outcome") func sameCommand() {
        var table = RequestTable()
        table.add(submission(1, [7], deadline: at(10)))
        table.add(submission(2, [7], deadline: at(10)))
        #expect(table.finish(command: Digest.of([7])) == [RequestID(1), RequestID(2)])
        #expect(table.count == 0)
    }

    @Test("takes a write back when the leader or the term changes, or a forward is not heard of") func reclaim() {
        var table = table(1)
        _ = table.takeUnsent()
        table.markSent(RequestID(1), to: leader, in: Term(2), at: at(0))
        table.reclaim(leader: leader, term: Term(2), isSelf: false, now: at(0), interval: interval)
        #expect(!table.hasUnsent)
        var changed = table
        changed.reclaim(leader: other, term: Term(3), isSelf: false, now: at(0), interval: interval)
        #expect(changed.hasUnsent)
        var overdue = table
        overdue.reclaim(leader: leader, term: Term(2), isSelf: false, now: at(1), interval: interval)
        #expect(overdue.hasUnsent)
    }

    @Test("a refused write goes to the next leader at once, and to the same one after the interval") func refused() {
        var table = table(1)
        _ = table.takeUnsent()
        table.markSent(RequestID(1), to: leader, in: Term(2), at: at(0))
        table.reclaim(leader: leader, term: Term(2), isSelf: false, now: at(0), interval: interval)
        table.markRefused(RequestID(1), .notYet, isOwn: false, at: at(0))
        var same = table
        same.reclaim(leader: leader, term: Term(2), isSelf: false, now: at(0), interval: interval)
        #expect(!same.hasUnsent)
        same.reclaim(leader: leader, term: Term(2), isSelf: false, now: at(1), interval: interval)
        #expect(same.hasUnsent)
        table.reclaim(leader: other, term: Term(3), isSelf: false, now: at(0), interval: interval)
        #expect(table.hasUnsent)
    }

    @Test("looks again in time at writes that were handed over at different times") func overdue() {
        var table = table(1, 2)
        _ = table.takeUnsent()
        table.markSent(RequestID(1), to: leader, in: Term(2), at: at(0))
        table.reclaim(leader: leader, term: Term(2), isSelf: false, now: at(0), interval: Span.seconds(2))
        table.markSent(RequestID(2), to: leader, in: Term(2), at: at(1))
        table.reclaim(leader: leader, term: Term(2), isSelf: false, now: at(2), interval: Span.seconds(2))
        #expect(table.takeUnsent().map(\.id) == [RequestID(1)])
        table.reclaim(leader: leader, term: Term(2), isSelf: false, now: at(3), interval: Span.seconds(2))
        #expect(table.takeUnsent().map(\.id) == [RequestID(2)])
    }

    @Test("a read waits for its revision once that is known, and until its deadline before") func reads() {
        var table = RequestTable()
        table.addRead(RequestID(1), deadline: at(5))
        table.addRead(RequestID(2), deadline: at(5))
        table.addRead(RequestID(3), deadline: at(6))
        #expect(table.count == 3)
        table.place(RequestID(1), at: LogIndex(7))
        table.finishRead(RequestID(2))
        #expect(!table.isUnplaced(RequestID(1)))
        #expect(table.finishWaiters(through: LogIndex(7)) == [RequestID(1)])
        #expect(table.expire(at: at(5)).isEmpty)
        #expect(table.expire(at: at(6)) == [.read(RequestID(3))])
        #expect(table.count == 0)
        #expect(table.nextDeadline == nil)
    }

    @Test("leaves what stands in the own log of the own term alone") func own() {
        var table = table(1)
        _ = table.takeUnsent()
        table.markSent(RequestID(1), to: leader, in: Term(2), at: at(0))
        table.reclaim(leader: leader, term: Term(2), isSelf: true, now: at(9), interval: interval)
        #expect(!table.hasUnsent)
    }

    @Test("tells at the deadline whether a write may yet take effect") func expiry() {
        var table = table(1, 2, 3)
        _ = table.takeUnsent()
        table.markSent(RequestID(2), to: leader, in: Term(2), at: at(0))
        table.markSent(RequestID(3), to: leader, in: Term(2), at: at(0))
        table.markRefused(RequestID(3), .notYet, isOwn: false, at: at(1))
        table.addWaiter(RequestID(4), revision: LogIndex(9), deadline: at(10))
        #expect(table.expire(at: at(9)).isEmpty)
        #expect(
            table.expire(at: at(10)) == [
                .lostWrite(RequestID(1), nil), .sentWrite(RequestID(2)), .lostWrite(RequestID(3), .notYet),
                .wait(RequestID(4)),
            ]
        )
        #expect(table.count == 0)
        #expect(table.nextDeadline == nil)
    }

    @Test("a write refused after an earlier copy was sent stays in doubt") func doubt() {
        var table = table(1)
        for second: UInt64 in 0..<2 {
            _ = table.takeUnsent()
            table.markSent(RequestID(1), to: leader, in: Term(second), at: at(second))
            table.reclaim(leader: other, term: Term(9), isSelf: false, now: at(second), interval: interval)
        }
        _ = table.takeUnsent()
        table.markSent(RequestID(1), to: leader, in: Term(3), at: at(3))
        table.markRefused(RequestID(1), .notYet, isOwn: false, at: at(4))
        #expect(table.expire(at: at(10)) == [.sentWrite(RequestID(1))])
    }

    @Test("a write that this member itself did not take is lost for sure, unless another may have it")
    func ownRefusals() {
        var table = table(1, 2)
        table.markSent(RequestID(2), to: other, in: Term(1), at: at(0))
        for second: UInt64 in 1..<4 {
            for id in [RequestID(1), RequestID(2)] {
                table.markSent(id, to: leader, in: Term(2), at: at(second))
                table.markRefused(id, .notYet, isOwn: true, at: at(second))
            }
        }
        #expect(table.expire(at: at(10)) == [.lostWrite(RequestID(1), .notYet), .sentWrite(RequestID(2))])
    }

    @Test("wakes those that wait for a revision once it is reached, lowest first") func waiters() {
        var table = RequestTable()
        table.addWaiter(RequestID(1), revision: LogIndex(5), deadline: at(10))
        table.addWaiter(RequestID(2), revision: LogIndex(3), deadline: at(10))
        #expect(table.finishWaiters(through: LogIndex(4)) == [RequestID(2)])
        #expect(table.finishWaiters(through: LogIndex(5)) == [RequestID(1)])
    }
}
