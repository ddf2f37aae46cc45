import Kernel
import Sealing
import Testing

@Suite("What a receiver trusts") struct TrustedHeadTests {
    private let old = Made.voters([1, 2, 3])
    private let now = Moment(10_000).wall

    private func head() throws -> TrustedHead { try Made.head(Made.point(5, old), at: 1000) }

    private func accept(_ seal: Seal, _ head: inout TrustedHead) throws(SealRefusal) {
        try head.accept(seal, at: now, KeyedHash())
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
        head.refuses(.alreadyKnown) { try accept(newest, &$0) }
        head.refuses(.indexGoesBack(known: LogIndex(8))) {
            try accept(Made.seal(Made.point(7, old), at: 3000, by: [1, 2]), &$0)
        }
        head.refuses(.timeGoesBack(known: Moment(2000).wall)) {
            try accept(Made.seal(Made.point(9, old), at: 2000, by: [1, 2]), &$0)
        }
        head.refuses(.termGoesBack(known: Term(3))) {
            try accept(Made.seal(Made.point(9, term: 2, old), at: 3000, by: [1, 2]), &$0)
        }
        head.refuses(.fromTheFuture(Moment(10_501).wall, now: now)) {
            try accept(Made.seal(Made.point(9, old), at: 10_501, by: [1, 2]), &$0)
        }
        let stranger = Lineage(high: 1, low: 1)
        let foreign = Seal(
            statement: Made.statement(Made.point(9, old), at: 3000, lineage: stranger),
            signatures: newest.signatures
        )
        head.refuses(.otherLineage(stranger)) { try accept(foreign, &$0) }
        head.refuses(.signatures(.noQuorum(missing: 1, missingOutgoing: 0))) {
            try accept(Made.seal(Made.point(9, old), at: 3000, by: [1]), &$0)
        }
        let divergence = Divergence(own: Made.point(8, old).claim, other: Made.point(8, root: "other", old).claim)
        head.refuses(.contradiction(divergence)) {
            try accept(Made.seal(Made.point(8, root: "other", old), at: 3000, by: [1, 2]), &$0)
        }
        // Without a quorum it contradicts nothing.
        head.refuses(.signatures(.noQuorum(missing: 1, missingOutgoing: 0))) {
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
        head.refuses(.trustExpired(age: tooLate.elapsed(since: Moment(1000).wall))) {
            try $0.accept(seal, at: tooLate, KeyedHash())
        }
        try head.accept(seal, at: late, KeyedHash())
    }
}
