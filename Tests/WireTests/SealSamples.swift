import Kernel
import Replica
import Sealing

/// One of each thing that members tell each other of seals, or keep.
enum SealSamples {
    static func voter(_ number: UInt64) -> Voter {
        Voter(member: MemberID(high: number, low: 9), sealKey: [2] + [UInt8](repeating: UInt8(number), count: 32))
    }

    static func voters(_ numbers: [UInt64], outgoing: [UInt64] = []) -> VoterSet {
        guard let set = try? VoterSet(voters: numbers.map(voter), outgoing: outgoing.map(voter)) else {
            fatalError("\(numbers) are voters")
        }
        return set
    }

    static let claim = StateClaim(
        index: LogIndex(9),
        head: .of([1]),
        root: .of([2]),
        voters: voters([1, 2, 3]).digest
    )

    static let statement = SealStatement(
        lineage: Lineage(high: 7, low: 8),
        term: Term(4),
        claim: claim,
        time: WallTime(milliseconds: 1_700_000_000_000)
    )

    static func signatures(_ numbers: [UInt64]) -> [SealSignature] {
        numbers.map { number in
            SealSignature(
                member: voter(number).member,
                bytes: [UInt8](repeating: UInt8(number), count: SealSignature.byteCount)
            )
        }
    }

    static let seal = Seal(statement: statement, signatures: signatures([1, 3]))

    static let transitions = [
        TransitionSeal(
            seal: seal,
            voters: voters([1, 2, 3]),
            predecessor: voters([1, 2, 4]).digest,
            endorsements: signatures([2, 4])
        ),
        TransitionSeal(
            seal: Seal(statement: statement, signatures: []),
            voters: voters([1, 2], outgoing: [2, 3]),
            predecessor: .zero,
            endorsements: []
        ),
    ]

    static let refusals: [SigningRefusal] = [
        .otherLineage, .otherTerm(Term(5)), .notLeader, .noCommitInTerm(entry: Term(3)),
        .clocksDiffer(own: .distantFuture), .notRecorded(applied: LogIndex(12)), .differs(claim),
        .belowMark(LogIndex(10)), .timeNotAboveMark(.distantPast),
    ]

    static let answers =
        [SealAnswer(id: statement.id, word: .signed([UInt8](repeating: 1, count: SealSignature.byteCount)))]
        + refusals.map { SealAnswer(id: .zero, word: .refused($0)) }

    static let bodies: [PeerMessage.Body] =
        [.sealWanted(statement), .sealed(seal)] + answers.map { .sealAnswered($0) }
        + transitions.map { .sealedByOthers($0) }

    static let checkpoint = Checkpoint(
        lineage: statement.lineage,
        index: claim.index,
        head: claim.head,
        root: claim.root,
        time: statement.time,
        voters: voters([1, 2], outgoing: [2, 3])
    )

    static let memories: [SealMemory] = {
        var succession = Succession()
        succession.append(transitions[0])
        let divergence = Divergence(
            own: claim,
            other: StateClaim(index: LogIndex(9), head: .zero, root: .zero, voters: .zero),
            members: [voter(1).member, voter(2).member]
        )
        return [
            SealMemory(), SealMemory(voters: voters([1])),
            SealMemory(voters: voters([1, 2], outgoing: [2, 3]), succession: succession, divergence: divergence),
            SealMemory(checkpoint: checkpoint),
        ]
    }()
}
