import Consensus
import Kernel
import Testing

@Suite("Elections") struct ElectionTests {
    @Test("a single voter leads and commits by itself, once its disk has it") func single() {
        var group = Group(1)
        group.elect()
        group.propose("a", at: 0)
        #expect(group.commands(at: 0) == [])
        group.settle()
        #expect(group.commands(at: 0) == ["a"])
    }

    @Test("a candidate asks for votes only when its own is durable") func ownVote() {
        var group = Group(3)
        group.now = Instant(microseconds: 2_000_000)
        group.step(0, .wake)
        while !group.mail.isEmpty { group.deliver(0) }
        #expect(group.members[0].raft.role == .candidate)
        #expect(!group.members[0].held.isEmpty)
        #expect(!group.members[0].held.contains { $0.after <= group.members[0].durable })
        group.sync(0)
        #expect(group.mail.count == 2)
    }

    @Test("a vote is answered only when it is durable, and is kept across a crash") func votes() {
        var group = Group(3)
        let last = group.members[1].raft.lastPosition
        group.step(1, .receive(group.message(from: 0, to: 1, term: 5, .voteRequest(last: last, isTransfer: false))))
        #expect(group.mail.isEmpty)
        group.sync(1)
        #expect(group.mail.map(\.body) == [.voteResponse(granted: true)])
        group.crash(1)
        group.mail = []
        group.step(1, .receive(group.message(from: 2, to: 1, term: 5, .voteRequest(last: last, isTransfer: false))))
        group.settle()
        #expect(group.members[1].raft.votedFor == group.ids[0])
    }

    @Test("a member that was cut off deposes nobody when it comes back") func preVote() {
        var group = Group(3)
        group.elect()
        let term = group.members[0].raft.term
        group.pass(.seconds(10), except: group.isCut([2]))
        #expect(group.members[2].raft.term == term)
        group.pass(.seconds(2))
        #expect(group.members[0].raft.role == .leader)
        #expect(group.members[0].raft.term == term)
    }

    @Test("a leader without a quorum steps down, and its uncommitted entries give way") func checkQuorum() {
        var group = Group(3)
        group.elect()
        group.propose("lost", at: 0)
        group.pass(.seconds(3), except: group.isCut([0]))
        #expect(group.members[0].raft.role != .leader)
        let leader = group.leader()
        #expect(leader == 1 || leader == 2)
        group.propose("kept", at: leader ?? 1)
        group.pass(.seconds(3))
        #expect(group.ids.indices.map { group.commands(at: $0) } == [["kept"], ["kept"], ["kept"]])
        #expect(group.violations.isEmpty)
    }

    @Test("a follower that answers is heard at every moment, and one that is cut off for two election timeouts is not")
    func recentlyActive() {
        var group = Group(3)
        group.elect()
        group.pass(.seconds(1))
        for _ in 0..<100 {
            group.pass(.milliseconds(10))
            // Without the answers that are on their way: a check of the quorum may just have been.
            var silent = group
            silent.pass(.milliseconds(10), except: silent.isCut([1, 2]))
            #expect(silent.members[0].raft.followers.allSatisfy { $0.isRecentlyActive }, "at \(silent.now)")
        }
        group.pass(.milliseconds(1050), except: group.isCut([2]))
        #expect(group.members[0].raft.followers.map(\.isRecentlyActive) == [true, false])
    }

    @Test("the followers of a silent leader stand in the order of their identities, and leave time to win") func turns()
        throws
    {
        var group = Group(5)
        group.elect(2)
        for place in [4, 0, 3, 1] {
            let silent = try #require(group.members[place].raft.nextWake).elapsed(since: group.now).milliseconds
            let turn = place > 2 ? place - 1 : place
            // An election timeout of 500 ms in eight parts, of which the last half is left for the one before to win; up to a
            // heartbeat of 50 ms has gone by.
            let (lowest, highest) = (500 - 50 + turn * 62, 500 + turn * 63 + 32)
            #expect((lowest...highest).contains(Int(silent)), "member \(place) stands after \(silent) ms")
        }
    }

    @Test(
        "a leader falls silent, and the next one is there soon after the election timeout",
        arguments: 0..<50 as Range<Int>
    )
    func silence(run: Int) {
        var group = Group(3)
        group.elect()
        group.pass(.milliseconds(50 + UInt64(run) * 7))
        group.pass(.milliseconds(500 + 32), except: group.isCut([0]))
        #expect(group.leader().map { $0 != 0 } == true)
        #expect(group.members[1...].allSatisfy { $0.raft.counters.elections <= 1 })
    }

    @Test("hands its leadership over, and takes no proposal meanwhile") func transfer() {
        var group = Group(3)
        group.elect()
        group.step(0, .transferLeadership(to: group.ids[2]))
        group.propose("refused", at: 0)
        #expect(group.members[0].refusals == [.transferring])
        group.settle()
        #expect(group.members[2].raft.role == .leader)
    }

    @Test("a member that may not lead steps aside and never campaigns") func mayNotLead() {
        var group = Group(3)
        group.elect()
        group.step(0, .mayLead(false))
        group.pass(.seconds(5))
        #expect(group.members[0].raft.role == .follower)
        #expect(group.leader() != nil)
        group.pass(.seconds(10), except: group.isCut([0]))
        #expect(group.members[0].raft.role == .follower)
    }

    @Test("a member that may not lead asks another one where the one that it asked is removed") func heirRemoved() {
        var group = Group(3)
        group.elect()
        group.change(ConfigurationChange([.remove(group.ids[2])]), at: 0)
        group.step(0, .mayLead(false))
        #expect(group.members[0].raft.role == .leader)
        group.pass(.seconds(5), except: group.isCut([2]))
        #expect(group.members[0].raft.configuration.voters == [group.ids[0], group.ids[1]])
        #expect(group.members[0].raft.role == .follower)
        #expect(group.members[1].raft.role == .leader)
    }

    @Test("a round is confirmed when a quorum has acknowledged it, not before") func rounds() {
        var group = Group(5)
        group.elect()
        let confirmed = group.members[0].raft.confirmedRound
        group.now = group.now.advanced(by: .milliseconds(60))
        group.step(0, .wake)
        let round = group.members[0].raft.round
        #expect(round == confirmed + 1)
        let term = group.members[0].raft.term.number
        group.step(0, .receive(group.message(from: 1, to: 0, term: term, .heartbeatAcknowledged(round: round))))
        #expect(group.members[0].raft.confirmedRound == confirmed)
        group.step(0, .receive(group.message(from: 2, to: 0, term: term, .heartbeatAcknowledged(round: round))))
        #expect(group.members[0].raft.confirmedRound == round)
    }

    @Test("the only voter does not wait for a timeout") func singleAtOnce() {
        var group = Group(1)
        #expect(group.members[0].raft.nextWake == .zero)
        group.step(0, .wake)
        #expect(group.members[0].raft.role == .candidate)
        #expect(group.members[0].raft.nextWake.map { $0 > .zero } == true)
        group.sync(0)
        #expect(group.members[0].raft.role == .leader)
    }

    @Test("a member that hears a leader ignores candidates, unless the leader sent them") func sticky() {
        var group = Group(3)
        group.elect()
        let term = group.members[1].raft.term.number
        let last = group.members[1].raft.lastPosition
        group.receive(from: 2, to: 1, term: term + 1, .preVoteRequest(last: last))
        group.receive(from: 2, to: 1, term: term + 1, .voteRequest(last: last, isTransfer: false))
        group.receive(from: 2, to: 0, term: term + 1, .voteRequest(last: last, isTransfer: false))
        #expect(group.mail.isEmpty)
        #expect(group.members[1].raft.counters.ignoredCandidates == 2)
        #expect(group.members[1].raft.term.number == term)
        #expect(group.members[0].raft.role == .leader)
        group.receive(from: 2, to: 1, term: term + 1, .voteRequest(last: last, isTransfer: true))
        group.sync(1)
        #expect(group.bodies == [.voteResponse(granted: true)])
    }

    @Test("a vote is not given away twice in a term, also not after stepping down in it") func oneVote() {
        var group = Group(3)
        group.elect()
        let (term, last) = (group.members[0].raft.term.number, group.members[0].raft.lastPosition)
        group.pass(.seconds(3), except: group.isCut([0]))
        #expect(group.members[0].raft.role != .leader)
        group.mail = []
        let own = group.members[0].raft.term.number
        #expect(own == term)
        group.receive(from: 2, to: 0, term: term, .voteRequest(last: last, isTransfer: false))
        #expect(group.bodies == [.voteResponse(granted: false)])
    }

    @Test("a candidate with a shorter log gets no vote") func shortLog() {
        var group = Group(3)
        group.elect()
        group.crash(1)
        let term = group.members[1].raft.term.number
        let old = LogPosition(term: Term(1), index: LogIndex(9))
        group.receive(from: 2, to: 1, term: term + 1, .voteRequest(last: old, isTransfer: false))
        group.sync(1)
        #expect(group.bodies == [.voteResponse(granted: false)])
    }

    @Test("a leader of an old term that returns learns of the new one") func oldLeader() {
        var group = Group(3)
        group.elect()
        group.receive(from: 2, to: 1, term: 1, .heartbeat(commitIndex: .zero, round: 7))
        #expect(group.bodies == [.heartbeatAcknowledged(round: 0)])
        #expect(group.mail.last?.term == group.members[1].raft.term)
    }

    @Test("the message that hands over is repeated until it is heard") func lostTimeoutNow() {
        var group = Group(3)
        group.elect()
        group.step(0, .transferLeadership(to: group.ids[2]))
        group.mail.removeAll { $0.body == .timeoutNow }
        group.pass(.milliseconds(100))
        #expect(group.members[2].raft.role == .leader)
    }

    @Test("a lone voter that may not lead steps down, and leads again when it may") func loneVoter() {
        var group = Group(1)
        group.elect()
        group.step(0, .mayLead(false))
        #expect(group.members[0].raft.role == .follower)
        #expect(group.members[0].raft.nextWake == nil)
        group.step(0, .mayLead(true))
        group.pass(.seconds(2))
        #expect(group.members[0].raft.role == .leader)
    }
}
