import Cedar
import JSON
import Testing

@Suite("Cedar schema")
struct SchemaTests {
    static let text = """
        // People and what they work on.
        type Address = { city: String, zip?: Long };
        @doc("a person") entity User, Robot in [Team] = {
            name: String, home?: Address, "odd key": Set<ipaddr>, boss?: User, joined: datetime,
        } tags decimal;
        entity Team;
        entity Color enum ["red", "green"];
        action group;
        action view, "edit all" in [group, Action::"other"] appliesTo {
            principal: [User, Robot], resource: Team, context: { src: ipaddr, who: User, since?: duration }
        };
        action other attributes {};
        namespace Shop {
            type Price = __cedar::Long;
            entity Item { price: Price, owner: User, sold: Bool, kind: Shop::Kind };
            entity Kind;
            action buy in sell appliesTo { principal: User, resource: Item };
            action sell;
        }
        """

    @Test("gives every name its meaning")
    func resolution() throws {
        let schema = try Schema.parse(Self.text)
        #expect(schema.entityTypes.map(\.name) == ["Color", "Robot", "Shop::Item", "Shop::Kind", "Team", "User"])
        let user = try #require(schema["User"])
        #expect(user.memberOf == ["Team"])
        #expect(user.tags == .decimal)
        #expect(user.shape["name"]?.type == .string)
        #expect(user.shape["home"]?.isRequired == false)
        guard case .record(let address)? = user.shape["home"]?.type else {
            Issue.record("home should be a record")
            return
        }
        #expect(address["zip"]?.type == .long)
        #expect(user.shape["odd key"]?.type == .set(.ipaddr))
        #expect(user.shape["nope"] == nil)
        #expect(schema["Robot"]?.shape == user.shape)
        #expect(schema["Color"]?.ids == ["red", "green"])
        let item = try #require(schema["Shop::Item"])
        #expect(item.shape["price"]?.type == .long)
        #expect(item.shape["owner"]?.type == .entity("User"))
        #expect(item.shape["kind"]?.type == .entity("Shop::Kind"))
        let edit = try #require(schema[EntityUID(type: "Action", id: "edit all")])
        #expect(edit.memberOf == [EntityUID(type: "Action", id: "group"), EntityUID(type: "Action", id: "other")])
        #expect(edit.appliesTo?.principals == ["Robot", "User"])
        let buy = try #require(schema[EntityUID(type: "Shop::Action", id: "buy")])
        #expect(buy.memberOf == [EntityUID(type: "Shop::Action", id: "sell")])
        #expect(schema[EntityUID(type: "Shop::Action", id: "sell")]?.appliesTo == nil)
    }

    @Test(
        "refuses schemas, and says why",
        arguments: [
            ("entity A { x: B };", "1:15: there is no type `B`"),
            ("entity A in B;", "1:13: there is no entity type `B`"),
            ("entity A; entity A;", "1:18: `A` is declared twice"),
            ("type A = Long; type A = Long;", "1:21: `A` is declared twice"),
            ("action a; action \"a\";", "1:18: the action \"a\" is declared twice"),
            ("action a in b;", "1:13: there is no action Action::\"b\""),
            ("action a in b; action b in a;", "1:8: the action Action::\"a\" is in itself"),
            ("type A = { x: B }; type B = Set<A>;", "1:6: the type `A` contains itself"),
            ("type Long = String;", "1:6: `Long` is a type of the language"),
            ("entity Action;", "1:8: no entity type can be called `Action`"),
            ("namespace N {} namespace N {}", "1:26: the namespace `N` is declared twice"),
            ("entity A; namespace N { entity A; }", "1:32: `N::A` hides `A`, which is declared outside of it"),
            ("entity A enum [];", "1:16: unexpected `]`, expected an id in quotation marks"),
            ("entity A enum [\"a\",];", "1:20: unexpected `]`, expected an id in quotation marks"),
            ("entity A; action a appliesTo { principal: A };", "1:20: `appliesTo` names no `resource`"),
            (
                "entity A; action a appliesTo { principal: [], resource: A };",
                "1:43: the list of types of `principal` is empty"
            ),
            (
                "entity A; action a appliesTo { principal: A, principal: A, resource: A };",
                "1:46: `principal` is given twice"
            ),
            (
                "type C = Long; entity A; action a appliesTo { principal: A, resource: A, context: C };",
                "1:83: `C` is no record, as a context must be"
            ),
            (
                "action a attributes { x: Long };",
                "1:23: unexpected `x`, expected `}`, since actions have no attributes"
            ),
            ("entity A { in: Long };", "1:12: `in` is reserved; as an attribute or key write it in quotation marks"),
            ("entity A { x: [Long] };", "1:15: unexpected `[`, expected a type"),
            ("entities A;", "1:1: unexpected `entities`, expected `entity`, `action`, `type` or an annotation"),
        ]
    )
    func faults(text: String, expected: String) {
        let error = #expect(throws: CedarSyntaxError.self) { try Schema.parse(text) }
        #expect(error?.description == expected)
    }

    @Test("a short name means the nearest declaration, common types before entity types")
    func order() throws {
        let schema = try Schema.parse(
            """
            type T = Long;
            entity E;
            entity String;
            namespace N { type U = { t: T, e: E, s: String, l: Long }; entity U, V { u: U }; }
            """
        )
        guard case .record(let meaning)? = schema["N::V"]?.shape["u"]?.type else {
            Issue.record("U should be the common type")
            return
        }
        #expect(meaning["t"]?.type == .long)
        #expect(meaning["e"]?.type == .entity("E"))
        #expect(meaning["s"]?.type == .entity("String"))
        #expect(meaning["l"]?.type == .long)
    }

    @Test("takes no types that nest too deep, written or through names")
    func nesting() {
        let sets = String(repeating: "Set<", count: 100_000)
        #expect(throws: CedarSyntaxError.self) { try Schema.parse("type A = \(sets)") }
        let chain = (0..<20_000).map { "type A\($0) = Set<A\($0 + 1)>;" }.joined() + "type A20000 = Long;"
        #expect(throws: CedarSyntaxError.self) { try Schema.parse(chain) }
        let reversed = "type A0 = Long;" + (1..<20_000).map { "type A\($0) = Set<A\($0 - 1)>;" }.joined()
        #expect(throws: CedarSyntaxError.self) { try Schema.parse(reversed) }
    }

    @Test("guides how entities are read, and brings its actions")
    func entities() throws {
        let schema = try Schema.parse(Self.text)
        let text = """
            [{"uid": {"type": "User", "id": "a"}, "parents": [], "tags": {"rate": "1.5"},
              "attrs": {"name": "10.0.0.1", "odd key": ["10.0.0.1", {"fn": "ip", "arg": "::1"}], "other": "::1",
                        "boss": {"type": "User", "id": "b"}, "home": {"city": "1970-01-01"}, "joined": "1970-01-01"}},
             {"uid": {"type": "Action", "id": "view"}, "attrs": {}, "parents": []}]
            """
        let entities = try EntityJSON.parseEntities(Array(text.utf8), schema: schema)
        let attributes = entities[0].attributes
        #expect(attributes["name"] == .string("10.0.0.1"))
        #expect(attributes["odd key"] == .set([.ip(try IPRange.parse("10.0.0.1")), .ip(try IPRange.parse("::1"))]))
        #expect(attributes["other"] == .string("::1"))
        #expect(attributes["boss"] == .entity(EntityUID(type: "User", id: "b")))
        #expect(attributes["home"] == .record(["city": .string("1970-01-01")]))
        #expect(attributes["joined"] == .datetime(CedarDateTime(milliseconds: 0)))
        #expect(entities[0].tags["rate"] == .decimal(CedarDecimal(tenThousandths: 15_000)))
        let store = try EntityStore(entities)
        #expect(store.isDescendant(World.view, of: EntityUID(type: "Action", id: "group")))
        let context = try EntityJSON.parseRecord(
            ["src": "1.2.3.4", "who": ["type": "User", "id": "a"]],
            as: schema[World.view]?.appliesTo?.context
        )
        #expect(context["who"] == .entity(World.alice.renamed("a")))
        let error = #expect(throws: CedarJSONError.self) {
            try EntityJSON.parseRecord(["src": "x"], as: schema[World.view]?.appliesTo?.context)
        }
        #expect(error?.description == ".src: ip: \"x\" is no IP address")
    }
}

extension EntityUID {
    fileprivate func renamed(_ id: String) -> EntityUID { EntityUID(type: type, id: id) }
}
