import Kernel
import Sealing
import Testing

@Suite("A voter that watches seals") struct SealWatchTests {
    private let now = Moment(10_000).wall

    private func watch() throws -> SealWatch { SealWatch(from: try Made.head(Made.point(5), at: 1000)) }
    private func seal(_ index: UInt64, at time: UInt64, root: String = "root") -> Seal {
        Made.seal(Made.point(index, root: root), at: time, by: [1, 2])
    }

    @Test("compares at once what it has applied") func applied() throws {
        var watch = try watch()
        let roots = Made.roots(Made.point(5), Made.point(7), Made.point(9))
        #expect(try watch.accept(seal(7, at: 2000), roots: roots, at: now, KeyedHash()) == nil)
        // Without a root there is nothing to compare.
        #expect(try watch.accept(seal(8, at: 3000, root: "other"), roots: roots, at: now, KeyedHash()) == nil)
        let divergence = Divergence(own: Made.point(9).claim, other: Made.point(9, root: "other").claim)
        #expect(try watch.accept(seal(9, at: 4000, root: "other"), roots: roots, at: now, KeyedHash()) == divergence)
    }

    @Test("compares the rest when it gets there") func later() throws {
        var watch = try watch()
        var roots = Made.roots(Made.point(5))
        #expect(try watch.accept(seal(7, at: 2000), roots: roots, at: now, KeyedHash()) == nil)
        #expect(try watch.accept(seal(9, at: 3000), roots: roots, at: now, KeyedHash()) == nil)
        roots = Made.roots(Made.point(5), Made.point(7), Made.point(8))
        #expect(watch.applied(roots) == nil)
        roots = Made.roots(Made.point(5), Made.point(9, root: "other"))
        let divergence = Divergence(own: Made.point(9, root: "other").claim, other: Made.point(9).claim)
        #expect(watch.applied(roots) == divergence)
        #expect(watch.applied(roots) == nil)
    }

    @Test("a seal without a quorum says nothing") func forged() throws {
        var watch = try watch()
        let roots = Made.roots(Made.point(5), Made.point(7))
        let forged = Made.seal(Made.point(7, root: "other"), at: 2000, by: [1])
        #expect(throws: SealRefusal.signatures(.noQuorum(missing: 1, missingOutgoing: 0))) {
            try watch.accept(forged, roots: roots, at: now, KeyedHash())
        }
    }

    @Test("keeps transitions for others") func succession() throws {
        var watch = try watch()
        let old = Made.voters([1, 2, 3])
        let new = Made.voters([1, 2])
        let roots = Made.roots(Made.point(5))
        let first = Made.transition(Made.point(6, new), at: 2000, by: [1, 2], from: old, endorsedBy: [1, 2])
        let again = Made.transition(Made.point(7, new), at: 3000, by: [1, 2], from: old, endorsedBy: [1, 2])
        #expect(try watch.accept(first, roots: roots, at: now, KeyedHash()) == nil)
        #expect(try watch.accept(again, roots: roots, at: now, KeyedHash()) == nil)
        #expect(watch.succession.steps == [first])
        #expect(watch.trusted.claim.index == LogIndex(7))
    }
}
