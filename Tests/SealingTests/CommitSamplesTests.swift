import Kernel
import Testing

@testable import Sealing

@Suite("What a leader remembers of its commit index") struct CommitSamplesTests {
    private var samples = CommitSamples()

    private mutating func add(_ index: UInt64, at time: UInt64) { samples.add(Moment(time).wall, LogIndex(index)) }
    private func newest(notBeyond index: UInt64) -> WallTime? { samples.newest(notBeyond: LogIndex(index)) }

    @Test("is bounded, and what it lets go makes a date older, never newer") mutating func bounded() throws {
        for number in 1...5000 as ClosedRange<UInt64> {
            add(number, at: number)
            #expect(samples.samples.count <= CommitSamples.capacity)
        }
        for index in 4900...5000 as ClosedRange<UInt64> {
            #expect(try #require(newest(notBeyond: index)) <= Moment(index).wall)
        }
    }

    @Test("a clock that was set back takes no time away") mutating func setBack() {
        add(5, at: 1000)
        add(5, at: 900)
        #expect(newest(notBeyond: 5) == Moment(1000).wall)
        add(6, at: 950)
        #expect(newest(notBeyond: 6) == Moment(1000).wall)
        add(6, at: 1001)
        #expect(newest(notBeyond: 6) == Moment(1001).wall)
    }

    @Test("of one time there is one sample, so that a busy moment crowds out none") mutating func oneEach() {
        add(1, at: 999)
        for index in 2...1000 as ClosedRange<UInt64> { add(index, at: 1000) }
        #expect(newest(notBeyond: 1) == Moment(999).wall)
    }

    @Test("keeps the last of what is dropped, to notice a clock that was set back") mutating func dropped() {
        add(5, at: 1000)
        add(6, at: 1001)
        samples.drop(through: Moment(1001).wall)
        #expect(newest(notBeyond: 5) == nil)
        #expect(newest(notBeyond: 6) == Moment(1001).wall)
    }
}
