import Kernel
import Sealing
import Testing

@Suite("Transitions that follow each other") struct SuccessionTests {
    private let old = Made.voters([1, 2, 3])
    private let joint = Made.voters([3, 4, 5], outgoing: [1, 2, 3])
    private let new = Made.voters([3, 4, 5])
    private let now = Moment(10_000).wall

    private func head() throws -> TrustedHead { try Made.head(Made.point(5, old), at: 1000) }

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

    @Test("a second transition to the voters of now takes the place of nothing") func twice() {
        var succession = Succession()
        let first = Made.transition(Made.point(8, new), at: 2000, by: [], from: old, endorsedBy: [])
        succession.append(first)
        succession.append(Made.transition(Made.point(9, new), at: 3000, by: [], from: joint, endorsedBy: []))
        #expect(succession.steps == [first])
        #expect(succession.end == new)
    }

    @Test("who missed a step leads over it again once others have told it, and believes nobody without consent")
    func interrupted() throws {
        let (first, second, third, fourth) = (
            Made.voters([1, 2, 3]), Made.voters([1, 2, 4]), Made.voters([1, 4, 5]), Made.voters([4, 5, 6])
        )
        let known = Made.transition(Made.point(4, second), at: 1000, by: [1, 2], from: first, endorsedBy: [1, 2])
        let missed = Made.transition(Made.point(6, third), at: 2000, by: [1, 4], from: second, endorsedBy: [1, 2])
        let heard = Made.transition(Made.point(8, fourth), at: 3000, by: [4, 5], from: third, endorsedBy: [1, 4])
        var (before, whole, later) = (Succession(), Succession(), Succession())
        before.append(known)
        for step in [known, missed, heard] { whole.append(step) }
        #expect(InterruptedSuccession(before, to: second, before: whole) == nil)
        #expect(InterruptedSuccession(before, to: second, before: before) == nil)
        later.append(heard)
        let interrupted = try #require(InterruptedSuccession(before, to: second, before: later))
        #expect(try interrupted.resumed(by: [missed], to: later, KeyedHash()) == whole)
        #expect(try interrupted.resumed(by: [missed, heard], to: later, KeyedHash()) == whole)
        #expect(try interrupted.resumed(by: [], to: later, KeyedHash()) == nil)
        #expect(try interrupted.resumed(by: [heard], to: later, KeyedHash()) == nil)
        let aside = Made.transition(Made.point(6, fourth), at: 2000, by: [4, 5], from: second, endorsedBy: [1, 2])
        #expect(try interrupted.resumed(by: [aside], to: later, KeyedHash())?.end == fourth)
        let astray = Made.transition(Made.point(6, first), at: 2000, by: [1, 2], from: second, endorsedBy: [1, 2])
        #expect(try interrupted.resumed(by: [astray], to: later, KeyedHash()) == nil)
        let forged = Made.transition(Made.point(6, third), at: 2000, by: [1, 4], from: second, endorsedBy: [1])
        #expect(throws: SealRefusal.self) { try interrupted.resumed(by: [forged], to: later, KeyedHash()) }
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
