import Decision
import Kernel
import Testing

@testable import Replica

@Suite("Clock judge") struct ClockJudgeTests {
    let peers = (1...2).map { MemberID(high: UInt64($0), low: 0) }
    let year = Span.seconds(365 * 86_400)

    func moment(_ seconds: UInt64, wall: Int64 = 0) -> Moment {
        Moment(
            monotonic: Instant(microseconds: seconds * 1_000_000),
            wall: WallTime(milliseconds: UInt64(Int64(1_000_000_000 + seconds * 1000) + wall))
        )
    }

    func judge(peers: [MemberID]? = nil) -> ClockJudge {
        ClockJudge(peers: peers ?? self.peers, rules: ClockRules(), sampleLife: .seconds(5), at: moment(0))
    }

    @Test("is content when a quorum's clocks agree within the allowed error") func good() {
        var judge = judge()
        judge.observe(moment(1, wall: 400).wall, from: peers[0], at: moment(1))
        judge.observe(moment(1, wall: -400).wall, from: peers[1], at: moment(1))
        #expect(judge.verdict(at: moment(1), freshness: nil) == .good)
    }

    @Test("finds the own clock wrong when both others agree on another time") func wrong() {
        var judge = judge()
        for peer in peers { judge.observe(moment(1, wall: -3000).wall, from: peer, at: moment(1)) }
        #expect(judge.verdict(at: moment(1), freshness: nil) == .wrong(offsetMilliseconds: -3000))
    }

    @Test("does not let one wrong clock of three condemn the two others") func outlier() {
        var judge = judge()
        judge.observe(moment(1, wall: 0).wall, from: peers[0], at: moment(1))
        judge.observe(moment(1).wall.advanced(by: year), from: peers[1], at: moment(1))
        #expect(judge.verdict(at: moment(1), freshness: nil) == .good)
    }

    @Test("of two clocks that differ, the one behind is to lead, since it alone is taken by the other") func pair() {
        var ahead = judge()
        ahead.observe(moment(1, wall: -3000).wall, from: peers[0], at: moment(1))
        #expect(ahead.verdict(at: moment(1), freshness: nil) == .wrong(offsetMilliseconds: -3000))
        var behind = judge()
        behind.observe(moment(1, wall: 3000).wall, from: peers[0], at: moment(1))
        #expect(behind.verdict(at: moment(1), freshness: nil) == .good)
        #expect(behind.isAcceptable(at: moment(1).monotonic))
    }

    @Test("dates nothing before a quorum is known to take it") func acceptable() {
        var judge = judge()
        #expect(!judge.isAcceptable(at: moment(1).monotonic))
        judge.observe(moment(1, wall: -3000).wall, from: peers[0], at: moment(1))
        #expect(!judge.isAcceptable(at: moment(1).monotonic))
        judge.observe(moment(1, wall: -300).wall, from: peers[1], at: moment(1))
        #expect(judge.isAcceptable(at: moment(1).monotonic))
        #expect(!judge.isAcceptable(at: moment(9).monotonic), "samples age")
        #expect(self.judge(peers: []).isAcceptable(at: moment(1).monotonic))
    }

    @Test("is confirmed by a quorum whose clocks agree both ways, and by nothing less") func confirmed() {
        var judge = judge()
        #expect(!judge.isConfirmed(at: moment(1).monotonic))
        judge.observe(moment(1, wall: 100_000).wall, from: peers[0], at: moment(1))
        #expect(judge.isAcceptable(at: moment(1).monotonic))
        #expect(!judge.isConfirmed(at: moment(1).monotonic))
        judge.observe(moment(1, wall: 500).wall, from: peers[1], at: moment(1))
        #expect(judge.isConfirmed(at: moment(1).monotonic))
        judge.observe(moment(1, wall: -501).wall, from: peers[1], at: moment(1))
        #expect(!judge.isConfirmed(at: moment(1).monotonic))
        #expect(self.judge(peers: []).isConfirmed(at: moment(1).monotonic))
    }

    @Test("suspects a clock that stepped, until others confirm it or the suspicion is old") func step() {
        var judge = judge()
        judge.observeOwnClock(moment(1))
        judge.observeOwnClock(moment(2, wall: 2000))
        #expect(judge.verdict(at: moment(2, wall: 2000), freshness: nil) == .stepped)
        var confirmed = judge
        confirmed.observe(moment(2, wall: 2000).wall, from: peers[0], at: moment(2, wall: 2000))
        #expect(confirmed.verdict(at: moment(2, wall: 2000), freshness: nil) == .good)
        judge.observeOwnClock(moment(8, wall: 2000))
        #expect(judge.verdict(at: moment(8, wall: 2000), freshness: nil) == .good)
    }

    @Test("forgets samples taken before a step, which were measured against another clock") func stale() {
        var judge = judge()
        for peer in peers { judge.observe(moment(1).wall, from: peer, at: moment(1)) }
        judge.observeOwnClock(moment(1))
        judge.observeOwnClock(moment(2, wall: 60_000))
        #expect(judge.verdict(at: moment(2, wall: 60_000), freshness: nil) == .stepped)
    }

    @Test("finds a follower's clock wrong by what the cluster has proven") func proof() {
        let judge = judge()
        let fresh = Freshness(provenAt: moment(1, wall: -2000).wall, anchor: moment(1).monotonic)
        #expect(judge.verdict(at: moment(1), freshness: fresh) == .wrong(offsetMilliseconds: -2000))
        let near = Freshness(provenAt: moment(1, wall: -900).wall, anchor: moment(1).monotonic)
        #expect(judge.verdict(at: moment(1), freshness: near) == .good)
    }

    @Test("takes a single voter's word, since there is nobody else to ask") func single() {
        var judge = judge(peers: [])
        judge.observeOwnClock(moment(1))
        judge.observeOwnClock(moment(2, wall: 60_000))
        #expect(judge.verdict(at: moment(2, wall: 60_000), freshness: nil) == .good)
    }

    @Test("calls a stamp from the future by more than the error too far ahead") func future() {
        let judge = judge()
        #expect(!judge.isTooFarAhead(moment(1, wall: 500).wall, at: moment(1)))
        #expect(judge.isTooFarAhead(moment(1, wall: 501).wall, at: moment(1)))
    }
}

@Suite("Freshness tracker") struct FreshnessTrackerTests {
    func moment(_ milliseconds: UInt64) -> Moment {
        Moment(
            monotonic: Instant(microseconds: milliseconds * 1000),
            wall: WallTime(milliseconds: 1_000_000 + milliseconds)
        )
    }

    @Test("dates a round that a quorum acknowledged from when it began") func rounds() {
        var tracker = FreshnessTracker()
        tracker.beginRound(1, at: moment(10), commitIndex: LogIndex(3))
        tracker.beginRound(2, at: moment(60), commitIndex: LogIndex(3))
        tracker.confirmRound(1, applied: LogIndex(3))
        #expect(tracker.current == Freshness(provenAt: moment(10).wall, anchor: moment(10).monotonic))
        #expect(tracker.proof(at: moment(70).monotonic)?.age == .milliseconds(60))
    }

    @Test("dates a round once, however often it is seen again after it was confirmed") func datedOnce() {
        var tracker = FreshnessTracker()
        tracker.beginRound(1, at: moment(10), commitIndex: .zero)
        tracker.confirmRound(1, applied: .zero)
        tracker.beginRound(1, at: moment(500), commitIndex: .zero)
        tracker.confirmRound(1, applied: .zero)
        #expect(tracker.current?.provenAt == moment(10).wall)
    }

    @Test("never dates a round that was passed over when it began") func skipped() {
        var tracker = FreshnessTracker()
        tracker.skipRound(1)
        tracker.beginRound(1, at: moment(500), commitIndex: .zero)
        tracker.confirmRound(1, applied: .zero)
        #expect(tracker.current == nil)
    }

    @Test("holds a proof back until the state reflects what was committed then") func held() {
        var tracker = FreshnessTracker()
        let proof = FreshnessProof(provenAt: moment(5).wall, age: .milliseconds(20), commitIndex: LogIndex(9))
        tracker.receive(proof, at: moment(100).monotonic, applied: LogIndex(8))
        #expect(tracker.current == nil)
        tracker.advance(applied: LogIndex(9))
        #expect(tracker.current == Freshness(provenAt: moment(5).wall, anchor: moment(80).monotonic))
    }

    @Test("never goes back, whatever a new leader's clock says") func monotone() {
        var tracker = FreshnessTracker()
        let newer = FreshnessProof(provenAt: moment(500).wall, age: .zero, commitIndex: .zero)
        let older = FreshnessProof(provenAt: moment(400).wall, age: .zero, commitIndex: .zero)
        tracker.receive(newer, at: moment(500).monotonic, applied: .zero)
        tracker.receive(older, at: moment(510).monotonic, applied: .zero)
        #expect(tracker.current?.provenAt == moment(500).wall)
    }

    @Test("vouches for nothing once its leadership has ended") func ended() {
        var tracker = FreshnessTracker()
        tracker.beginRound(1, at: moment(10), commitIndex: .zero)
        tracker.confirmRound(1, applied: .zero)
        tracker.endLeadership()
        #expect(tracker.proof(at: moment(20).monotonic) == nil)
        tracker.beginRound(1, at: moment(30), commitIndex: .zero)
        tracker.confirmRound(1, applied: .zero)
        #expect(tracker.current?.provenAt == moment(30).wall)
    }
}

@Suite("Freshness") struct FreshnessTests {
    let fresh = Freshness(provenAt: WallTime(milliseconds: 1000), anchor: Instant(microseconds: 0))

    @Test("bounds the time without asking this node's wall clock") func interval() {
        let interval = fresh.interval(at: Instant(microseconds: 10_000_000), rules: ClockRules())
        #expect(interval.earliest == WallTime(milliseconds: 1000))
        #expect(interval.latest == WallTime(milliseconds: 1000 + 10_010 + 500))
    }

    @Test("takes the larger of both clocks' ages") func age() {
        let late = Moment(monotonic: Instant(microseconds: 1_000_000), wall: WallTime(milliseconds: 9000))
        #expect(fresh.age(at: late) == .milliseconds(8000))
        let suspended = Moment(monotonic: Instant(microseconds: 5_000_000), wall: WallTime(milliseconds: 900))
        #expect(fresh.age(at: suspended) == .seconds(5))
    }
}
