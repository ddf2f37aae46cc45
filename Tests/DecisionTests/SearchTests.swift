import Cedar
import Decision
import Directory
import Identity
import Kernel
import Testing

@Suite("Searches") struct SearchTests {
    // MARK: What is asked

    static func query(
        _ target: SearchQuery.Target,
        subject: (String, String) = ("agent", "a0"),
        action: String = "read",
        resource: (String, String) = ("tool", "t0"),
        resourceProperties: Cedar.Record = .empty
    ) throws -> SearchQuery {
        try SearchQuery(
            target,
            subject: (subject.0, subject.1, .empty),
            action: (action, .empty),
            resource: (resource.0, resource.1, resourceProperties)
        )
    }

    /// All pages, and how many there were.
    static func pages(
        _ query: SearchQuery,
        in world: World,
        by credential: Credential? = nil,
        limit: Int = SearchPage.maximumLimit
    ) throws -> (ids: [String], count: Int) {
        var (ids, count, start): ([String], Int, String?) = ([], 0, "")
        while let after = start {
            let page = SearchPage(after: after, limit: limit)
            let answer = world.snapshot.search(query, page, by: credential ?? world.admin, at: world.moment)
            #expect(answer.refusal == nil)
            #expect(answer.matches.count <= limit)
            #expect(answer.matches.allSatisfy { $0.answer.isAllowed })
            ids += answer.matches.map(\.id)
            count += 1
            start = answer.next
            try #require(count < 1000, "the search does not end")
        }
        return (ids, count)
    }

    // MARK: Against every single question

    @Test("find what single questions allow, no more and no less", arguments: 1...24 as ClosedRange<UInt64>)
    func completeness(seed: UInt64) throws {
        var generator = Generator(random: SeededRandom(seed: seed))
        var world = generator.world()
        var tally = (found: 0, denied: 0)
        for round in 0..<12 {
            world.enact((0..<generator.number(1..<5)).map { _ in generator.policy() }.joined(separator: "\n"))
            world.enact(generator.policy(), set: "other")
            if round == 6 { world.succeed(.quarantine("agent/a1", .quarantine, reason: "")) }
            for target in SearchQuery.Target.allCases {
                let subject = ("agent", "a\(generator.number(0..<6))")
                let resource = (generator.pick(["tool", "box"]), "\(generator.number(0..<6))")
                let query = try Self.query(target, subject: subject, action: generator.action(), resource: resource)
                let caller = generator.number(0..<4) == 0 ? Credential.principal("service/gateway") : world.admin
                let found = try Self.pages(query, in: world, by: caller, limit: [1, 3, 100][round % 3]).ids
                let expected = try Generator.names(target).filter { name in
                    let single = try DecisionQuery(
                        subject: ("agent", target == .subject ? name : subject.1, .empty),
                        action: (target == .action ? name : query.open.action.id, .empty),
                        resource: (resource.0, target == .resource ? name : resource.1, .empty)
                    )
                    return world.decide(single, by: caller).isAllowed
                }
                let texts = world.snapshot.policies.map(\.text).joined(separator: "\n")
                #expect(Set(found).isSubset(of: expected), "seed \(seed), round \(round), \(target): \(texts)")
                // What neither the directory nor a policy knows of cannot be found.
                let known = expected.filter { Generator.isKnown($0, target, texts) }
                #expect(found.filter(known.contains) == known, "seed \(seed), round \(round), \(target): \(texts)")
                tally.found += found.count
                tally.denied += Generator.names(target).count - found.count
            }
        }
        #expect(min(tally.found, tally.denied) > 4, "seed \(seed): \(tally)")
    }

    struct Generator {
        var random: SeededRandom

        mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
        mutating func pick(_ texts: [String]) -> String { texts[number(0..<texts.count)] }
        mutating func action() -> String { pick(["read", "write", "send"]) }

        /// Whatever a policy can name, whether the directory knows it or not.
        static func names(_ target: SearchQuery.Target) -> [String] {
            switch target {
            case .subject: (0..<8).map { "a\($0)" }
            case .resource: (0..<8).map { "\($0)" }
            case .action: ["read", "send", "write"]
            }
        }

        static func isKnown(_ name: String, _ target: SearchQuery.Target, _ texts: String) -> Bool {
            target == .action ? texts.contains("Action::\"\(name)\"") : !name.hasSuffix("6") && !name.hasSuffix("7")
        }

        mutating func world() -> World {
            var world = World()
            world.enact(DecideForTests.administration, set: "reeve.admin")
            world.succeed(.put(.principal(PrincipalSpec(id: "service/gateway")), .none))
            for role in 0..<4 {
                let parents = (0..<role).filter { _ in number(0..<3) == 0 }.map { "r\($0)" }
                world.succeed(.put(.role(RoleSpec(name: "r\(role)", parents: parents)), .none))
            }
            for agent in 0..<6 {
                let id = PrincipalID(stringLiteral: "agent/a\(agent)")
                let attributes: Attributes = ["n": .long(Int64(number(0..<2)))]
                world.succeed(.put(.principal(PrincipalSpec(id: id, attributes: attributes)), .none))
                for role in 0..<4 where number(0..<3) == 0 {
                    let assignment = AssignmentSpec(
                        id: "\(agent).\(role)",
                        principal: id,
                        role: "r\(role)",
                        notBefore: [.distantPast, world.time, world.time.advanced(by: .seconds(9))][number(0..<3)]
                    )
                    world.succeed(.put(.assignment(assignment), .none))
                }
            }
            for place in 0..<6 {
                let parents = (0..<place).filter { _ in number(0..<3) == 0 }
                    .map { EntityName(type: "Box", id: "\($0)") }
                for type in ["Box", "Tool"] {
                    let name = EntityName(type: type, id: "\(place)")
                    world.succeed(.put(.resource(ResourceSpec(id: name, parents: parents)), .none))
                }
            }
            return world
        }

        mutating func policy() -> String {
            let principal = pick([
                "principal", "principal in Role::\"r\(number(0..<4))\"", "principal == Agent::\"a\(number(0..<8))\"",
                "principal is Agent in Role::\"r\(number(0..<4))\"", "principal is User",
            ])
            let action = pick([
                "action", "action == Action::\"read\"", "action in [Action::\"read\", Action::\"send\"]",
                "action == Action::\"write\"",
            ])
            let resource = pick([
                "resource", "resource in Box::\"\(number(0..<6))\"", "resource == Tool::\"\(number(0..<8))\"",
                "resource is Box",
            ])
            let effect = number(0..<6) == 0 ? "forbid" : "permit"
            let condition = number(0..<2) == 0 ? "" : " \(pick(["when", "unless"])) { \(test()) }"
            return "\(effect) (\(principal), \(action), \(resource))\(condition);"
        }

        private mutating func test() -> String {
            pick([
                "principal in Role::\"r1\" || resource in Box::\"2\"", "principal has n && principal.n == 1",
                "principal.n == 1", "action == Action::\"send\"", "[Agent::\"a1\", Agent::\"a7\"].contains(principal)",
                "if resource is Tool then principal in [Role::\"r0\", Role::\"r2\"] else action != Action::\"write\"",
                "resource in [Box::\"0\", Box::\"3\", Tool::\"5\"] && principal != Agent::\"a2\"",
                "context.reeve.epoch > 0",
            ])
        }
    }

    // MARK: Work

    /// Agents without number, of which few have the role.
    static func crowd(_ policies: String, count: Int = 1200) -> World {
        var world = World()
        world.enact(DecideForTests.administration, set: "reeve.admin")
        world.enact(policies)
        world.succeed(.put(.role(RoleSpec(name: "reader")), .none))
        world.succeed(.put(.role(RoleSpec(name: "writer", parents: ["reader"])), .none))
        for number in 0..<count {
            let id = PrincipalID(stringLiteral: "agent/a\(10_000 + number)")
            world.succeed(.put(.principal(PrincipalSpec(id: id)), .none))
            guard number % 400 == 7 else { continue }
            let role = number == 7 ? "reader" : "writer"
            world.succeed(.put(.assignment(AssignmentSpec(id: "x\(number)", principal: id, role: role)), .none))
        }
        return world
    }

    @Test("look at those alone who have the role that a policy names") func roles() throws {
        let world = Self.crowd(#"permit (principal in Role::"reader", action == Action::"read", resource is Tool);"#)
        let found = try Self.pages(try Self.query(.subject), in: world)
        #expect(found.ids == ["a10007", "a10407", "a10807"])
        #expect(found.count == 1)
        #expect(try Self.pages(try Self.query(.subject, action: "write"), in: world).ids.isEmpty)
    }

    @Test("go through everybody in bounded pages where no policy says whom") func everybody() throws {
        let world = Self.crowd(#"permit (principal, action, resource) when { principal.status == "quarantined" };"#)
        let none = try Self.pages(try Self.query(.subject), in: world)
        #expect(none.ids.isEmpty)
        #expect(none.count == 3)
        let all = Self.crowd("permit (principal, action, resource);", count: 250)
        let found = try Self.pages(try Self.query(.subject), in: all)
        #expect(found.ids == (0..<250).map { "a\(10_000 + $0)" })
        #expect(found.count == 3)
    }

    @Test("end a page when the decisions have taken their steps") func steps() throws {
        let test = (0..<1500).map { "principal != Agent::\"\($0)\"" }.joined(separator: " && ")
        let world = Self.crowd("permit (principal, action, resource) when { \(test) };", count: 200)
        let found = try Self.pages(try Self.query(.subject), in: world)
        #expect(found.ids.count == 200)
        #expect(found.count > 2)
    }

    @Test("are over at once where a forbid holds for all") func forbidden() throws {
        let world = Self.crowd("permit (principal, action, resource); forbid (principal, action, resource is Tool);")
        let found = try Self.pages(try Self.query(.subject), in: world)
        #expect(found.ids.isEmpty)
        #expect(found.count == 1)
    }

    @Test("are complete where there are too many containers to go by") func manyContainers() throws {
        var world = World()
        world.enact(DecideForTests.administration, set: "reeve.admin")
        world.enact(#"permit (principal, action, resource in Box::"root");"#)
        let root = EntityName(type: "Box", id: "root")
        world.succeed(.put(.resource(ResourceSpec(id: root)), .none))
        for number in 0..<250 {
            let box = EntityName(type: "Box", id: "b\(number)")
            let tool = EntityName(type: "Tool", id: "t\(1000 + number)")
            world.succeed(
                .put(.resource(ResourceSpec(id: box, parents: [root])), .none),
                .put(.resource(ResourceSpec(id: tool, parents: [box])), .none)
            )
        }
        world.succeed(.put(.resource(ResourceSpec(id: EntityName(type: "Tool", id: "elsewhere"))), .none))
        let found = try Self.pages(try Self.query(.resource), in: world)
        #expect(found.ids == (0..<250).map { "t\(1000 + $0)" })
    }

    // MARK: Who may know

    @Test("tell a caller what it might have asked for one by one") func callers() throws {
        let world = DecideForTests.world("permit (principal, action, resource);")
        let query = try Self.query(.subject)
        #expect(try Self.pages(query, in: world, by: .principal("service/gateway")).ids == ["bot"])
        #expect(try Self.pages(query, in: world, by: .principal("agent/bot")).ids == ["bot"])
        #expect(try Self.pages(query, in: world, by: .principal("user/ann")).ids.isEmpty)
    }

    @Test("are refused as a whole for what is wrong with the caller or the node") func refusals() throws {
        var world = DecideForTests.world("permit (principal, action, resource);")
        let query = try Self.query(.subject)
        func code(_ caller: PrincipalID) -> DecisionCode? {
            let answer = world.snapshot.search(query, SearchPage(), by: .principal(caller), at: world.moment)
            #expect(answer.matches.isEmpty && answer.next == nil)
            return answer.refusal?.code
        }
        #expect(code("user/nobody") == .callerUnknown)
        world.age = .seconds(100_000)
        #expect(code("service/gateway") == .stale)
        world.age = .zero
        #expect(world.snapshot.search(query, SearchPage(), by: world.admin, at: nil).refusal?.code == .notReady)
        world.succeed(.quarantine("service/gateway", .quarantine, reason: ""))
        #expect(code("service/gateway") == .callerQuarantined)
    }

    @Test("show neither standing nor attributes to who may not ask") func discretion() throws {
        var world = DecideForTests.world("permit (principal, action, resource);")
        let tool = EntityName(type: "Tool", id: "t0")
        world.succeed(
            .put(.resource(ResourceSpec(id: tool, attributes: ["size": .long(5)])), .none),
            .quarantine("agent/bot", .quarantine, reason: "")
        )
        let standing = try Self.query(.resource, subject: ("agent", "bot"))
        let conflict = try Self.query(.subject, resourceProperties: ["size": .long(6)])
        for query in [standing, conflict] {
            for caller: PrincipalID in ["user/ann", "service/gateway"] {
                let answer = world.snapshot.search(query, SearchPage(), by: .principal(caller), at: world.moment)
                #expect(answer.refusal == nil && answer.matches.isEmpty)
            }
        }
        let own = world.snapshot.search(standing, SearchPage(), by: .principal("agent/bot"), at: world.moment)
        #expect(own.refusal?.code == .principalQuarantined)
    }

    @Test("count what a caller may assert of the other part, and nothing of what is searched for") func properties()
        throws
    {
        let world = DecideForTests.world("permit (principal, action, resource) when { resource.size < 10 };")
        let small = try Self.query(.subject, resourceProperties: ["size": .long(5)])
        #expect(try Self.pages(small, in: world, by: .principal("service/gateway")).ids == ["bot"])
        #expect(try Self.pages(small, in: world, by: .principal("agent/bot")).ids.isEmpty)
        let own = try SearchQuery(
            .subject,
            subject: ("agent", "ignored", ["model": .string("m")]),
            action: ("read", .empty),
            resource: ("tool", "t0", ["size": .long(5)])
        )
        #expect(own == small)
    }
}
