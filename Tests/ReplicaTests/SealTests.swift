import Consensus
import Directory
import Kernel
import Replica
import Sealing
import Testing

@Suite("Seals in the node") struct SealTests {
    @Test("a leader has its voters seal, once a second while nothing happens, and all know the newest") func idle()
        throws
    {
        var group = SealingGroup()
        group.run(.seconds(10))
        let times = group.seals.map(\.statement.time)
        #expect((5...12).contains(times.count), "\(times.count) seals")
        for (time, next) in zip(times, times.dropFirst()) { #expect(next > time) }
        let newest = try #require(group.seals.last)
        for node in group.nodes { #expect(node.newestSeal == newest) }
        #expect(newest.signatures.count >= 2)
        #expect(newest.statement.claim.voters == SealingGroup.voters.digest)
    }

    @Test("nothing is signed before its mark is durable") func marks() {
        var group = SealingGroup()
        group.stuck = [0, 1, 2]
        group.run(.seconds(10))
        for number in 0..<3 { #expect(group.statements(signedBy: number).isEmpty) }
        #expect(group.seals.isEmpty)
        let marks = group.effects.count { if case .keepSealMark = $0.effect { true } else { false } }
        #expect(marks > 0)
    }

    @Test("without a quorum there is no seal, with one again there is") func quorum() {
        var group = SealingGroup()
        group.stuck = [1, 2]
        group.run(.seconds(6))
        #expect(group.seals.isEmpty)
        group.stuck = [2]
        // What was under way is given up for a newer one; the voter whose disk hung takes no other before it ends.
        for case (1, .keepSealMark(let mark)) in group.effects { group.step(1, .sealMarkKept(mark)) }
        group.run(.seconds(6))
        #expect(!group.seals.isEmpty)
    }

    @Test("voters whose states differ from the leader's outvote it, and it answers nothing any more") func outvoted()
        throws
    {
        var group = SealingGroup()
        group.run(.seconds(3))
        let leader = try #require(group.leader)
        var differing = SealingGroup(roots: (0..<3).map { $0 == leader ? .of([9]) : .zero })
        differing.run(.seconds(3))
        let halted = try #require(differing.nodes.first { $0.divergence != nil })
        #expect(halted.member == SealingGroup.member(leader))
        #expect(!halted.isServing)
        #expect(halted.haltReason?.contains("quorum") == true)
        // Another leads, and seals without it.
        let before = differing.seals.count
        differing.run(.seconds(10))
        #expect(differing.leader != leader)
        #expect(differing.seals.count > before)
        #expect(differing.nodes.count { $0.divergence != nil } == 1)
    }

    @Test("a follower whose state is not what a seal says halts itself, and the others go on") func follower() throws {
        var group = SealingGroup()
        group.run(.seconds(3))
        let leader = try #require(group.leader)
        let wrong = (leader + 1) % 3
        var differing = SealingGroup(roots: (0..<3).map { $0 == wrong ? .of([9]) : .zero })
        differing.run(.seconds(5))
        #expect(differing.nodes[wrong].divergence != nil)
        #expect(!differing.nodes[wrong].isServing)
        #expect(differing.nodes.count { $0.divergence != nil } == 1)
        #expect(!differing.seals.isEmpty)
        let kept = differing.effects.compactMap { node, effect -> SealMemory? in
            guard node == wrong, case .keepSealMemory(let memory) = effect else { return nil }
            return memory
        }
        #expect(kept.last?.divergence != nil)
    }

    @Test("a state that was found wrong is not gone by in the next process either") func nextProcess() {
        let claim = StateClaim(index: LogIndex(1), head: .zero, root: .zero, voters: .zero)
        let memory = SealMemory(divergence: Divergence(own: claim, other: claim))
        var group = SealingGroup(memory: memory)
        #expect(!group.nodes[0].isServing)
        #expect(group.nodes[0].haltReason != nil)
        group.run(.seconds(10))
        #expect(!group.nodes[0].isServing)
        #expect(group.leader != 0)
        #expect(!group.seals.isEmpty)
    }

    @Test("a seal is taken from the leader alone") func strangers() throws {
        var group = SealingGroup()
        group.run(.seconds(3))
        let leader = try #require(group.leader)
        let (other, third) = ((leader + 1) % 3, (leader + 2) % 3)
        let seal = try #require(group.seals.last)
        let before = group.nodes[third].counters.strangeSeals
        let message = PeerMessage(stamp: group.now.wall, body: .sealed(seal))
        group.step(third, .receive(message, from: SealingGroup.member(other)))
        #expect(group.nodes[third].counters.strangeSeals == before + 1)
    }

    @Test("who votes does not change again before the voters of now have sealed, for a while") func changes() throws {
        var group = SealingGroup()
        group.stuck = [0, 1, 2]
        group.run(.seconds(3))
        let leader = try #require(group.leader)
        let target = SealingGroup.member((leader + 1) % 3)
        let submission = ReplicaNode.Submission(
            id: RequestID(1),
            command: [1],
            level: .first,
            change: .remove(target),
            deadline: group.now.monotonic.advanced(by: .seconds(60))
        )
        let end = group.nodes[leader].lastPosition
        group.step(leader, .submit([submission]))
        group.run(.seconds(3))
        #expect(group.nodes[leader].lastPosition == end, "it stands in the log unsealed")
        group.run(.seconds(8))
        #expect(group.nodes[leader].lastPosition.index > end.index, "it never gets there")
    }

    /// Of the voters of before only the leader is there when it alone is to seal: a seal without their consent, which edges cannot follow.
    private func brokenGroup() throws -> (SealingGroup, leader: Int) {
        var group = SealingGroup(roots: Array(repeating: .zero, count: 4))
        group.run(.seconds(3))
        let leader = try #require(group.leader)
        group.stuck = Set(0..<3).subtracting([leader])
        group.sealing = SealingGroup.voters([leader])
        let submission = ReplicaNode.Submission(
            id: RequestID(1),
            command: [1],
            level: .first,
            change: nil,
            deadline: group.now.monotonic.advanced(by: .seconds(60))
        )
        group.step(leader, .submit([submission]))
        group.run(.seconds(6))
        for node in 0..<3 {
            #expect(group.nodes[node].newestSeal?.statement.claim.voters == group.sealing.digest)
            #expect(group.memories[node].voters == SealingGroup.voters, "nobody can follow to the new voters yet")
        }
        #expect(group.nodes[3].newestSeal?.statement.claim.voters == SealingGroup.voters.digest)
        return (group, leader)
    }

    @Test("voters that could not consent to their successors are asked until they do, and edges go on")
    func consentedLate() throws {
        var (group, _) = try brokenGroup()
        group.loosen()
        group.run(.seconds(3))
        for node in 0..<4 {
            #expect(group.nodes[node].newestSeal?.statement.claim.voters == group.sealing.digest)
            #expect(group.memories[node].voters == group.sealing)
        }
    }

    @Test("consent that comes when the log has gone on is kept all the same") func consentedMeanwhile() throws {
        var group = SealingGroup(roots: Array(repeating: .zero, count: 4))
        group.run(.seconds(3))
        let leader = try #require(group.leader)
        func submit(_ number: UInt64) {
            let submission = ReplicaNode.Submission(
                id: RequestID(number),
                command: [UInt8(number)],
                level: .first,
                change: nil,
                deadline: group.now.monotonic.advanced(by: .seconds(60))
            )
            group.step(leader, .submit([submission]))
        }
        group.stuck = Set(0..<3).subtracting([leader])
        group.sealing = SealingGroup.voters([leader])
        submit(1)
        // Until one was sealed without consent, by which members see that they know these voters by the log alone.
        while group.seals.last?.statement.claim.voters != group.sealing.digest { group.run(.milliseconds(10)) }
        submit(2)
        group.loosen()
        group.run(.seconds(4))
        for node in 0..<4 {
            #expect(group.nodes[node].newestSeal?.statement.claim.voters == group.sealing.digest)
            #expect(group.memories[node].voters == group.sealing)
        }
    }

    @Test("a member that did not hear how voters came from others asks those who did, and tells edges")
    func askedOfMembers() throws {
        var (group, leader) = try brokenGroup()
        let away = (leader + 1) % 3
        group.isolated = [away, 3]
        group.loosen()
        group.run(.seconds(2))
        #expect(group.memories[leader].voters == group.sealing)
        #expect(group.memories[away].voters == SealingGroup.voters)
        group.isolated = [3]
        group.run(.seconds(6))
        #expect(group.memories[away].voters == group.sealing)
        #expect(group.memories[away].succession.end == group.sealing)
        // It alone is there for the edge.
        group.isolated = Set(0..<3).subtracting([away])
        group.run(.seconds(6))
        #expect(group.nodes[3].newestSeal?.statement.claim.voters == group.sealing.digest)
    }

    @Test("what is told of how voters came from others is not taken unasked, nor without the consent of those")
    func toldUnasked() throws {
        var (group, leader) = try brokenGroup()
        let other = (leader + 1) % 3
        let seal = try #require(group.nodes[leader].newestSeal)
        let forged = TransitionSeal(
            seal: seal,
            voters: group.sealing,
            predecessor: SealingGroup.voters.digest,
            endorsements: seal.signatures
        )
        let message = PeerMessage(stamp: group.now.wall, body: .succession([forged]))
        for sender in 0..<3 where sender != other {
            group.step(other, .receive(message, from: SealingGroup.member(sender)))
        }
        #expect(group.memories[other].voters == SealingGroup.voters)
    }

    @Test("members that have named no keys do not seal, and change as before") func noKeys() {
        var voter = Voter()
        voter.campaign()
        voter.commit()
        voter.advance(.seconds(2))
        voter.step(.wake)
        let asked = voter.effects.contains { effect in
            guard case .send(let message, _, _) = effect, case .sealWanted = message.body else { return false }
            return true
        }
        #expect(!asked)
    }
}
