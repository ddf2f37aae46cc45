import Cedar
import JSON
import Kernel
import Testing

@Suite("Cedar entities")
struct EntityTests {
    /// Parents only, no closure worked out beforehand.
    private struct Walking: EntityProvider {
        let parents: [EntityUID: [EntityUID]]

        func entity(_ uid: EntityUID) -> Entity? { parents[uid].map { Entity(uid: uid, parents: $0) } }
    }

    private func uid(_ id: Int) -> EntityUID { EntityUID(type: "N", id: "\(id)") }

    @Test("a provider that only knows parents walks them, and ends at cycles")
    func walking() {
        let provider = Walking(parents: [uid(0): [uid(1)], uid(1): [uid(2), uid(0)], uid(2): [uid(2), uid(9)]])
        #expect(provider.isDescendant(uid(0), of: uid(2)))
        #expect(provider.isDescendant(uid(0), of: uid(9)))
        #expect(provider.isDescendant(uid(0), of: uid(0)))
        #expect(!provider.isDescendant(uid(0), of: uid(8)))
        #expect(!provider.isDescendant(uid(9), of: uid(0)))
    }

    @Test("the store answers as walking does", arguments: 1...50 as ClosedRange<UInt64>)
    func closure(seed: UInt64) throws {
        var state = seed
        func draw(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        // Parents have larger numbers, so there is no cycle.
        let entities = (0..<12).map { number in
            Entity(uid: uid(number), parents: (0..<draw(4)).map { _ in uid(number + 1 + Int(draw(4))) })
        }.sorted { _, _ in draw(2) == 0 }
        let store = try EntityStore(entities)
        let walking = Walking(parents: Dictionary(uniqueKeysWithValues: entities.map { ($0.uid, $0.parents) }))
        var related = 0
        for first in 0..<16 {
            for second in 0..<16 {
                let isDescendant = walking.isDescendant(uid(first), of: uid(second))
                #expect(store.isDescendant(uid(first), of: uid(second)) == isDescendant, "seed \(seed)")
                related += isDescendant ? 1 : 0
            }
        }
        #expect(related > 0, "seed \(seed) related nobody")
    }

    /// Each but the last in the next one.
    private func chain(_ length: Int) -> [Entity] {
        (0..<length).map { Entity(uid: uid($0), parents: [uid($0 + 1)]) }
    }

    @Test("takes as many ancestors as may be, however deep, and no more")
    func longChain() throws {
        let limit = Ancestors.maxCount
        let groups = (1...limit).map { uid($0) }
        #expect(try EntityStore([Entity(uid: uid(0), parents: groups)]).ancestors(of: uid(0)).list.count == limit)
        #expect(throws: EntityStoreError.tooManyAncestors(uid(0), limit: limit)) {
            try EntityStore([Entity(uid: uid(0), parents: groups + [uid(limit + 1)])])
        }
        // The first is looked at once all above it are.
        let short = chain(2000)
        #expect(try EntityStore(short).isDescendant(uid(0), of: uid(2000)))
        let work = 2000 * 2001 / 2
        #expect(try EntityStore(short, maxAncestorWork: work).isDescendant(uid(0), of: uid(2000)))
        #expect(throws: EntityStoreError.tooManyAncestorsInAll(limit: work - 1)) {
            try EntityStore(short, maxAncestorWork: work - 1)
        }
        #expect(throws: EntityStoreError.self) { try EntityStore(chain(100_000), maxAncestorWork: work) }
    }

    @Test("a provider that only knows parents ends where they are too many, and nothing is permitted")
    func beyondLimit() throws {
        func answers(_ length: Int, _ text: String) throws -> (Response, Response) {
            var parents = Dictionary(uniqueKeysWithValues: chain(length).map { ($0.uid, $0.parents) })
            let other = EntityUID(type: "N", id: "other")
            parents[other] = [uid(0)]
            let provider = Walking(parents: parents)
            let policies = try PolicySet.parse(text)
            let request = Request(principal: uid(0), action: other, resource: other, context: ["o": .entity(uid(0))])
            return (
                authorize(request, policies: policies, entities: provider),
                CompiledPolicySet(policies).authorize(request, entities: provider)
            )
        }
        let limit = Ancestors.maxCount
        for text in ["principal in N::\"5\"", "context.o in N::\"5\"", "context.o is N && context.o has a || true"] {
            let policy = "permit(principal, action, resource == N::\"other\") when { \(text) };"
            for (length, decision) in [(limit, Decision.allow), (limit + 1, .deny)] {
                let (plain, compiled) = try answers(length, policy)
                #expect(plain == compiled)
                #expect(plain.decision == decision, "\(length): \(text)")
            }
        }
        // What lies beyond could have been in a forbid, and is not asked about where nothing depends on it.
        let forbid = "permit(principal, action, resource); forbid(principal in N::\"\(limit + 9)\", action, resource);"
        let (plain, compiled) = try answers(limit + 20, forbid)
        #expect(plain.decision == .deny && compiled == plain)
        let (other, _) = try answers(limit + 20, "permit(principal == N::\"0\", action, resource);")
        #expect(other.decision == .allow)
    }

    @Test("takes no more of a file than its limits")
    func limits() {
        let file = Array(#"[{"uid": {"type": "A", "id": "b"}, "attrs": {"a": [[1, 2]]}, "parents": []}]"#.utf8)
        #expect(throws: Never.self) {
            try EntityJSON.parseEntities(file, limits: JSONLimits(maxBytes: 76, maxDepth: 5, maxElements: 11))
        }
        for limits in [JSONLimits(maxBytes: 75), JSONLimits(maxDepth: 4), JSONLimits(maxElements: 10)] {
            #expect(throws: CedarJSONError.self) { try EntityJSON.parseEntities(file, limits: limits) }
        }
    }

    @Test("refuses cycles and one id with two contents, but not the same twice")
    func conflicts() throws {
        #expect(throws: EntityStoreError.cycle(uid(0))) { try EntityStore([Entity(uid: uid(0), parents: [uid(0)])]) }
        let ring = (0..<3).map { Entity(uid: uid($0), parents: [uid(($0 + 1) % 3)]) }
        #expect(throws: EntityStoreError.self) { try EntityStore(ring) }
        let twice = Entity(uid: uid(0), parents: [uid(1), uid(2)])
        let reordered = Entity(uid: uid(0), parents: [uid(2), uid(1)])
        #expect(try EntityStore([twice, reordered]).isDescendant(uid(0), of: uid(2)))
        #expect(throws: EntityStoreError.conflictingEntities(uid(0))) {
            try EntityStore([twice, Entity(uid: uid(0), attributes: ["a": .long(1)], parents: [uid(1), uid(2)])])
        }
    }

    @Test("reads entities")
    func reading() throws {
        let text = """
            [{"uid": {"__entity": {"type": "A::User", "id": "a"}}, "other": null,
              "attrs": {"n": -5, "s": "x", "b": true, "set": [2, 1, 1], "r": {"__entity": 1, "x": {}},
                        "e": {"__entity": {"type": "User", "id": "b"}}, "plain": {"type": "User", "id": "b"},
                        "ip": {"__extn": {"fn": "ip", "arg": "10.0.0.0/8"}},
                        "t": {"__extn": {"fn": "offset", "args": [{"__extn": {"fn": "datetime", "arg": "1970-01-01"}},
                                                                  {"__extn": {"fn": "duration", "arg": "-5ms"}}]}}},
              "parents": [{"type": "Team", "id": ""}], "tags": {"a b": [1]}}]
            """
        let entity = try #require(try EntityJSON.parseEntities(Array(text.utf8)).first)
        #expect(entity.uid == EntityUID(type: "A::User", id: "a"))
        #expect(entity.attributes["set"] == .set([.long(1), .long(2)]))
        #expect(entity.attributes["e"] == .entity(EntityUID(type: "User", id: "b")))
        #expect(entity.attributes["plain"] == .record(["type": .string("User"), "id": .string("b")]))
        #expect(entity.attributes["r"] == .record(["__entity": .long(1), "x": .record([:])]))
        #expect(entity.attributes["ip"] == .ip(try IPRange.parse("10.0.0.0/8")))
        #expect(entity.attributes["t"] == .datetime(CedarDateTime(milliseconds: -5)))
        #expect(entity.tags["a b"] == .set([.long(1)]))
        #expect(entity.parents == [EntityUID(type: "Team", id: "")])
        let written = try EntityJSON.write(entity)
        #expect(try EntityJSON.parseEntity(written) == entity)
    }

    @Test(
        "refuses entities, and says where",
        arguments: [
            ("{}", "expected an array of entities, found an object"),
            ("[", "not JSON: line 1, column 2: the text ends too early"),
            (#"[{"attrs": {}, "parents": []}]"#, "[0].uid: missing"),
            (#"[{"uid": {"type": "U", "id": "a"}, "parents": []}]"#, "[0].attrs: missing"),
            (#"[{"uid": {"type": "U", "id": "a"}, "attrs": {}}]"#, "[0].parents: missing"),
            (
                #"[{"uid": "U::\"a\"", "attrs": {}, "parents": []}]"#,
                "[0].uid: expected {\"type\": …, \"id\": …}, found a string"
            ),
            (
                #"[{"uid": {"type": "1U", "id": "a"}, "attrs": {}, "parents": []}]"#,
                "[0].uid: \"1U\" is no name of an entity type"
            ),
            (
                #"[{"uid": {"type": "U", "id": "a"}, "attrs": {"x": [null]}, "parents": []}]"#,
                "[0].attrs.x[0]: null is no value of the language"
            ),
            (
                #"[{"uid": {"type": "U", "id": "a"}, "attrs": {"x": 1.0}, "parents": []}]"#,
                "[0].attrs.x: a number with fraction, exponent or more than 64 bits is no value of the language"
            ),
            (
                #"[{"uid": {"type": "U", "id": "a"}, "attrs": {"x": {"__expr": "1"}}, "parents": []}]"#,
                "[0].attrs.x: `__expr` is no longer part of the format"
            ),
            (
                #"[{"uid": {"type": "U", "id": "a"}, "attrs": {"x": {"__extn": {"fn": "foo", "arg": "1"}}}, "parents": []}]"#,
                "[0].attrs.x: there is no extension function \"foo\""
            ),
            (
                #"[{"uid": {"type": "U", "id": "a"}, "attrs": {"x": {"__extn": {"fn": "ip", "arg": "z"}}}, "parents": []}]"#,
                "[0].attrs.x: ip: \"z\" is no IP address"
            ),
            (
                #"[{"uid": {"type": "Action", "id": "a"}, "attrs": {}, "parents": [{"type": "U", "id": "a"}]}]"#,
                "[0]: the action Action::\"a\" has the parent U::\"a\", which is no action"
            ),
        ]
    )
    func refusals(text: String, expected: String) {
        let error = #expect(throws: CedarJSONError.self) { try EntityJSON.parseEntities(Array(text.utf8)) }
        #expect(error?.description == expected)
    }

    @Test("does not write a record that would read back as something else")
    func ambiguous() {
        let record = Value.record(["__entity": .record(["type": .string("U"), "id": .string("a")])])
        #expect(throws: CedarJSONError.self) { try EntityJSON.write(record) }
    }
}

@Suite("Cedar values")
struct ValueTests {
    @Test("sets keep no order and no repetition")
    func sets() {
        let set: ValueSet = [
            .string("b"), .long(2), .string("a"), .long(2), .set([.long(1)]), .record(["x": .bool(true)]),
        ]
        #expect(set.count == 5)
        #expect(set == [.record(["x": .bool(true)]), .set([.long(1)]), .long(2), .string("a"), .string("b")])
        #expect(set.hashValue == ValueSet(set.elements.reversed()).hashValue)
        for element in set.elements { #expect(set.contains(element)) }
        #expect(!set.contains(.long(1)))
        #expect(!set.contains(.string("2")))
    }

    @Test("values have one total order")
    func order() throws {
        let values: [Value] = [
            .bool(false), .bool(true), .long(-1), .long(2), .string(""), .string("K"), .string("e\u{301}"),
            .string("\u{E9}"),
            .string("\u{212A}"), .set([]), .set([.long(1)]), .set([.long(1), .long(2)]), .record([:]),
            .record(["a": .long(1)]),
            .record(["a": .long(2)]), .record(["b": .long(0)]), .entity(EntityUID(type: "A", id: "b")),
            .entity(EntityUID(type: "B", id: "a")), .ip(try IPRange.parse("1.1.1.1")), .ip(try IPRange.parse("::")),
            .decimal(CedarDecimal(tenThousandths: 0)), .datetime(CedarDateTime(milliseconds: 0)),
            .duration(CedarDuration(milliseconds: 0)),
        ]
        for (low, first) in values.enumerated() {
            for (high, second) in values.enumerated() {
                #expect((first < second) == (low < high), "\(first) and \(second)")
                #expect((first == second) == (low == high))
            }
        }
    }

    @Test("of a field given twice the last counts")
    func records() {
        let record = Record([("b", .long(1)), ("a", .long(2)), ("b", .long(3))])
        #expect(record.fields.map(\.name) == ["a", "b"])
        #expect(record["b"] == .long(3))
        #expect(record["K"] == nil)
        #expect(Record([("K", .long(1))])["\u{212A}"] == nil)
        #expect(record.merging(["a": .long(9)])["a"] == .long(9))
    }

    @Test("a document of entities, a set and a record have so many parts, and not one more") func sizes() {
        let (most, elements) = (EntityJSON.maxEntities, EntityJSON.maxElements)
        func failure(_ read: () throws -> Void) -> CedarJSONError? {
            do { try read() } catch { return error as? CedarJSONError }
            return nil
        }
        func entities(_ count: Int) -> JSONValue { .array(Array(repeating: .null, count: count)) }
        let many = failure { _ = try EntityJSON.parseEntities(entities(most + 1)) }
        #expect(many?.message == "more than 2000000 entities")
        // The first one is looked at.
        #expect(failure { _ = try EntityJSON.parseEntities(entities(most)) }?.path == "[0].uid")
        func entity(_ count: Int) -> JSONValue {
            let set = JSONValue.array(Array(repeating: 1, count: count))
            return [["uid": ["type": "U", "id": "a"], "attrs": ["inner": ["s": set]], "parents": []]]
        }
        let tooMany = failure { _ = try EntityJSON.parseEntities(entity(elements + 1)) }
        #expect(tooMany?.message == "more than 200000 elements in one set" && tooMany?.path == "[0].attrs.inner.s")
        #expect(failure { _ = try EntityJSON.parseEntities(entity(elements)) } == nil)
        func record(_ count: Int) -> JSONValue {
            ["r": .object((0..<count).map { JSONMember(name: "\($0)", value: 1) })]
        }
        let tooLarge = failure { _ = try EntityJSON.parseRecord(record(elements + 1)) }
        #expect(tooLarge?.message == "more than 200000 members in one record" && tooLarge?.path == ".r")
        #expect(failure { _ = try EntityJSON.parseRecord(record(elements)) } == nil)
    }

    @Test("merging is as giving the fields of both", arguments: 1...20 as ClosedRange<UInt64>)
    func merging(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        func fields() -> [Record.Field] {
            (0..<random.next(upperBound: 6 as UInt64)).map { _ in
                let name = AttributeName(["a", "b", "c", "d", "é", "e\u{301}"].randomElement(using: &random) ?? "")
                return Record.Field(name: name, value: .long(Int64(random.next(upperBound: 1000 as UInt64))))
            }
        }
        for _ in 0..<50 {
            let (first, second) = (Record(fields: fields()), Record(fields: fields()))
            #expect(first.merging(second) == Record(fields: Array(first.fields) + second.fields), "seed \(seed)")
            #expect(zip(first.fields, first.fields.dropFirst()).allSatisfy { $0.name < $1.name }, "seed \(seed)")
        }
    }

    @Test("ancestors are a set, few or many", arguments: [(0, 3), (3, 3), (3, 40), (40, 3), (40, 60)])
    func ancestors(first: Int, second: Int) {
        func uid(_ id: Int) -> EntityUID { EntityUID(type: "N", id: "\(id)") }
        var ancestors = Ancestors.none
        for id in 0..<first {
            let isNew = [ancestors.insert(uid(id)), ancestors.insert(uid(id))]
            #expect(isNew == [true, false])
        }
        var others = Ancestors.none
        for id in min(first / 2, second)..<second { others.insert(uid(id)) }
        ancestors.formUnion(others)
        for id in 0..<100 { #expect(ancestors.contains(uid(id)) == (id < max(first, second)), "\(id)") }
    }

    @Test("a node that another entity is written into is as one that is made for it") func writtenAgain() {
        var random = SeededRandom(seed: 1)
        var node = EntityNode.none
        for round in 0..<300 {
            let groups = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
                EntityUID(type: "N", id: "\(Int.random(in: 0..<50, using: &random))")
            }
            let content = EntityContent(attributes: ["round": .long(Int64(round))])
            let before = ObjectIdentifier(node)
            EntityNode.replace(&node, with: EntityUID(type: "U", id: "\(round)"), content) { found in
                for group in groups { found.insert(group) }
            }
            #expect((ObjectIdentifier(node) == before) == (round > 0))
            #expect(node.uid.id == "\(round)" && node.exists && node.attributes == content.attributes)
            #expect(Set(node.ancestors.list) == Set(groups))
            for id in 0..<50 {
                let group = EntityUID(type: "N", id: "\(id)")
                #expect(node.ancestors.contains(group) == groups.contains(group))
            }
        }
        #expect(EntityNode.none.ancestors.isEmpty && !EntityNode.none.exists)
    }
}
