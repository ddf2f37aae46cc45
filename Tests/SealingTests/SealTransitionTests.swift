import Kernel
import Sealing
import Testing

@Suite("Seals of other voters than before") struct SealTransitionTests: CollectsSeals {
    var collector = SealCollector(lineage: Made.lineage, sealedVoters: nil)
    var roots = Made.roots(Made.point(4, term: 2), Made.point(5))
    var now = Moment(1000)

    init() { _ = step(.leading(Term(3))) }

    @Test("until other voters have a seal, it takes both quorums") mutating func transition() throws {
        let old = Made.voters([1, 2, 3])
        let new = Made.voters([3, 4, 5])
        let point = Made.point(5, new)
        _ = step(.sealed(by: old))
        roots = Made.roots(Made.point(4, term: 2, old), point)
        let statement = Made.statement(point, at: 1000)
        #expect(committed(5, at: 1000) == asks(statement, of: 1, 2, 3, 4, 5))
        #expect(step(signed(statement, by: 4), signed(statement, by: 5)).isEmpty)
        #expect(!collector.hasSealed(new))
        #expect(step(signed(statement, by: 1)).isEmpty)
        let effects = step(signed(statement, by: 3))
        let transition = Made.transition(point, at: 1000, by: [3, 4, 5], from: old, endorsedBy: [1, 3])
        #expect(effects == [.completed(transition.seal, transition)])
        #expect(collector.hasSealed(new))
        var head = try Made.head(Made.point(4, term: 2, old), at: 900)
        try head.accept(transition, at: now.wall, KeyedHash())

        // From then on the new voters are enough.
        roots = Made.roots(point, Made.point(6, new))
        let next = Made.statement(Made.point(6, new), at: 1100)
        #expect(committed(6, at: 1100) == asks(next, of: 3, 4, 5))
        _ = step(signed(next, by: 4))
        #expect(step(signed(next, by: 5)) == [.completed(Made.seal(Made.point(6, new), at: 1100, by: [4, 5]), nil)])
    }

    @Test("a joint set is left without the outgoing voters") mutating func leaving() throws {
        let joint = Made.voters([3, 4, 5], outgoing: [1, 2, 3])
        let point = Made.point(5, Made.voters([3, 4, 5]))
        _ = step(.sealed(by: joint))
        roots = Made.roots(Made.point(4, term: 2, joint), point)
        let statement = Made.statement(point, at: 1000)
        #expect(committed(5, at: 1000) == asks(statement, of: 3, 4, 5))
        _ = step(signed(statement, by: 3))
        let transition = Made.transition(point, at: 1000, by: [3, 5], from: joint, endorsedBy: [])
        #expect(step(signed(statement, by: 5)) == [.completed(transition.seal, transition)])
        var head = try Made.head(Made.point(4, term: 2, joint), at: 900)
        try head.accept(transition, at: now.wall, KeyedHash())
    }

    @Test("who has a new key does not count for the former set") mutating func rotation() throws {
        let old = Made.voters([1, 2, 3])
        let new = try VoterSet(voters: [Made.voter(1), Made.voter(2), Made.voter(3, generation: 2)])
        let point = Made.point(5, new)
        _ = step(.sealed(by: old))
        roots = Made.roots(Made.point(4, term: 2, old), point)
        let statement = Made.statement(point, at: 1000)
        _ = committed(5, at: 1000)
        _ = step(signed(statement, by: 3, generation: 2), signed(statement, by: 1))
        #expect(collector.sealedVoters == old)
        let effects = step(signed(statement, by: 2))
        guard case .completed(_, let transition?) = effects.first else {
            Issue.record("\(effects)")
            return
        }
        #expect(transition.endorsements.map(\.member) == [MemberID(1), MemberID(2)])
        var head = try Made.head(Made.point(4, term: 2, old), at: 900)
        try head.accept(transition, at: now.wall, KeyedHash())
    }

    @Test("voters who are gone do not end all seals: without their consent one is for who knows its voters")
    mutating func noConsent() throws {
        let (old, new) = (Made.voters([1, 2, 3]), Made.voters([3, 4, 5]))
        let point = Made.point(5, new)
        _ = step(.sealed(by: old))
        roots = Made.roots(Made.point(4, term: 2, old), point)
        let statement = Made.statement(point, at: 1000)
        _ = committed(5, at: 1000)
        var refusing = self

        // They are silent.
        #expect(step(signed(statement, by: 4), signed(statement, by: 5)).isEmpty)
        let seal = Made.seal(point, at: 1000, by: [4, 5])
        let next = asks(Made.statement(point, at: 2000), of: 1, 2, 3, 4, 5)
        #expect(committed(5, at: 2000) == [.completed(seal, nil)] + next)
        #expect(!collector.hasSealed(new))
        var head = try Made.head(Made.point(5, new), at: 900)
        try head.accept(seal, at: now.wall, KeyedHash())

        // They refuse, before the others have signed.
        #expect(refusing.step(refused(statement, by: 1), refused(statement, by: 2), signed(statement, by: 4)).isEmpty)
        #expect(refusing.step(signed(statement, by: 5)) == [.completed(seal, nil)])
        #expect(refusing.collector.sealedVoters == old)
    }
}
