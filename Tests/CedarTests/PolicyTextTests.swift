import Kernel
import Testing

@testable import Cedar

@Suite("Texts of policies that change")
struct PolicyTextTests {
    /// What edits came to, so that a test cannot pass by trying nothing.
    private struct Tally {
        var errors = 0
        var whole = 0
        var inPart = 0
        var shifts = 0
        var shared = 0
        var renamed = 0

        mutating func note(_ old: PolicyText, _ new: PolicyText, _ change: PolicyChange?) {
            guard let change else { return whole += 1 }
            inPart += 1
            if change.isShift { shifts += 1 }
            for (number, policy) in new.policies.enumerated() where !change.new.contains(number) {
                let isBehind = number >= change.new.upperBound
                let before = isBehind ? number - change.new.upperBound + change.old.upperBound : number
                if policy === old.policies[before] { shared += 1 } else { renamed += 1 }
            }
        }
    }

    @Test("are what a whole reading makes of them, faults included", arguments: 0..<24 as Range<UInt64>)
    func equality(seed: UInt64) throws {
        var editor = TextEditor(seed: seed)
        let limits = seed % 3 == 0 ? SyntaxLimits(maxBytes: 2400, maxPolicies: 9) : .standard
        var tally = Tally()
        let first = editor.policyText(limits)
        var text = try #require(first)
        for round in 0..<250 {
            let edited = editor.edit(text)
            let expected = Result { () throws(CedarSyntaxError) in try PolicyText(edited, limits: limits) }
            let found = Result { () throws(CedarSyntaxError) in try text.changed(to: edited) }
            let note: Testing.Comment = "seed \(seed), round \(round): from\n\(text.text)\nto\n\(edited)"
            switch (found, expected) {
            case (.success(let found), .success(let expected)):
                try #require(Reading(found.text) == Reading(expected), note)
                try checkDecisions(found.text, expected, seed: seed &+ UInt64(round), note)
                tally.note(text, found.text, found.change)
                text = found.text
            case (.failure(let found), .failure(let expected)):
                try #require(found == expected, note)
                tally.errors += 1
            default: Issue.record("one was read and the other not: \(note)")
            }
        }
        #expect(tally.errors > 20 && tally.inPart > 60 && tally.shifts > 20, "\(tally)")
        #expect(tally.shared > 100 && tally.renamed > 10, "\(tally)")
    }

    /// Two templates among policies, the second never linked.
    private static let templates = """
        @id("first") permit (principal, action, resource);
        @id("t")
        forbid (principal == ?principal, action, resource)
        when { resource has a };
        permit (principal, action, resource == ?resource);
        @id("last") permit (principal, action, resource);
        """

    private static func namedLinks(_ names: PolicyID...) -> [TemplateLink] {
        names.map { TemplateLink(template: "t", id: $0, values: [.principal: EntityUID(type: "A", id: $0.text)]) }
    }

    @Test("with links have in the place of a template what is linked from it, and so has a later version")
    func links() throws {
        let text = try PolicyText(Self.templates, links: Self.namedLinks("x", "y"))
        #expect(text.policies.map(\.id) == ["first", "x", "y", "last"])
        #expect((0..<4).map { text.line(of: $0) } == [1, 2, 2, 6])
        #expect(text.excerpt(text.policies[2].range, of: 2).hasPrefix("@id(\"t\")\nforbid"))
        #expect(text.compiled.count == 4 && text.compiled["y"]?.policy.template == "t")
        var set = try PolicySet.parse(Self.templates, naming: .byAnnotation)
        for link in Self.namedLinks("x", "y") { try set.link(link) }
        let request = Request(
            principal: EntityUID(type: "A", id: "x"),
            action: EntityUID(type: "Action", id: "a"),
            resource: EntityUID(type: "R", id: "r")
        )
        let entities = try EntityStore([Entity(uid: request.resource, attributes: ["a": .bool(true)])])
        let response = text.compiled.authorize(request, entities: entities)
        #expect(response == authorize(request, policies: set, entities: entities))
        #expect(response.reasons == ["x"])

        let (changed, change) = try text.changed(to: "\n" + Self.templates)
        #expect(change == nil && changed.policies.map(\.id) == ["first", "x", "y", "last"] && changed.line(of: 1) == 3)
        #expect(try PolicyText(Self.templates, links: []).policies.map(\.id) == ["first", "last"])
        #expect(try PolicyText(Self.templates).policies.map(\.id) == ["first", "t", "policy2", "last"])
    }

    @Test(
        "are refused with links that cannot be made",
        arguments: [
            (Self.namedLinks("first"), "two policies are called `first`"),
            (
                [TemplateLink(template: "policy2", id: "x", values: [:])],
                "the template `policy2` needs a value for `?resource`"
            ),
            ([TemplateLink(template: "last", id: "x", values: [:])], "there is no template `last`"),
        ]
    )
    func badLinks(links: [TemplateLink], message: String) {
        let error = #expect(throws: CedarSyntaxError.self) { try PolicyText(Self.templates, links: links) }
        #expect(error?.diagnostics.map(\.message) == [message])
    }

    @Test("read what a set of policies reads", arguments: 0..<8 as Range<UInt64>)
    func whole(seed: UInt64) throws {
        var editor = TextEditor(seed: seed + 100)
        let first = editor.policyText(.standard)
        var text = try #require(first)
        var (read, refused) = (0, 0)
        for _ in 0..<100 {
            let edited = editor.edit(text)
            let set = Result { () throws(CedarSyntaxError) in try PolicySet.parse(edited, naming: .byAnnotation) }
            let found = Result { () throws(CedarSyntaxError) in try PolicyText(edited) }
            switch (found, set) {
            case (.success(let found), .success(let set)):
                var (policies, templates) = (set.policies[...], set.templates[...])
                for (number, policy) in found.policies.enumerated() {
                    let other = try #require(policy.isTemplate ? templates.popFirst() : policies.popFirst())
                    #expect(policy.id == other.id && policy.conditions == other.conditions)
                    #expect(found.position(of: number) == other.position)
                    #expect(found.line(of: number) == other.position.line)
                    #expect(policy.ranges.map { found.place($0, of: number) } == other.ranges)
                }
                #expect(policies.isEmpty && templates.isEmpty)
                text = found
                read += 1
            case (.failure(let found), .failure(let set)):
                #expect(found == set)
                refused += 1
            default: Issue.record("one was read and the other not: \(edited)")
            }
        }
        #expect(read > 30 && refused > 10)
    }

    @Test("keep the policies around a changed one") func sharing() throws {
        let lines = (0..<100).map { "@id(\"p\($0)\") permit(principal == U::\"u\($0)\", action, resource);" }
        let text = try PolicyText(lines.joined(separator: "\n"))
        var edited = lines
        edited[40] = "@id(\"p40\") forbid(principal, action, resource)\nwhen { context.x };"
        let (changed, change) = try text.changed(to: edited.joined(separator: "\n"))
        #expect(change == PolicyChange(old: 40..<41, new: 40..<41))
        for number in 0..<100 where number != 40 {
            #expect(changed.policies[number] === text.policies[number])
            let id = text.policies[number].id
            #expect(changed.compiled[id] === text.compiled[id])
        }
        #expect(changed.line(of: 99) == 101)
    }

    private func checkDecisions(
        _ found: PolicyText,
        _ expected: PolicyText,
        seed: UInt64,
        _ note: Testing.Comment
    ) throws {
        var world = RandomWorld(seed: seed)
        let entities = try world.entities()
        for limits in [EvaluationLimits.standard, EvaluationLimits(maxSteps: 12)] {
            let request = world.request()
            var first = CompiledEvaluator(request, entities: entities, limits: limits)
            var second = CompiledEvaluator(request, entities: entities, limits: limits)
            first.evaluate(found.compiled)
            second.evaluate(expected.compiled)
            let satisfied = first.satisfied.map { found.compiled.number(of: $0) }
            let otherSatisfied = second.satisfied.map { expected.compiled.number(of: $0) }
            try #require(satisfied == otherSatisfied, note)
            try #require(satisfied == satisfied.sorted(), note)
            let (failures, others) = (first.failures, second.failures)
            try #require(failures.map(\.error) == others.map(\.error), note)
            try #require(failures.map(\.policy.policy.id) == others.map(\.policy.policy.id), note)
            let (steps, otherSteps) = (first.steps, second.steps)
            try #require(steps == otherSteps, note)
            for policy in first.satisfied {
                try #require(found.policies[found.compiled.number(of: policy)] === policy.policy, note)
            }
        }
    }
}

/// All that a text says.
private struct Reading: Equatable {
    let text: String
    let policies: [Policy]
    let ranges: [[SourceRange]]
    let positions: [SourcePosition]
    let lines: [Int]
    let numbers: [Int?]

    init(_ text: PolicyText) {
        self.text = text.text
        policies = text.policies
        ranges = text.policies.map(\.ranges)
        positions = text.policies.indices.map { text.position(of: $0) }
        lines = text.policies.indices.map { text.line(of: $0) }
        numbers = text.policies.map { text.compiled[$0.id].map { text.compiled.number(of: $0) } }
    }
}

extension Policy {
    /// Its own and those of all expressions in it.
    fileprivate var ranges: [SourceRange] { [range] + conditions.flatMap { $0.body.ranges } }
}

extension Expression {
    fileprivate var ranges: [SourceRange] { [range] + kind.children.flatMap(\.ranges) }
}

/// Writes texts of policies and changes them as people do, and as nobody should.
private struct TextEditor {
    private var random: SeededRandom
    private var world: RandomWorld

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        world = RandomWorld(seed: seed &+ 77)
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }

    private mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

    mutating func text(count: Int) -> String { (0..<count).map { _ in policy() + pick(Self.gaps) }.joined() }

    /// The first of some texts that can be read.
    mutating func policyText(_ limits: SyntaxLimits) -> PolicyText? {
        for _ in 0..<100 {
            if let text = try? PolicyText(text(count: 6), limits: limits) { return text }
        }
        return nil
    }

    private static let gaps = [
        "\n", "\n\n", " ", "", "// a; \"comment\n", "\n// permit(principal, action, resource);\n",
    ]
    private static let fragments = [
        ";", "\"", "//", "\n", "\\", " ", "é", "\u{A0}", "// \"\n", "@id(\"a\")", "@id(\"policy3\")", "@x(\"; // \")",
        "permit", "when { \"a;b\" == \"//\" }", "permit(principal, action, resource);", "/", "?principal", "\r",
    ]

    private mutating func policy() -> String {
        let name = number(0..<3) == 0 ? "@id(\"\(pick(["a", "b", "c", "policy2", "p\(number(0..<1000))"]))\")\n" : ""
        switch number(0..<10) {
        case 0: return name + "permit(principal == ?principal, action, resource);"
        case 1: return name + "@x(\"a; // b\")permit(principal, action, resource)\nwhen { context has s };"
        default: return name + world.policy()
        }
    }

    mutating func edit(_ text: PolicyText) -> String {
        switch number(0..<10) {
        case 0, 1: insert(policy() + pick(Self.gaps), in: text)
        case 2, 3: replace(text, with: "")
        case 4: replace(text, with: policy())
        case 5: replace(text, with: pick(["// gone", "//\n", "\"", "permit(principal, action, resource)"]))
        case 6: self.text(count: number(0..<8))
        default: editBytes(text.text)
        }
    }

    private mutating func insert(_ policy: String, in text: PolicyText) -> String {
        guard text.policies.count < 12 else { return replace(text, with: "") }
        let number = self.number(0..<text.policies.count + 1)
        let place =
            number == text.policies.count
            ? text.text.utf8.count : Int(text.place(text.policies[number].range, of: number).start)
        return splice(text.text, place..<place, policy)
    }

    private mutating func replace(_ text: PolicyText, with policy: String) -> String {
        guard !text.policies.isEmpty else { return policy }
        let number = self.number(0..<text.policies.count)
        let range = text.place(text.policies[number].range, of: number)
        return splice(text.text, Int(range.start)..<Int(range.end), policy)
    }

    private mutating func editBytes(_ text: String) -> String {
        let start = number(0..<text.utf8.count + 1)
        let count = pick([0, 0, 0, 1, 1, 3, 30, 300])
        return splice(text, start..<min(start + count, text.utf8.count), number(0..<4) == 0 ? "" : pick(Self.fragments))
    }

    private func splice(_ text: String, _ range: Range<Int>, _ other: String) -> String {
        var bytes = Array(text.utf8)
        bytes.replaceSubrange(range, with: other.utf8)
        return String(decoding: bytes, as: UTF8.self)
    }
}
