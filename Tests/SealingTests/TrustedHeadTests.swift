import Kernel
import Sealing
import Testing

@Suite("What a receiver trusts") struct TrustedHeadTests {
    private let old = Made.voters([1, 2, 3])
    private let joint = Made.voters([3, 4, 5], outgoing: [1, 2, 3])
    private let new = Made.voters([3, 4, 5])
    private let now = Moment(10_000).wall

    private func head() throws -> TrustedHead { try Made.head(Made.point(5, old), at: 1000) }

    private func accept(_ seal: Seal, _ head: inout TrustedHead) throws(SealRefusal) {
        try head.accept(seal, at: now, KeyedHash())
    }

    private func expect(
        _ refusal: SealRefusal,
        _ head: TrustedHead,
        at location: SourceLocation = #_sourceLocation,
        _ body: (inout TrustedHead) throws -> Void
    ) {
        var after = head
        #expect(throws: refusal, sourceLocation: location) { try body(&after) }
        #expect(after == head, sourceLocation: location)
    }

    @Test("follows seals of the voters that it knows") func follows() throws {
        var head = try head()
        try accept(Made.seal(Made.point(8, old), at: 2000, by: [1, 2]), &head)
        try accept(Made.seal(Made.point(8, old), at: 3000, by: [2, 3]), &head)
        try accept(Made.seal(Made.point(9, term: 4, old), at: 3001, by: [1, 3]), &head)
        #expect(head.claim == Made.point(9, term: 4, old).claim)
        #expect(head.time == Moment(3001).wall)
    }

    @Test("each reason to refuse a seal, and nothing changes with one") func refusals() throws {
        var head = try head()
        let newest = Made.seal(Made.point(8, old), at: 2000, by: [1, 2])
        try accept(newest, &head)
        expect(.alreadyKnown, head) { try accept(newest, &$0) }
        expect(.indexGoesBack(known: LogIndex(8)), head) {
            try accept(Made.seal(Made.point(7, old), at: 3000, by: [1, 2]), &$0)
        }
        expect(.timeGoesBack(known: Moment(2000).wall), head) {
            try accept(Made.seal(Made.point(9, old), at: 2000, by: [1, 2]), &$0)
        }
        expect(.termGoesBack(known: Term(3)), head) {
            try accept(Made.seal(Made.point(9, term: 2, old), at: 3000, by: [1, 2]), &$0)
        }
        expect(.fromTheFuture(Moment(10_501).wall, now: now), head) {
            try accept(Made.seal(Made.point(9, old), at: 10_501, by: [1, 2]), &$0)
        }
        let stranger = Lineage(high: 1, low: 1)
        let foreign = Seal(
            statement: Made.statement(Made.point(9, old), at: 3000, lineage: stranger),
            signatures: newest.signatures
        )
        expect(.otherLineage(stranger), head) { try accept(foreign, &$0) }
        expect(.signatures(.noQuorum(missing: 1, missingOutgoing: 0)), head) {
            try accept(Made.seal(Made.point(9, old), at: 3000, by: [1]), &$0)
        }
        let divergence = Divergence(own: Made.point(8, old).claim, other: Made.point(8, root: "other", old).claim)
        expect(.contradiction(divergence), head) {
            try accept(Made.seal(Made.point(8, root: "other", old), at: 3000, by: [1, 2]), &$0)
        }
        // Without a quorum it contradicts nothing.
        expect(.signatures(.noQuorum(missing: 1, missingOutgoing: 0)), head) {
            try accept(Made.seal(Made.point(8, root: "other", old), at: 3000, by: [1]), &$0)
        }
        try accept(Made.seal(Made.point(9, old), at: 10_500, by: [1, 2]), &head)
    }

    @Test("old knowledge is not built upon") func expiry() throws {
        var head = try head()
        let week = Span.seconds(7 * 24 * 3600)
        let late = Moment(1000).wall.advanced(by: week)
        let seal = Made.seal(Made.point(8, old), at: 2000, by: [1, 2])
        let tooLate = late.advanced(by: .milliseconds(1))
        expect(.trustExpired(age: tooLate.elapsed(since: Moment(1000).wall)), head) {
            try $0.accept(seal, at: tooLate, KeyedHash())
        }
        try head.accept(seal, at: late, KeyedHash())
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
        expect(.unknownVoters(old.digest), head) {
            try accept(Made.seal(Made.point(10, old), at: 4000, by: [1, 2, 3]), &$0)
        }
        expect(.signatures(.notAVoter(MemberID(1))), head) {
            try accept(Made.seal(Made.point(10, new), at: 4000, by: [1, 2, 3]), &$0)
        }
    }

    @Test("a transition without either quorum is refused") func badTransitions() throws {
        let head = try head()
        let point = Made.point(8, new)
        func transition(by: [UInt64], from: VoterSet, endorsedBy: [UInt64]) -> TransitionSeal {
            Made.transition(point, at: 2000, by: by, from: from, endorsedBy: endorsedBy)
        }
        expect(.endorsements(.noQuorum(missing: 1, missingOutgoing: 0)), head) {
            try $0.accept(transition(by: [3, 4, 5], from: old, endorsedBy: [3]), at: now, KeyedHash())
        }
        expect(.endorsements(.notAVoter(MemberID(4))), head) {
            try $0.accept(transition(by: [3, 4, 5], from: old, endorsedBy: [3, 4]), at: now, KeyedHash())
        }
        expect(.signatures(.noQuorum(missing: 1, missingOutgoing: 0)), head) {
            try $0.accept(transition(by: [3], from: old, endorsedBy: [1, 2]), at: now, KeyedHash())
        }
        // One that was removed does not count for the new set.
        expect(.signatures(.notAVoter(MemberID(1))), head) {
            try $0.accept(transition(by: [1, 3], from: old, endorsedBy: [1, 2]), at: now, KeyedHash())
        }
        expect(.otherPredecessor(joint.digest), head) {
            try $0.accept(transition(by: [3, 4, 5], from: joint, endorsedBy: []), at: now, KeyedHash())
        }
        let good = transition(by: [3, 4], from: old, endorsedBy: [1, 2])
        let other = TransitionSeal(
            seal: good.seal,
            voters: joint,
            predecessor: old.digest,
            endorsements: good.endorsements
        )
        expect(.otherVotersPresented(joint.digest), head) { try $0.accept(other, at: now, KeyedHash()) }
        expect(.unknownVoters(new.digest), head) { try accept(good.seal, &$0) }
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

    @Test("a succession leads an old checkpoint to the voters of now, and no other") func succession() throws {
        var succession = Succession()
        let steps = [
            Made.transition(Made.point(8, joint), at: 2000, by: [1, 2, 4, 5], from: old, endorsedBy: [1, 2]),
            Made.transition(Made.point(9, new), at: 3000, by: [4, 5], from: joint, endorsedBy: []),
            Made.transition(
                Made.point(12, Made.voters([3, 4])),
                at: 4000,
                by: [3, 4],
                from: new,
                endorsedBy: [3, 4]
            ),
        ]
        for step in steps { succession.append(step) }
        var head = try head()
        try head.follow(succession.steps(from: head.voters.digest, since: head.time), at: now, KeyedHash())
        #expect(head.voters == Made.voters([3, 4]))
        #expect(succession.steps(from: new.digest, since: Moment(3000).wall).count == 1)
        #expect(succession.steps(from: Made.voters([8]).digest, since: .distantPast).isEmpty)
        // A former set that is in force again: only what came later.
        #expect(succession.steps(from: old.digest, since: Moment(2000).wall).isEmpty)

        // With a step left out, the rest leads nowhere.
        var other = try self.head()
        #expect(throws: SealRefusal.otherPredecessor(new.digest)) {
            try other.follow([steps[0], steps[2]], at: now, KeyedHash())
        }
        #expect(other.voters == joint)
    }

    @Test("a succession is bounded, in order, and in one piece") func bounded() {
        var succession = Succession()
        let sets = [old, joint]
        for number in 0..<300 {
            let point = Made.point(UInt64(number) + 10, sets[(number + 1) % 2])
            succession.append(
                Made.transition(point, at: UInt64(number), by: [], from: sets[number % 2], endorsedBy: [])
            )
        }
        #expect(succession.steps.count == Succession.limit)
        let all = succession
        succession.append(succession.steps[0])
        #expect(succession == all)
        succession.drop(before: Moment(290).wall)
        #expect(succession.steps.count == 10)
        succession.append(Made.transition(Made.point(900, new), at: 900, by: [], from: new, endorsedBy: []))
        #expect(succession.steps.count == 1)
    }
}
