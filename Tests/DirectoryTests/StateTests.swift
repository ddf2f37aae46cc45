import Cedar
import Directory
import Identity
import Kernel
import Testing

@Suite("State tree") struct StateTreeTests {
    @Test("the root kept a write at a time is the root of the rows", arguments: 1...20 as ClosedRange<UInt64>)
    func incremental(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var rows = TrackedTransaction(MemoryStore())
        for _ in 0..<60 {
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                let key = [UInt8.random(in: 1...0x12, using: &random), UInt8.random(in: 0...40, using: &random)]
                if UInt8.random(in: 0...2, using: &random) == 0 {
                    rows.remove(key)
                } else {
                    rows.set([UInt8.random(in: 0...3, using: &random)], for: key)
                }
            }
            rows.updateStateRoot()
            #expect(StateTree.root(in: rows) == StateTree.recomputedRoot(of: rows), "seed \(seed)")
        }
    }

    @Test("a state from somebody is one if its tree is that of its rows, and nothing else is there") func checked() {
        var random = SeededRandom(seed: 5)
        var rows = TrackedTransaction(MemoryStore())
        for index in 0..<200 as Range<UInt8> {
            let table = index < 20 ? Table.retry.rawValue : UInt8.random(in: 1...0x4c, using: &random)
            rows.set([UInt8.random(in: 0...9, using: &random), index], for: [table, index])
        }
        let state = rows.finish()
        let root = StateTree.recomputedRoot(of: state)
        #expect(StateTree.checkedRoot(of: state) == root)
        #expect(StateTree.checkedRoot(of: MemoryStore()) == .zero)
        var keys: [[UInt8]] = []
        state.scan(prefix: []) { key, _ in
            keys.append(key)
            return true
        }
        #expect(keys.count > 600)
        for key in keys.enumerated().lazy.filter({ $0.offset % 5 == 0 }).map(\.element) {
            var (without, changed) = (state, state)
            without.remove(key)
            changed.set((state.value(for: key) ?? []) + [0], for: key)
            for other in [without, changed] { #expect(StateTree.checkedRoot(of: other) == nil, "\(key)") }
        }
        let added: [[UInt8]] = [
            [1, 255], [Table.treeBucket.rawValue], [Table.treeBucket.rawValue, 1, 2, 3], [Table.treeNode.rawValue],
            [Table.treeNode.rawValue, 9, 0, 0], [255],
        ]
        for key in added {
            var other = state
            other.set([0], for: key)
            #expect(StateTree.checkedRoot(of: other) == nil, "\(key)")
        }
    }

    @Test("rows that lie where their values say move with them", arguments: 1...10 as ClosedRange<UInt64>)
    func placedByValue(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var rows = TrackedTransaction(MemoryStore())
        for _ in 0..<60 {
            for _ in 0..<Int.random(in: 1...10, using: &random) {
                let key = [Table.retry.rawValue, UInt8.random(in: 0...9, using: &random)]
                switch UInt8.random(in: 0...3, using: &random) {
                case 0: rows.remove(key)
                case 1: rows.set([UInt8.random(in: 0...1, using: &random)], for: key)
                default: rows.set([0, UInt8.random(in: 0...255, using: &random)], for: key)
                }
            }
            rows.updateStateRoot()
            #expect(StateTree.root(in: rows) == StateTree.recomputedRoot(of: rows), "seed \(seed)")
        }
    }

    @Test("an empty state has the root zero, and what was removed leaves no trace") func empty() {
        var rows = TrackedTransaction(MemoryStore())
        #expect(StateTree.root(in: rows) == .zero)
        for number in 0..<100 as Range<UInt8> { rows.set([number], for: [4, number]) }
        rows.updateStateRoot()
        for number in 0..<100 as Range<UInt8> { rows.remove([4, number]) }
        rows.updateStateRoot()
        #expect(StateTree.root(in: rows) == .zero)
        #expect(rows.finish().count == 0)
    }

    @Test("the root does not depend on the order or the grouping of writes") func order() {
        let keys = (0..<200 as Range<UInt8>).map { [4, $0] as [UInt8] }
        func root(_ keys: [[UInt8]], updatingEvery step: Int) -> Digest {
            var rows = TrackedTransaction(MemoryStore())
            for (number, key) in keys.enumerated() {
                rows.set(key + [1], for: key)
                if number % step == 0 { rows.updateStateRoot() }
            }
            rows.updateStateRoot()
            return StateTree.root(in: rows)
        }
        #expect(root(keys, updatingEvery: 1) == root(keys.reversed(), updatingEvery: 7))
    }

    @Test("every row counts: a changed value, a moved value, a row more") func sensitive() {
        func root(_ pairs: [([UInt8], [UInt8])]) -> Digest {
            var rows = TrackedTransaction(MemoryStore())
            for (key, value) in pairs { rows.set(value, for: key) }
            rows.updateStateRoot()
            return StateTree.root(in: rows)
        }
        let roots = [
            root([([4, 1], [1]), ([4, 2], [2])]), root([([4, 1], [2]), ([4, 2], [1])]),
            root([([4, 1], [1]), ([4, 2], [2]), ([4, 3], [])]), root([([4, 1], [1])]),
            // Bytes that move between key and value.
            root([([4, 1, 1], []), ([4, 2], [2])]),
        ]
        #expect(Set(roots).count == roots.count)
    }
}

@Suite("Entity view") struct EntityViewTests {
    private struct Facts: EntitySource {
        let facts: [EntityUID: EntityFacts]
        func facts(_ uid: EntityUID) -> EntityFacts? { facts[uid] }
    }

    private func view(_ earliest: UInt64, _ latest: UInt64) -> EntityView {
        let spec = PrincipalSpec(id: "agent/bot", owner: "user/ann", attributes: ["tier": .long(2)])
        let assignment = AssignmentSpec(
            id: "a",
            principal: "agent/bot",
            role: "editor",
            notBefore: WallTime(milliseconds: 100),
            expiresAt: WallTime(milliseconds: 200)
        )
        let record = AssignmentRecord(
            spec: assignment,
            grantor: .administrator(fingerprint: .of([1])),
            metadata: RecordMetadata(createdAt: .distantPast, updatedAt: .distantPast, revision: LogIndex(1))
        )
        let facts = Facts(facts: [
            EntityUIDs.principal("agent/bot"): EntityFacts(principal: spec, status: .active, assignments: [record]),
            EntityUIDs.role("editor"): EntityFacts(role: RoleSpec(name: "editor", parents: ["viewer"])),
            EntityUIDs.role("viewer"): EntityFacts(role: RoleSpec(name: "viewer")),
        ])
        let interval = TimeInterval(
            earliest: WallTime(milliseconds: earliest),
            latest: WallTime(milliseconds: latest)
        )
        return EntityView(facts, in: interval)
    }

    private let bot = EntityUIDs.principal("agent/bot")
    private let viewer = EntityUIDs.role("viewer")

    @Test(
        "a grant counts when it counts at both ends of the interval",
        arguments: [
            (99, 150, false), (100, 150, true), (100, 199, true), (100, 200, false), (150, 5000, false), (0, 50, false),
        ]
    )
    func interval(earliest: UInt64, latest: UInt64, counts: Bool) {
        #expect(view(earliest, latest).isDescendant(bot, of: viewer) == counts)
    }

    @Test("no error of the clock, forward or back, makes a grant count longer") func clockErrors() {
        for jump in [0, 60, 1000, 1_000_000] as [UInt64] {
            // The clock jumps ahead: the latest possible moment moves, the earliest that was proved does not.
            if view(150, 150 + jump).isDescendant(bot, of: viewer) { #expect(150 + jump < 200) }
            // It falls back: the earliest moves, the latest does not.
            #expect(!view(150 - min(150, jump), 200).isDescendant(bot, of: viewer))
        }
        #expect(
            TimeInterval(earliest: WallTime(milliseconds: 9), latest: WallTime(milliseconds: 3)).latest.milliseconds
                == 9
        )
    }

    @Test("attributes are the principal's own and those that Reeve sets") func attributes() throws {
        let entity = try #require(view(150, 150).entity(bot))
        #expect(entity.attributes["tier"] == .long(2))
        #expect(entity.attributes["owner"] == .entity(EntityUID(type: "User", id: "ann")))
        #expect(entity.attributes["parent"] == nil)
        #expect(entity.attributes["status"] == .string("active"))
        #expect(entity.parents == [EntityUIDs.role("editor")])
    }

    @Test("paths say by which roles") func path() {
        #expect(view(150, 150).path(from: bot, to: viewer) == [bot, EntityUIDs.role("editor"), viewer])
        #expect(view(150, 150).path(from: viewer, to: bot) == nil)
        #expect(!view(150, 150).isDescendant(bot, of: bot))
        for uid in [bot, EntityUIDs.role("editor"), viewer] {
            let hasPath = view(150, 150).path(from: bot, to: uid) != nil
            #expect(view(150, 150).ancestors(of: bot).contains(uid) == hasPath)
        }
    }
}

@Suite("Lists") struct ListTests {
    @Test("pages go through all, once each, in order") func pages() throws {
        var directory = TestDirectory()
        for number in 0..<25 { directory.succeed(.put(RoleSpec(name: "role\(number)"))) }
        var names: [String] = []
        var cursor: ListCursor?
        repeat {
            let page = try directory.view.roles(ListRequest(after: cursor, limit: 10))
            names += page.items.map(\.spec.name)
            cursor = page.next
        } while cursor != nil
        #expect(names == (0..<25).map { "role\($0)" }.sorted())
        #expect(try directory.view.roles(ListRequest(namePrefix: "role1")).items.count == 11)
    }

    @Test("a forged cursor does not reach into another table") func forgedCursor() throws {
        var directory = TestDirectory()
        directory.succeed(.put(RoleSpec(name: "r")), .put(PrincipalSpec(id: "user/ann")))
        for byte in [0, 3, 0x10, 0xff] as [UInt8] {
            let page = try directory.view.roles(ListRequest(after: ListCursor(bytes: [byte])))
            #expect(page.items.allSatisfy { $0.spec.name == "r" })
        }
    }

    @Test("questions about names that cannot be are answered, too") func impossibleNames() throws {
        let directory = TestDirectory()
        for name in ["", "a\0b", String(repeating: "x", count: 100_000)] {
            #expect(try directory.view.role(name) == nil)
            #expect(try directory.view.resource(EntityName(type: name, id: name)) == nil)
        }
    }
}
