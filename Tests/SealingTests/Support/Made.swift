import Kernel
import Sealing
import Synchronization

/// Stands for signatures: what is signed is hashed with a secret that belongs to the public key.
struct KeyedHash: SignatureVerifier {
    func isValid(_ signature: [UInt8], of bytes: [UInt8], by publicKey: [UInt8]) -> Bool {
        signature == Self.signature(of: bytes, by: publicKey)
    }

    static func signature(of bytes: [UInt8], by publicKey: [UInt8]) -> [UInt8] {
        let digest = Digest.of(Array("secret of ".utf8) + publicKey + bytes).bytes
        return digest + digest
    }
}

/// Counts what it is asked.
final class CountingVerifier: SignatureVerifier {
    private let asked = Mutex(0)
    var count: Int { asked.withLock { $0 } }

    func isValid(_ signature: [UInt8], of bytes: [UInt8], by publicKey: [UInt8]) -> Bool {
        asked.withLock { $0 += 1 }
        return KeyedHash().isValid(signature, of: bytes, by: publicKey)
    }
}

func digest(_ text: String) -> Digest { .of(Array(text.utf8)) }

extension MemberID {
    init(_ number: UInt64) { self.init(high: 0, low: number) }
}

extension Moment {
    /// Both clocks show as many milliseconds, the wall clock from a date on.
    init(_ milliseconds: UInt64) {
        self.init(
            monotonic: Instant(microseconds: 1000 * milliseconds),
            wall: WallTime(milliseconds: Made.start + milliseconds)
        )
    }
}

/// What tests are made of. Members are numbers, and `key` is each one's.
enum Made {
    static let start: UInt64 = 1_800_000_000_000
    static let lineage = Lineage(high: 7, low: 9)

    static func key(_ member: UInt64, generation: UInt64 = 1) -> [UInt8] {
        [2] + digest("key \(generation) of \(member)").bytes
    }

    static func voter(_ member: UInt64, generation: UInt64 = 1) -> Voter {
        Voter(member: MemberID(member), sealKey: key(member, generation: generation))
    }

    static func voters(_ members: [UInt64], outgoing: [UInt64] = []) -> VoterSet {
        do {
            return try VoterSet(voters: members.map { voter($0) }, outgoing: outgoing.map { voter($0) })
        } catch {
            fatalError("\(error)")
        }
    }

    static func point(
        _ index: UInt64,
        term: UInt64 = 3,
        root: String = "root",
        head: String = "head",
        _ voters: VoterSet = voters([1, 2, 3])
    ) -> SealPoint {
        SealPoint(
            term: Term(term),
            index: LogIndex(index),
            head: digest("\(head) \(index)"),
            root: digest("\(root) \(index)"),
            voters: voters
        )
    }

    /// - Parameter time: Milliseconds from the start.
    static func statement(
        _ point: SealPoint,
        at time: UInt64,
        lineage: Lineage = lineage
    ) -> SealStatement {
        SealStatement(
            lineage: lineage,
            term: point.term,
            claim: point.claim,
            time: WallTime(milliseconds: start + time)
        )
    }

    static func signature(_ statement: SealStatement, by member: UInt64, generation: UInt64 = 1) -> SealSignature {
        let bytes = KeyedHash.signature(of: statement.signedBytes, by: key(member, generation: generation))
        return SealSignature(member: MemberID(member), bytes: bytes)
    }

    static func seal(_ point: SealPoint, at time: UInt64, by members: [UInt64]) -> Seal {
        let statement = statement(point, at: time)
        return Seal(statement: statement, signatures: members.map { signature(statement, by: $0) })
    }

    static func transition(
        _ point: SealPoint,
        at time: UInt64,
        by members: [UInt64],
        from predecessor: VoterSet,
        endorsedBy former: [UInt64]
    ) -> TransitionSeal {
        let seal = seal(point, at: time, by: members)
        return TransitionSeal(
            seal: seal,
            voters: point.voters,
            predecessor: predecessor.digest,
            endorsements: former.map { signature(seal.statement, by: $0) }
        )
    }

    static func checkpoint(_ point: SealPoint, at time: UInt64) -> Checkpoint {
        guard let checkpoint = Checkpoint(statement(point, at: time), voters: point.voters) else { fatalError() }
        return checkpoint
    }

    static func head(_ point: SealPoint, at time: UInt64) throws -> TrustedHead {
        try TrustedHead(checkpoint(point, at: time), at: Moment(time).wall)
    }

    /// Of points whose entries are 100 ms apart, so that a boundary lies after each but the last.
    static func roots(_ points: SealPoint...) -> RootHistory {
        var roots = RootHistory(at: points[0], time: time(of: points[0]))
        for point in points.dropFirst() { roots.record(point, first: time(of: point), last: time(of: point)) }
        return roots
    }

    private static func time(of point: SealPoint) -> WallTime {
        WallTime(milliseconds: start + 100 * point.index.number)
    }
}
