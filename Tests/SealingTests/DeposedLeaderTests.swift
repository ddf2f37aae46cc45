import Kernel
import Sealing
import Testing

/// The third case of docs/decisions/0034: a leader that was superseded, and has not heard of it.
///
/// 1. Member 1 leads in term 3 and has committed through 5; all voters have applied it.
/// 2. Members 2 and 3 vote for 2 in term 4, which commits 6 and acknowledges it at 10 ms.
/// 3. Member 1, whose commit index is still 5, samples at 11 ms and asks for a seal of 5.
///
/// Were it signed, the seal would say that nothing was acknowledged beyond 5 before 11 ms.
@Suite("A leader that was superseded") struct DeposedLeaderTests {
    private let roots = Made.roots(Made.point(4, term: 2), Made.point(5))
    private let now = Moment(11)
    private var collector = SealCollector(lineage: Made.lineage, sealedVoters: nil)
    private var signers = (1...3).map { _ in SealSigner(lineage: Made.lineage, mark: nil, term: Term(3)) }

    init() { for place in signers.indices { tell(place, .following(leader: MemberID(1), in: Term(3))) } }

    @discardableResult
    private mutating func tell(_ place: Int, _ input: SealSigner.Input) -> [SealSigner.Effect] {
        signers[place].step(input, roots: roots, at: now)
    }

    private mutating func collect(_ input: SealCollector.Input) -> [SealCollector.Effect] {
        collector.step(input, roots: roots, at: now, KeyedHash())
    }

    private mutating func moveOn() {
        tell(1, .following(leader: MemberID(2), in: Term(4)))
        // The one that voted has not heard from its candidate yet.
        tell(2, .following(leader: nil, in: Term(4)))
    }

    private mutating func ask() -> [SealCollector.Effect] {
        _ = collect(.leading(Term(3)))
        return collect(.committed(through: LogIndex(5), last: LogIndex(5)))
    }

    /// Disks and keys answer at once, and so does the network.
    private mutating func carry(_ effects: [SealSigner.Effect], at place: Int) -> [SealCollector.Effect] {
        effects.flatMap { effect in
            switch effect {
            case .persist(let mark): return carry(tell(place, .persisted(mark)), at: place)
            case .sign(let statement):
                let signature = Made.signature(statement, by: UInt64(place) + 1)
                return carry(tell(place, .signed(statement, signature.bytes)), at: place)
            case .answer(let answer, let leader):
                guard leader == MemberID(1) else { return [] }
                return collect(.answered(answer, by: MemberID(UInt64(place) + 1)))
            }
        }
    }

    private mutating func deliver(_ asked: [SealCollector.Effect]) -> [SealCollector.Effect] {
        asked.flatMap { effect -> [SealCollector.Effect] in
            guard case .ask(let statement, let member) = effect else { return [effect] }
            let place = Int(member.low) - 1
            return carry(tell(place, .asked(statement, by: MemberID(1))), at: place)
        }
    }

    @Test("has a seal while its voters are in its term") mutating func before() {
        let seal = Made.seal(Made.point(5), at: 11, by: [1, 2])
        let asked = ask()
        #expect(deliver(asked) == [.completed(seal, nil)])
    }

    @Test("has none once they have voted for another, though all hold its entry") mutating func after() {
        moveOn()
        let asked = ask()
        #expect(asked.count == 3)
        #expect(deliver(asked).isEmpty)
        #expect(signers[1].mark == nil)
        #expect(signers[2].mark == nil)
    }

    @Test("has none where they vote between the mark and the signature") mutating func between() {
        var persisting: [[SealSigner.Effect]] = []
        for case .ask(let statement, let member) in ask() {
            persisting.append(tell(Int(member.low) - 1, .asked(statement, by: MemberID(1))))
        }
        #expect(persisting.allSatisfy { $0.count == 1 })
        moveOn()
        for (place, effects) in persisting.enumerated() { #expect(carry(effects, at: place).isEmpty) }
    }
}
