import Cedar
import JSON
import Testing

@Suite("Cedar validator")
struct ValidatorTests {
    static let schema = """
        entity User in [Team] {
            name: String, age?: Long, boss?: User, on: Bool, ip: ipaddr, tags: Set<String>,
            home?: { city: String, zip?: Long }, friends: Set<User>
        } tags String;
        entity Robot in [Team] { name: String, age: Long, serial: Long };
        entity Team in [Org];
        entity Org;
        entity Doc { owner: User, size: Long, at: datetime };
        entity Color enum ["red", "green"];
        action view, edit in [all] appliesTo {
            principal: [User, Robot], resource: Doc, context: { mfa?: Bool, n: Long, note: { text: String } }
        };
        action join appliesTo { principal: User, resource: Team };
        action all, none;
        """

    static func report(_ policies: String, _ mode: ValidationMode = .strict) throws -> ValidationReport {
        try Validator(Schema.parse(schema), mode: mode).validate(PolicySet.parse(policies))
    }

    /// What is wrong with a condition that a user asks about a document under.
    static func faults(_ condition: String, _ mode: ValidationMode = .strict) throws -> [String] {
        let scope = "permit(principal is User, action == Action::\"view\", resource)"
        return try report("\(scope) when { \(condition) };", mode).errors.map(\.reason.description)
    }

    @Test("a scope's actions are of one type, in strict mode") func actionsOfOneType() throws {
        let schema = try Schema.parse(
            Self.schema + """
                namespace N { action read appliesTo { principal: User, resource: Doc }; }
                """
        )
        func reasons(_ actions: String, _ mode: ValidationMode) throws -> [String] {
            try Validator(schema, mode: mode).validate(
                PolicySet.parse("permit(principal, action in [\(actions)], resource);")
            )
            .errors.map(\.reason.description)
        }
        let mixed = #"Action::"view", N::Action::"read""#
        #expect(try reasons(mixed, .strict).first?.contains("N::Action") == true)
        #expect(try reasons(mixed, .permissive).isEmpty)
        #expect(try reasons(#"Action::"view", Action::"edit""#, .strict).isEmpty)
    }

    @Test(
        "accepts what cannot fail",
        arguments: [
            "principal.name == \"a\" && principal.on",
            "principal has age && principal.age > 3",
            "principal has age && (resource.size < 1 || principal.age > 3)",
            "if principal has age then principal.age == 1 else false",
            "(principal has age && principal.on || principal has age) && principal.age == 1",
            "principal has home.zip && principal.home.zip == 1 && principal.home.city like \"U*\"",
            "principal has boss.age && principal.boss.age < 1",
            "principal has \"age\" && principal[\"age\"] == 1",
            "principal.hasTag(\"a\") && principal.getTag(\"a\") == \"b\"",
            "principal.hasTag(context.note.text) && principal.getTag(context.note.text) == \"b\"",
            "principal in Team::\"red\" || principal in Org::\"acme\" || principal in [Team::\"a\", Team::\"b\"]",
            "principal.ip.isInRange(ip(\"10.0.0.0/8\")) && principal.tags.contains(\"a\")",
            "principal.tags.containsAll([\"a\"]) && !principal.tags.isEmpty()",
            "resource.at < datetime(\"2026-01-01\") && resource.at.offset(duration(\"1d\")).toTime() > duration(\"1h\")",
            "action == Action::\"view\" && action in Action::\"all\" && action in [Action::\"none\", Action::\"all\"]",
            "{a: 1, b: principal}.b.on && {a: 1} has a",
            "principal is User in Team::\"a\" && resource.owner == principal",
            "-resource.size + 2 * 3 >= 0 && [true, false].contains(principal.on)",
            "Color::\"red\" == Color::\"green\" || principal in principal.friends",
        ]
    )
    func valid(condition: String) throws {
        for mode in ValidationMode.allCases { #expect(try Self.faults(condition, mode) == []) }
    }

    @Test(
        "does not look at what is never evaluated",
        arguments: [
            "false && principal.nope", "true || principal.nope", "if true then principal.on else principal.nope",
            "if principal is Robot then principal.serial == 1 else principal.on",
            "action == Action::\"edit\" && context.nope", "principal == Doc::\"a\" && 1 == principal",
            "principal has nope && principal.nope == 1", "resource.hasTag(\"a\") && resource.getTag(\"a\") == 1",
            "principal in resource && principal.nope", "!(1 == 1) && principal.nope",
            "Action::\"none\" in Action::\"all\" && principal.nope", "resource has owner.nope && principal.nope",
        ]
    )
    func unreachable(condition: String) throws {
        for mode in ValidationMode.allCases { #expect(try Self.faults(condition, mode) == []) }
    }

    @Test(
        "refuses what may fail, in both modes",
        arguments: [
            ("principal.nme", "User has no attribute \"nme\"; did you mean `name`?"),
            ("principal.age == 1", "User may have no attribute \"age\"; test it with `has` before"),
            (
                "principal has age || principal.age == 1",
                "User may have no attribute \"age\"; test it with `has` before"
            ),
            (
                "!(principal has age) && principal.age == 1",
                "User may have no attribute \"age\"; test it with `has` before"
            ),
            (
                "resource.owner has age && principal.age == 1",
                "User may have no attribute \"age\"; test it with `has` before"
            ),
            (
                "(if principal has age then true else principal.on) && principal.age == 1",
                "User may have no attribute \"age\"; test it with `has` before"
            ),
            (
                "context.mfa",
                "{mfa?: Bool, n: Long, note: {text: String}} may have no attribute \"mfa\"; "
                    + "test it with `has` before"
            ),
            ("principal.name", "expected Bool, found String"),
            ("principal.on && 1", "expected Bool, found Long"),
            ("1 + principal.name == 1", "expected Long, found String"),
            ("principal.name < 1", "expected Long, found String"),
            ("resource.at < 1", "expected datetime, found Long"),
            ("principal.name < principal.name", "expected Long, datetime or duration, found String"),
            ("principal.ip like \"a\"", "expected String, as `like` asks, found ipaddr"),
            ("1.contains(1)", "expected a set, found Long"),
            ("principal.name has a", "expected an entity or a record, found String"),
            ("principal has name.a", "expected an entity or a record, found String"),
            ("principal in 1", "expected an entity or a set of entities, found Long"),
            ("context is User", "expected an entity, found {mfa?: Bool, n: Long, note: {text: String}}"),
            (
                "principal.getTag(\"a\") == \"b\"",
                "the entity may have no such tag; test it with `hasTag` and the "
                    + "same operands before"
            ),
            (
                "principal.hasTag(\"b\") && principal.getTag(\"a\") == \"b\"",
                "the entity may have no such tag; "
                    + "test it with `hasTag` and the same operands before"
            ),
            ("ip(\"10\") == principal.ip", "ip: \"10\" is no IP address"),
            ("ip(\"::1\", \"::1\") == principal.ip", "ip takes 1 argument, not 2"),
            ("principal.ip.isInRange(decimal(\"1.0\"))", "expected ipaddr, found decimal"),
            ("principal.boss has age", "User may have no attribute \"boss\"; test it with `has` before"),
            ("principal == Usr::\"a\"", "there is no entity type `Usr`; did you mean `User`?"),
            ("principal is Usr", "there is no entity type `Usr`; did you mean `User`?"),
            ("action == Action::\"vew\"", "there is no action Action::\"vew\"; did you mean `Action::\"view\"`?"),
            (
                "Color::\"blue\" == Color::\"red\"",
                "Color::\"blue\" is none of the entities of its type: "
                    + "\"red\", \"green\""
            ),
        ]
    )
    func invalid(condition: String, expected: String) throws {
        for mode in ValidationMode.allCases { #expect(try Self.faults(condition, mode) == [expected]) }
    }

    @Test(
        "refuses mixed types in strict mode alone",
        arguments: [
            ("principal.name == 1", "String and Long do not go together"),
            (
                "[User::\"a\", Doc::\"a\"].contains(principal)",
                "User and Doc do not go together; entities of different types are never equal"
            ),
            ("[1].contains(\"a\")", "Long and String do not go together"),
            ("principal.tags.containsAny([1])", "Set<String> and Set<Long> do not go together"),
            (
                "(if principal.on then principal else resource) == principal",
                "User and Doc do not go together; entities of different types are never equal"
            ),
            (
                "{a: 1} == {b: 1}",
                "{a: Long} and {b: Long} do not go together; records go together when they have the same attributes"
            ),
            (
                "context.note == {text: \"a\", more: 1}",
                "{text: String} and {more: Long, text: String} do not go together; records go together when they "
                    + "have the same attributes"
            ),
            ("[] == [1]", "the type of an empty set is not known"),
            ("ip(context.note.text).isIpv4()", "the argument of ip is to be a literal"),
        ]
    )
    func strictOnly(condition: String, expected: String) throws {
        #expect(try Self.faults(condition, .strict) == [expected])
        #expect(try Self.faults(condition, .permissive) == [])
    }

    @Test("unions of entity types have what all of them have, in permissive mode")
    func unions() throws {
        let either = "(if principal.on then principal else Robot::\"r\")"
        #expect(try Self.faults("\(either).name == \"a\"", .permissive) == [])
        #expect(try Self.faults("\(either) has serial && \(either) is Robot", .permissive) == [])
        #expect(
            try Self.faults("\(either).serial == 1", .permissive) == ["Robot or User has no attribute \"serial\""]
        )
        #expect(
            try Self.faults("\(either).age == 1", .permissive)
                == ["Robot or User may have no attribute \"age\"; test it with `has` before"]
        )
        let record = "(if principal.on then {a: 1, b: 1} else {a: 2, b: \"c\"})"
        #expect(try Self.faults("\(record).a == 1 && \(record) has b", .permissive) == [])
        #expect(try Self.faults("\(record).b == 1", .permissive) == ["{a: Long, …} has no attribute \"b\""])
    }

    @Test("a policy that applies to nothing is an error, one that never holds a warning")
    func applicability() throws {
        let action = "action == Action::\"view\""
        #expect(
            try Self.report("permit(principal, \(action), resource is Team);").errors.map(\.reason) == [
                .noApplicableAction
            ]
        )
        #expect(
            try Self.report("permit(principal in Doc::\"a\", action, resource);").errors.map(\.reason) == [
                .noApplicableAction
            ]
        )
        #expect(
            try Self.report("permit(principal, action == Action::\"none\", resource);").errors.map(\.reason) == [
                .noApplicableAction
            ]
        )
        let impossible = try Self.report("permit(principal, action, resource) when { principal is Doc };")
        #expect(impossible.isValid)
        #expect(impossible.warnings.map(\.reason) == [.impossiblePolicy])
        let unless = try Self.report("permit(principal, action, resource) unless { principal has name || true };")
        #expect(unless.warnings.map(\.reason) == [.impossiblePolicy])
        let fine = try Self.report(
            "permit(principal, action in Action::\"all\", resource) when { principal is Robot };"
        )
        #expect(fine == ValidationReport())
    }

    @Test("each environment counts, and a fault that several share is reported once, where it stands")
    func environments() throws {
        let report = try Self.report(
            "permit(principal, action in [Action::\"view\", Action::\"edit\"], resource) when { principal.serial == 1 };"
        )
        #expect(report.errors.map(\.description) == ["policy0: User has no attribute \"serial\""])
        #expect(report.errors.first?.range == SourceRange(start: 79, end: 95))
        #expect(try Self.report("permit(principal, action, resource) when { principal.name == \"a\" };").isValid)
        #expect(try !Self.report("permit(principal, action, resource) when { context.n == 1 };").isValid)
    }

    @Test("what a condition shows holds in those after it, and what an `unless` shows does not")
    func severalConditions() throws {
        let scope = "permit(principal is User, action, resource)"
        #expect(try Self.report("\(scope) when { principal has age } when { principal.age == 1 };").isValid)
        #expect(try !Self.report("\(scope) unless { principal has age } when { principal.age == 1 };").isValid)
        #expect(try Self.report("\(scope) when { principal is Robot } when { principal.nope };").isValid)
    }

    @Test("a template is checked for all that its slots may hold, a linked policy for what they hold")
    func templates() throws {
        var policies = try PolicySet.parse(
            "permit(principal in ?principal, action == Action::\"view\", resource == ?resource);"
        )
        let validator = Validator(try Schema.parse(Self.schema))
        #expect(validator.validate(policies) == ValidationReport())
        let doc = EntityUID(type: "Doc", id: "a")
        let team = EntityUID(type: "Team", id: "a")
        try policies.link("policy0", as: "good", values: [.principal: team, .resource: doc])
        #expect(validator.validate(policies).isValid)
        try policies.link("policy0", as: "misfit", values: [.principal: team, .resource: team])
        try policies.link("policy0", as: "odd", values: [.principal: EntityUID(type: "Nope", id: ""), .resource: doc])
        #expect(
            validator.validate(policies).errors.map(\.description) == [
                "misfit: no action applies to the principals and resources of the scope",
                "odd: there is no entity type `Nope`",
                "odd: no action applies to the principals and resources of the scope",
            ]
        )
        let bad = try Self.report("permit(principal is User in ?principal, action, resource) when { principal.nope };")
        #expect(bad.errors.map(\.description) == ["policy0: User has no attribute \"nope\""])
    }

    @Test("stops at its limit of steps, and says so")
    func limits() throws {
        let numbers = (0..<200).map { "\($0)" }.joined(separator: ", ")
        let policies = try PolicySet.parse(
            "permit(principal is User, action == Action::\"view\", resource) when { [\(numbers)].contains(1) };"
        )
        let report = Validator(try Schema.parse(Self.schema), limits: ValidationLimits(maxSteps: 150)).validate(
            policies
        )
        #expect(report.errors.map(\.reason) == [.tooManySteps(limit: 150)])
        #expect(
            Validator(try Schema.parse(Self.schema), limits: ValidationLimits(maxSteps: 1000)).validate(policies)
                .isValid
        )
        // Each level would double the work of one that checked the operand of `is … in` twice.
        let nested = (0..<60).reduce("principal") { inside, _ in
            "(if (\(inside)) is User in Team::\"a\" then principal else principal)"
        }
        let deep = try PolicySet.parse("permit(principal, action, resource) when { \(nested) == principal };")
        #expect(
            Validator(try Schema.parse(Self.schema), limits: ValidationLimits(maxSteps: 10_000)).validate(deep).isValid
        )
    }

    @Test(
        "knows through how many entities a condition reads",
        arguments: [
            ("true", 0), ("principal == resource.owner", 1), ("resource.owner.name == \"a\"", 2),
            ("resource.owner has age", 2), ("principal has boss.boss.age", 3), ("principal in Team::\"a\"", 1),
            ("resource.owner in Team::\"a\"", 2), ("principal is User in Team::\"a\"", 1), ("context.n == 1", 0),
            ("context.note.text == \"a\"", 0), ("principal.hasTag(\"a\")", 1), ("resource.owner.hasTag(\"a\")", 2),
            ("principal.hasTag(resource.owner.name)", 2), ("{a: principal, b: resource}.b.owner == principal", 1),
            ("{a: resource.owner, b: principal}.b.on", 1), ("{a: resource.owner, b: principal}.a.on", 2),
            ("(if principal.on then resource.owner else principal).on", 2), ("action in Action::\"all\"", 1),
            ("false && resource.owner.on", 0), ("principal has home && principal.home.city == \"a\"", 1),
        ]
    )
    func levels(condition: String, level: Int) throws {
        let schema = try Schema.parse(Self.schema)
        let policies = try PolicySet.parse(
            "permit(principal is User, action == Action::\"view\", resource) when { \(condition) };"
        )
        for maxLevel in 0...3 {
            let report = Validator(schema, maxLevel: maxLevel).validate(policies)
            #expect(report.isValid == (maxLevel >= level), "\(maxLevel): \(report.errors)")
        }
        #expect(Validator(schema).validate(policies).isValid)
    }

    @Test("with a level no entity is read that the policy names, and scopes read groups")
    func levelsOfLiterals() throws {
        let schema = try Schema.parse(Self.schema)
        func reasons(_ policy: String, _ maxLevel: Int) throws -> [ValidationError.Reason] {
            Validator(schema, maxLevel: maxLevel).validate(try PolicySet.parse(policy)).errors.map(\.reason)
        }
        let any = "permit(principal is User, action == Action::\"view\", resource)"
        #expect(try reasons("\(any) when { User::\"a\".on };", 9) == [.literalRead])
        #expect(try reasons("\(any) when { {a: User::\"a\"}.a.on };", 9) == [.literalRead])
        #expect(try reasons("\(any) when { principal == User::\"a\" };", 0) == [])
        #expect(try reasons("\(any) when { principal in User::\"a\" };", 1) == [])
        #expect(try reasons("\(any) when { Action::\"view\" in Action::\"all\" };", 1) == [])
        #expect(try reasons("\(any) when { Action::\"edit\" in Action::\"all\" };", 1) == [.literalRead])
        let group = "permit(principal in Team::\"a\", action, resource);"
        #expect(try reasons(group, 0) == [.levelExceeded(level: 1, limit: 0)])
        #expect(try reasons(group, 1) == [])
        let both = "\(any) when { principal.nope } when { User::\"a\".on };"
        #expect(try reasons(both, 9) == [.unknownAttribute(of: "User", "nope", suggestion: nil)])
    }

    @Test("warns of texts that are not what they look like")
    func suspiciousTexts() throws {
        func warnings(_ condition: String) throws -> [String] {
            try Self.report("permit(principal, action, resource) when { \(condition) };").warnings.map {
                "\($0.reason)"
            }
        }
        #expect(try warnings("principal.name == \"say \u{043d}\u{0438} \u{1F600} \u{00e9}\"").count == 1)
        #expect(
            try warnings("principal.name == \"p\u{0430}y\"") == [
                "\"p\u{0430}y\" has letters of scripts that look alike"
            ]
        )
        #expect(try warnings("principal.name == \"\u{4f60}\u{3042} ok \u{00e9}1\"") == [])
        #expect(try warnings("principal.name like \"a\u{202e}*\"").first?.contains("U+202E") == true)
        #expect(try warnings("principal has \"a\u{200b}\" || principal.on").first?.contains("U+200B") == true)
        let scope = try Self.report("permit(principal == User::\"\u{0440}\u{0430}y\", action, resource);")
        #expect(scope.warnings.map(\.reason) == [.suspiciousText("\u{0440}\u{0430}y", .mixedScripts)])
        let annotation = try Self.report("@id(\"p\u{0430}y\") permit(principal, action, resource);")
        #expect(annotation.warnings.map(\.reason) == [.suspiciousText("p\u{0430}y", .mixedScripts)])
    }

    @Test("texts that are not what they look like are found without a schema, too, up to a limit")
    func suspiciousTextsAlone() throws {
        let text = """
            @id("p\u{0430}y") permit(principal == ?principal, action, resource) when { resource.x == "a\u{200b}" };
            permit(principal, action, resource) when { context.name == "b\u{202e}" };
            """
        let policies = try PolicySet.parse(text)
        let report = ValidationReport(warnings: policies.suspiciousTexts())
        #expect(report.warnings.map(\.policy.text) == ["policy0", "policy0", "policy1"])
        #expect(report.warningDiagnostics(in: text).map(\.position.description) == ["1:1", "1:83", "2:60"])
        #expect(policies.suspiciousTexts(limit: 2).count == 2)
    }

    @Test("goes as deep as the parser does")
    func depth() throws {
        func deep(_ before: String, _ inside: String, _ after: String, _ count: Int = 200) -> String {
            String(repeating: before, count: count) + inside + String(repeating: after, count: count)
        }
        let conditions = [
            deep("if principal.on then (", "principal.on", ") else false"), deep("!(", "principal.on", ")"),
            deep("{a: ", "1", "}") + " == " + deep("{a: ", "2", "}"),
            deep("[", "1", "]") + " == " + deep("[", "2", "]"),
            deep("principal.on && (false || (", "principal.on", "))", 100),
            "(" + deep("{a: ", "principal", "}", 100) + ")" + String(repeating: ".a", count: 100) + ".on",
            deep("principal.hasTag(if ", "principal.on", " then \"a\" else \"b\")", 100),
            "principal has boss" + String(repeating: ".boss", count: 200),
        ]
        let schema = try Schema.parse(Self.schema)
        for condition in conditions {
            let policies = try PolicySet.parse("permit(principal is User, action, resource) when { \(condition) };")
            for mode in ValidationMode.allCases {
                #expect(
                    Validator(schema, mode: mode, maxLevel: 1000).validate(policies).isValid,
                    "\(condition.prefix(40))"
                )
            }
        }
        let types = "entity E { x: " + deep("{a: Set<", "Long", ">}", 100) + " }; entity F;"
        let deepSchema = try Schema.parse(types + "action a appliesTo { principal: E, resource: F };")
        let policies = try PolicySet.parse(
            "permit(principal, action, resource) when { [principal.x] == [principal.x] };"
        )
        #expect(Validator(deepSchema).validate(policies).isValid)
        #expect(try Schema.parseJSON(deepSchema.json().serialized()) == deepSchema)
    }
}
