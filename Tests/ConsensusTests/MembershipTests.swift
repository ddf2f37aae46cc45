import Consensus
import Kernel
import Testing

@Suite("Changes of the membership") struct MembershipTests {
    @Test("the hash of an entry tells its change from its command") func hashes() {
        func hash(_ payload: Entry.Payload) -> Digest {
            let position = LogPosition(term: Term(2), index: LogIndex(3))
            return Entry(position: position, time: .distantPast, previousHash: .zero, payload: payload).hash
        }
        let member = Group.id(4)
        let payloads: [Entry.Payload] = [
            .empty, .command([]),
            .configuration(.leave, command: []),
            .configuration(.leave, command: [0]),
            .configuration(ConfigurationChange([.addVoter(member)]), command: []),
            .configuration(ConfigurationChange([.addLearner(member)]), command: []),
            .configuration(ConfigurationChange([.remove(member)]), command: []),
            .configuration(ConfigurationChange([.remove(member)], transition: .explicit), command: []),
            .configuration(ConfigurationChange([.remove(member), .addVoter(member)]), command: []),
        ]
        #expect(Set(payloads.map(hash)).count == payloads.count)
    }

    @Test("existing kinds of entries keep their hashes, which stand in logs") func oldHashes() {
        func hex(_ payload: Entry.Payload) -> String {
            let position = LogPosition(term: Term(2), index: LogIndex(3))
            let time = WallTime(milliseconds: 5)
            let entry = Entry(position: position, time: time, previousHash: .of([1]), payload: payload)
            return entry.hash.bytes.hex
        }
        #expect(hex(.empty) == "da4d5a73429c585fce5912328f53e47d13c330d50146b5f87349c3dbd230454e")
        #expect(hex(.command([1, 2, 3])) == "81959dad24df132f130a06706c1d822b366fb29d53b789efe65d1763d08b0e20")
    }

    @Test("a change needs a commit in the leader's own term") func needsCommit() {
        var group = Group(3)
        group.step(0, .wake)
        for _ in 0..<200 where group.members[0].raft.role != .leader {
            if group.mail.isEmpty { group.now = group.now.advanced(by: .milliseconds(20)) }
            if group.isDue(0) { group.step(0, .wake) }
            for place in 0..<3 { group.sync(place) }
            while group.members[0].raft.role != .leader, !group.mail.isEmpty { group.deliver(0) }
        }
        #expect(group.members[0].raft.role == .leader)
        group.change(ConfigurationChange([.remove(group.ids[2])]), at: 0)
        #expect(group.members[0].refusals == [.noCommitInTerm])
        group.settle()
        group.change(ConfigurationChange([.remove(group.ids[2])]), at: 0)
        group.settle()
        #expect(group.members.map(\.raft.configuration.voters.count) == [2, 2, 2])
        #expect(group.violations.isEmpty)
    }

    @Test("a member that has a committed change to apply does not stand") func unappliedChange() {
        var group = Group(3)
        group.elect()
        group.change(ConfigurationChange([.addLearner(Group.id(9))]), at: 0)
        for _ in 0..<40 {
            for place in 0..<3 { group.sync(place) }
            if !group.mail.isEmpty { group.deliver(0) }
        }
        // Committed everywhere, applied nowhere.
        let index = group.members[0].raft.lastPosition.index
        #expect(group.members.allSatisfy { $0.raft.commitIndex == index && $0.raft.appliedIndex < index })
        group.mail = []
        for _ in 0..<5 {
            group.now = group.now.advanced(by: .seconds(2))
            group.step(1, .wake)
        }
        #expect(group.members[1].raft.role == .follower)
        group.apply(1)
        group.now = group.now.advanced(by: .seconds(2))
        group.step(1, .wake)
        #expect(group.members[1].raft.role == .preCandidate)
    }

    @Test("a follower that is told to stand while it has a change to apply stands once that is done")
    func postponedCampaign() {
        var group = Group(3)
        group.elect()
        group.change(ConfigurationChange([.addLearner(Group.id(9))]), at: 0)
        for _ in 0..<40 {
            for place in 0..<3 { group.sync(place) }
            if !group.mail.isEmpty { group.deliver(0) }
        }
        group.receive(from: 0, to: 1, term: group.members[0].raft.term.number, .timeoutNow)
        #expect(group.members[1].raft.role == .follower)
        group.apply(1)
        #expect(group.members[1].raft.role == .candidate)
    }

    @Test("a learner gets the log, and neither votes for a commit nor stands") func learner() {
        var group = Group(4, voters: 3)
        group.elect()
        group.change(ConfigurationChange([.addLearner(group.ids[3])]), at: 0)
        group.settle()
        let index = group.members[0].raft.lastPosition.index
        group.propose("a", at: 0)
        // Only the leader and the learner hold it.
        group.settle(except: group.isCut([1, 2]))
        #expect(group.members[0].raft.matchIndex(of: group.ids[3]) == index.next)
        #expect(group.members[0].raft.commitIndex == index)
        group.pass(.seconds(5), except: group.isCut([0, 1, 2]))
        #expect(group.members[3].raft.role == .follower)
        #expect(group.members[3].raft.nextWake == nil)
    }

    @Test("leadership is not handed to a learner, nor to who is on the way out") func transferTargets() {
        var group = Group(4, voters: 3)
        group.elect()
        group.change(ConfigurationChange([.addLearner(group.ids[3])]), at: 0)
        group.settle()
        group.step(0, .transferLeadership(to: group.ids[3]))
        #expect(group.members[0].notes.contains { $0.message == "nobody to hand the leadership to" })
        group.change(ConfigurationChange([.remove(group.ids[2])], transition: .explicit), at: 0)
        group.settle()
        group.step(0, .transferLeadership(to: nil))
        group.settle()
        #expect(group.leader() == 1)
    }

    @Test("a new leader leaves the joint configuration that the old one entered") func newLeaderLeaves() {
        var group = Group(4, voters: 3)
        group.elect()
        group.change(ConfigurationChange([.addVoter(group.ids[3])], transition: .implicit), at: 0)
        // The leader dies as soon as the joint configuration is committed, before it can leave it.
        for _ in 0..<200 where !group.members[1].raft.configuration.isJoint {
            for place in 0..<3 { group.sync(place) }
            if !group.mail.isEmpty { group.deliver(0) }
            group.apply(1)
        }
        #expect(group.members[1].raft.configuration.isJoint)
        group.pass(.seconds(5), except: group.isCut([0]))
        let voters = Array(group.ids)
        #expect(group.members[1...3].allSatisfy { $0.raft.configuration == Configuration(voters: voters) })
        #expect(group.violations.isEmpty)
    }

    @Test("a joint configuration is left only once both its majorities agree to that") func leavesWhenCommitted() {
        var group = Group(5, voters: 3)
        group.elect()
        let ids = group.ids
        let changes = ids[1...2].map(ConfigurationChange.Change.remove) + ids[3...4].map { .addVoter($0) }
        group.change(ConfigurationChange(changes), at: 0)
        // Of those that are to vote only the leader has heard of it.
        group.settle(except: group.isCut([3, 4]))
        #expect(group.members[0...2].allSatisfy { $0.raft.configuration.isJoint })
        group.pass(.seconds(3))
        let after = Configuration(voters: [ids[0], ids[3], ids[4]])
        #expect([0, 3, 4].allSatisfy { group.members[$0].raft.configuration == after })
        #expect(group.violations.isEmpty)
    }

    @Test("a snapshot carries the configuration") func snapshotCarries() {
        var group = Group(5, voters: 3)
        group.elect()
        group.change(ConfigurationChange([.addLearner(group.ids[3])]), at: 0)
        group.settle()
        let change = ConfigurationChange([.addLearner(group.ids[4]), .addVoter(group.ids[3])], transition: .explicit)
        group.change(change, at: 0)
        group.settle(except: group.isCut([4]))
        for place in 0..<3 { group.compact(place) }
        group.pass(.seconds(2))
        #expect(group.members[4].raft.configuration == group.members[0].raft.configuration)
        #expect(group.members[4].raft.configuration.isJoint)
        #expect(group.installs == 2)
        group.crash(4)
        #expect(group.members[4].raft.configuration == group.members[0].raft.configuration)
        #expect(group.violations.isEmpty)
    }

    @Test("a member that was removed and not told disturbs nobody") func removedUntold() {
        var group = Group(3)
        group.elect()
        let term = group.members[0].raft.term
        group.change(ConfigurationChange([.remove(group.ids[2])]), at: 0)
        group.settle(except: group.isCut([2]))
        #expect(group.members[0].raft.configuration.voters == [group.ids[0], group.ids[1]])
        group.pass(.seconds(5))
        #expect(group.members[2].raft.role == .preCandidate)
        #expect(group.members[2].raft.configuration.voters.count == 3)
        #expect(group.leader() == 0)
        #expect(group.members[0].raft.term == term)
        #expect(group.members[1].raft.counters.ignoredCandidates > 0)
    }

    @Test("a member that lags follows a leader that it does not know yet") func unknownLeader() {
        var group = Group(4, voters: 3)
        group.elect()
        group.change(ConfigurationChange([.addVoter(group.ids[3])]), at: 0)
        group.settle(except: group.isCut([2]))
        group.pass(.milliseconds(200), except: group.isCut([2]))
        #expect(!group.members[2].raft.configuration.contains(group.ids[3]))
        // The new voter stands with its own vote and those of two others, of whom one does not know it.
        group.step(0, .transferLeadership(to: group.ids[3]))
        group.settle(except: group.isCut([1, 2]))
        group.pass(.seconds(3), except: group.isCut([0]))
        group.pass(.seconds(3))
        #expect(group.members[2].raft.configuration.contains(group.ids[3]))
        #expect(group.members.allSatisfy { $0.raft.leader == group.members[3].raft.leader })
        #expect(group.violations.isEmpty)
    }
}
