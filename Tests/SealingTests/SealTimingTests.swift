import Kernel
import Sealing
import Testing

@Suite("When a leader asks for a seal, and of what") struct SealTimingTests: CollectsSeals {
    var collector = SealCollector(lineage: Made.lineage, sealedVoters: nil)
    var roots = Made.roots(Made.point(4, term: 2), Made.point(5))
    var now = Moment(1000)

    init() { _ = step(.leading(Term(3))) }

    @Test("the time is the newest whose commit index the seal reaches") mutating func freshness() {
        // Entries 6 and 7 are committed before they are applied.
        #expect(committed(6, at: 1000).isEmpty)
        #expect(committed(6, at: 1010).isEmpty)
        #expect(committed(7, at: 1020).isEmpty)
        roots = Made.roots(Made.point(5), Made.point(6), Made.point(7))
        now = Moment(1030)
        // The log's end is 7, so 7 itself is the point, at the last time that 7 was seen to be all.
        #expect(step(.applied) == asks(Made.statement(Made.point(7), at: 1020), of: 1, 2, 3))
    }

    @Test("while more is on its way, a boundary is sealed, dated before what lies beyond") mutating func boundary() {
        _ = committed(5, last: 9, at: 1000)
        _ = committed(6, last: 9, at: 1010)
        _ = committed(7, last: 9, at: 1020)
        roots = Made.roots(Made.point(5), Made.point(6), Made.point(7))
        let effects = step(.applied)
        // It had opened for 5 when there was no boundary: there is none before 6 is applied.
        #expect(effects == asks(Made.statement(Made.point(6), at: 1010), of: 1, 2, 3))
    }

    @Test("no time comes twice, or from a clock that was set back") mutating func times() {
        let first = Made.statement(Made.point(5), at: 1000)
        #expect(committed(5, at: 1000).count == 3)
        _ = step(signed(first, by: 1), signed(first, by: 2))
        // Monotonic time goes on, the wall clock shows less.
        now = Moment(monotonic: Moment(3000).monotonic, wall: Moment(900).wall)
        #expect(step(.committed(through: LogIndex(5), last: LogIndex(5)), .wake).isEmpty)
        now = Moment(monotonic: Moment(3200).monotonic, wall: Moment(1001).wall)
        let next = Made.statement(Made.point(5), at: 1001)
        #expect(step(.committed(through: LogIndex(5), last: LogIndex(5))) == asks(next, of: 1, 2, 3))
    }

    @Test("every second while nothing moves, after 50 ms when something does") mutating func pace() {
        let first = Made.statement(Made.point(5), at: 1000)
        _ = committed(5, at: 1000)
        _ = step(signed(first, by: 1), signed(first, by: 2))
        #expect(collector.nextWake(roots: roots) == Moment(2000).monotonic)
        #expect(committed(5, at: 1999).isEmpty)
        #expect(committed(5, at: 2000).count == 3)
        let second = Made.statement(Made.point(5), at: 2000)
        _ = step(signed(second, by: 1), signed(second, by: 2))
        roots = Made.roots(Made.point(5), Made.point(6))
        #expect(collector.nextWake(roots: roots) == Moment(2050).monotonic)
        #expect(committed(6, at: 2049).isEmpty)
        #expect(committed(6, at: 2050).count == 3)
    }

    @Test("what is due and cannot be opened is looked at again in a while") mutating func waitsWithoutSpinning() {
        // Nobody answers, and more is proposed, which is not committed.
        _ = committed(5, at: 1000)
        #expect(committed(5, last: 9, at: 2000).isEmpty)
        #expect(collector.nextWake(roots: roots) == Moment(2050).monotonic)

        // Its clock is not confirmed any more, so it has no new time.
        let next = Made.statement(Made.point(5), at: 2010)
        _ = committed(5, at: 2010)
        _ = step(signed(next, by: 1), signed(next, by: 2))
        now = Moment(4000)
        #expect(step(.wake).isEmpty)
        #expect(collector.nextWake(roots: roots) == Moment(4050).monotonic)
    }

    @Test("a leader whose clock is confirmed late, in a log at rest, asks then") mutating func confirmedLate() {
        now = Moment(1000)
        #expect(step(.applied).isEmpty)
        #expect(collector.nextWake(roots: roots) == Moment(1050).monotonic)
        #expect(committed(5, at: 1050).count == 3)
    }

    @Test("what lies before the last is nothing to wait for") mutating func goesForward() {
        roots = Made.roots(Made.point(5), Made.point(6), Made.point(7))
        let seven = Made.statement(Made.point(7), at: 1000)
        #expect(committed(7, at: 1000).count == 3)
        _ = step(signed(seven, by: 1), signed(seven, by: 2))
        // The newest boundary is 6, while 9 is not committed.
        #expect(committed(7, last: 9, at: 1010).isEmpty)
        #expect(collector.nextWake(roots: roots) == nil)
    }

    @Test("samples are bounded, and never date a seal later than what it reaches") mutating func samples() {
        roots = Made.roots(Made.point(4, term: 2))
        for index in 5...5000 as ClosedRange<UInt64> { #expect(committed(index, last: 9000, at: 1000 + index).isEmpty) }
        for target in [4990, 3000] as [UInt64] {
            var copy = self
            copy.roots = Made.roots(Made.point(target - 1), Made.point(target), Made.point(target + 1))
            for case .ask(let statement, _) in copy.step(.applied) {
                #expect(statement.time <= Moment(1000 + target).wall)
            }
        }
    }

    @Test("what was sealed takes no room from the samples after it") mutating func precision() {
        for index in 5...60 as ClosedRange<UInt64> { _ = committed(index, last: 9000, at: 1000 + index) }
        roots = Made.roots(Made.point(59), Made.point(60), Made.point(61))
        let first = Made.statement(Made.point(60), at: 1060)
        #expect(step(.applied) == asks(first, of: 1, 2, 3))
        _ = step(signed(first, by: 1), signed(first, by: 2))
        for index in 61...120 as ClosedRange<UInt64> { _ = committed(index, last: 9000, at: 1000 + index) }
        for target in [80, 81] as [UInt64] {
            var copy = self
            copy.roots = Made.roots(Made.point(target - 1), Made.point(target), Made.point(target + 1))
            #expect(copy.step(.applied) == asks(Made.statement(Made.point(target), at: 1000 + target), of: 1, 2, 3))
        }
    }
}
