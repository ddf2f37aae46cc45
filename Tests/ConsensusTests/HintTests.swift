import Consensus
import Kernel
import Testing

@Suite("The hint of a closed link, and the watchdog of the disk") struct HintTests {
    /// The leader's process dies; messages and writes take no time here, so what is seen is the wait alone.
    @Test("a new leader is there within 50 milliseconds of the hint", arguments: 0..<100 as Range<Int>)
    func failOver(run: Int) {
        var group = Group(3)
        group.elect()
        group.pass(.milliseconds(50 + UInt64(run) * 7))
        let killed = group.now
        for place in [1, 2] { group.step(place, .linkClosed(group.ids[0])) }
        group.pass(.milliseconds(50), except: group.isCut([0]))
        let successor = group.leader()
        #expect(successor == 1 || successor == 2, "run \(run): nobody leads \(group.now.elapsed(since: killed)) later")
        #expect(group.violations.isEmpty)
    }

    @Test("the first to stand is let through by who has the same hint, at once") func firstWins() throws {
        var group = Group(3)
        group.elect()
        for place in [1, 2] { group.step(place, .linkClosed(group.ids[0])) }
        let due = try [1, 2].map { try #require(group.members[$0].raft.nextWake) }
        let (first, second) = due[0] <= due[1] ? (1, 2) : (2, 1)
        group.now = due.min() ?? group.now
        group.step(first, .wake)
        group.settle(except: group.isCut([0]))
        #expect(group.leader() == first)
        #expect(group.members[second].raft.counters.elections == 0)
    }

    @Test("those with the hint stand in the order of their identities, and leave time to win") func turns()
        throws
    {
        var group = Group(5)
        group.elect()
        for place in [4, 2, 1, 3] { group.step(place, .linkClosed(group.ids[0])) }
        let waits = try [1, 2, 3, 4].map {
            try #require(group.members[$0].raft.nextWake).elapsed(since: group.now).milliseconds
        }
        for (turn, wait) in waits.enumerated() { #expect((25 * turn...25 * turn + 5).contains(Int(wait)), "\(waits)") }
    }

    @Test("who stood before the others had the hint stands again soon") func tooEarly() throws {
        var group = Group(3)
        group.elect()
        group.propose("a", at: 0)
        // The other one lacks an entry, so it cannot win.
        group.settle(except: group.isCut([2]))
        group.step(1, .linkClosed(group.ids[0]))
        group.pass(.milliseconds(6), except: group.isCut([0]))
        #expect(group.members[1].raft.role == .preCandidate)
        group.step(2, .linkClosed(group.ids[0]))
        group.pass(.milliseconds(30), except: group.isCut([0]))
        #expect(group.leader() == 1)
    }

    @Test("of two that ask each other at once the one whose turn it was wins, or else who has more", arguments: [1, 2])
    func crossing(winner: Int) {
        var group = Group(3)
        group.elect()
        if winner == 2 {
            group.propose("a", at: 0)
            group.settle(except: group.isCut([1]))
        }
        for place in [1, 2] { group.step(place, .linkClosed(group.ids[0])) }
        group.now = group.now.advanced(by: .milliseconds(40))
        // Both have sent their requests before either hears the other.
        for place in [1, 2] { group.step(place, .wake) }
        #expect([1, 2].map { group.members[$0].raft.role } == [.preCandidate, .preCandidate])
        group.settle(except: group.isCut([0]))
        #expect(group.leader() == winner)
        #expect(group.members[3 - winner].raft.counters.elections == 0)
    }

    @Test("a hint counts for one election timeout; then who is alone asks as seldom as without it") func ends() throws {
        var group = Group(3)
        group.elect()
        let hinted = group.now
        group.step(1, .linkClosed(group.ids[0]))
        var waits: [UInt64] = []
        for _ in 0..<40 {
            let due = try #require(group.members[1].raft.nextWake)
            let isOver = due.elapsed(since: hinted) > .milliseconds(1050)
            if isOver { waits.append(due.elapsed(since: group.now).milliseconds) }
            group.now = due
            group.step(1, .wake)
        }
        #expect(group.members[1].raft.role == .preCandidate)
        #expect(!waits.isEmpty && waits.allSatisfy { $0 >= 500 }, "\(waits)")
        #expect(waits.count < 25, "it did not ask more often before")
    }

    @Test("who stands is waited for by who has the same hint") func waits() throws {
        var group = Group(3)
        group.elect()
        group.step(1, .linkClosed(group.ids[0]))
        let due = try #require(group.members[1].raft.nextWake)
        let last = group.members[1].raft.lastPosition
        let term = group.members[1].raft.term.number
        group.receive(from: 2, to: 1, term: term + 1, .preVoteRequest(last: last))
        #expect(try #require(group.members[1].raft.nextWake) > due)
    }

    @Test("a false hint deposes nobody while a quorum hears the leader") func falseHint() {
        var group = Group(5)
        group.elect()
        let term = group.members[0].raft.term
        for place in [1, 2] { group.step(place, .linkClosed(group.ids[0])) }
        group.pass(.milliseconds(300))
        #expect(group.leader() == 0)
        #expect(group.members.allSatisfy { $0.raft.term == term && $0.raft.leader == group.ids[0] })
    }

    @Test("a hint about who does not lead changes nothing for a follower") func irrelevant() {
        var group = Group(3)
        group.elect()
        let due = group.members[1].raft.nextWake
        group.step(1, .linkClosed(group.ids[2]))
        #expect(group.members[1].raft.nextWake == due)
    }

    @Test("a leader takes what was under way on a closed link for lost") func leaderProbes() {
        var group = Group(3)
        group.elect()
        group.propose("a", at: 0)
        group.mail = []
        group.step(0, .linkClosed(group.ids[1]))
        let status = group.members[0].raft.followers
        #expect(status.map(\.state) == [.probe, .replicate])
        group.settle()
        group.pass(.milliseconds(200))
        #expect(group.commands(at: 1) == ["a"])
    }

    @Test("a leader whose disk answers in time stays, however much is written") func busyDisk() {
        var group = Group(3)
        group.elect()
        for round in 0..<40 {
            group.propose("c\(round)", at: 0)
            group.hung = [0]
            group.pass(.milliseconds(300))
            group.hung = []
            group.settle()
        }
        #expect(group.leader() == 0)
        #expect(group.commands(at: 2).count == 40)
    }

    @Test("a follower whose disk hangs does not stand") func hungFollower() {
        var group = Group(3)
        group.elect()
        group.propose("a", at: 0)
        group.hung = [1]
        group.settle()
        group.mail = []
        group.now = group.now.advanced(by: .seconds(2))
        group.step(1, .wake)
        #expect(group.members[1].raft.role == .follower)
        group.sync(1)
        group.now = group.now.advanced(by: .seconds(2))
        group.step(1, .wake)
        #expect(group.members[1].raft.role == .preCandidate)
    }
}
