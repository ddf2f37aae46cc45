import Kernel
import Sealing
import Testing

@Suite("Receivers and changes of the voters") struct TransitionTests {
    private let old = Made.voters([1, 2, 3])
    private let joint = Made.voters([3, 4, 5], outgoing: [1, 2, 3])
    private let new = Made.voters([3, 4, 5])
    private let now = Moment(10_000).wall

    private func head() throws -> TrustedHead { try Made.head(Made.point(5, old), at: 1000) }

    private func accept(_ seal: Seal, _ head: inout TrustedHead) throws(SealRefusal) {
        try head.accept(seal, at: now, KeyedHash())
    }

    @Test("goes to other voters with the consent of those that it knows") func transitions() throws {
        var head = try head()
        try head.accept(
            Made.transition(Made.point(8, joint), at: 2000, by: [1, 2, 4, 5], from: old, endorsedBy: [1, 2]),
            at: now,
            KeyedHash()
        )
        #expect(head.voters == joint)
        // The outgoing ones have agreed with the joint set's seal.
        try head.accept(
            Made.transition(Made.point(9, new), at: 3000, by: [4, 5], from: joint, endorsedBy: []),
            at: now,
            KeyedHash()
        )
        #expect(head.voters == new)
        // Those before seal nothing any more, alone or with one of the new.
        head.refuses(.unknownVoters(old.digest)) {
            try accept(Made.seal(Made.point(10, old), at: 4000, by: [1, 2, 3]), &$0)
        }
        head.refuses(.signatures(.notAVoter(MemberID(1)))) {
            try accept(Made.seal(Made.point(10, new), at: 4000, by: [1, 2, 3]), &$0)
        }
    }

    @Test("a transition without either quorum is refused") func badTransitions() throws {
        let head = try head()
        let point = Made.point(8, new)
        func transition(by: [UInt64], from: VoterSet, endorsedBy: [UInt64]) -> TransitionSeal {
            Made.transition(point, at: 2000, by: by, from: from, endorsedBy: endorsedBy)
        }
        head.refuses(.endorsements(.noQuorum(missing: 1, missingOutgoing: 0))) {
            try $0.accept(transition(by: [3, 4, 5], from: old, endorsedBy: [3]), at: now, KeyedHash())
        }
        head.refuses(.endorsements(.notAVoter(MemberID(4)))) {
            try $0.accept(transition(by: [3, 4, 5], from: old, endorsedBy: [3, 4]), at: now, KeyedHash())
        }
        head.refuses(.signatures(.noQuorum(missing: 1, missingOutgoing: 0))) {
            try $0.accept(transition(by: [3], from: old, endorsedBy: [1, 2]), at: now, KeyedHash())
        }
        // One that was removed does not count for the new set.
        head.refuses(.signatures(.notAVoter(MemberID(1)))) {
            try $0.accept(transition(by: [1, 3], from: old, endorsedBy: [1, 2]), at: now, KeyedHash())
        }
        head.refuses(.otherPredecessor(joint.digest)) {
            try $0.accept(transition(by: [3, 4, 5], from: joint, endorsedBy: []), at: now, KeyedHash())
        }
        let good = transition(by: [3, 4], from: old, endorsedBy: [1, 2])
        let other = TransitionSeal(
            seal: good.seal,
            voters: joint,
            predecessor: old.digest,
            endorsements: good.endorsements
        )
        head.refuses(.otherVotersPresented(joint.digest)) { try $0.accept(other, at: now, KeyedHash()) }
        head.refuses(.unknownVoters(new.digest)) { try accept(good.seal, &$0) }
        var after = head
        try after.accept(good, at: now, KeyedHash())
        #expect(after.voters == new)
    }

    @Test("whoever is past a transition takes its seal") func pastTransition() throws {
        var head = try Made.head(Made.point(8, new), at: 1500)
        let late = Made.transition(Made.point(9, new), at: 2000, by: [3, 4], from: old, endorsedBy: [])
        try head.accept(late, at: now, KeyedHash())
        #expect(head.claim.index == LogIndex(9))
    }
}
