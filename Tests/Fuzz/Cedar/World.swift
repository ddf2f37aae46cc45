import Cedar
import JSON

/// What parsed policies are validated against and decide on. Entities and requests conform to the schema.
enum World {
    static let limits = EvaluationLimits(maxSteps: 2000)

    static let schema: Schema = made {
        try Schema.parse(
            """
            entity U in [G, N::D] = \(fields) tags String;
            entity G;
            entity C enum ["x", ""];
            action all;
            action v in [all] appliesTo { principal: U, resource: [N::D, G], context: \(fields) };
            namespace N {
              entity D = { o: U, c?: C, n: Long } tags Set<Long>;
              action w appliesTo { principal: U, resource: D };
            }
            """
        )
    }

    private static let fields = """
        { b: Bool, n: Long, s: String, l: Set<Long>, r: { n: Long, o?: String }, e: U, i: ipaddr, d: decimal, \
        t: datetime, u: duration, o?: Long }
        """

    private static let attributes = """
        {"b": true, "n": 9223372036854775807, "s": "a*", "l": [1, 2], "r": {"n": 1}, "e": {"type": "U", "id": "u"},
        "i": "10.0.0.1/8", "d": "1.5", "t": "2024-02-29", "u": "1d", "o": 1}
        """

    static let store: EntityStore = made {
        try EntityStore(
            EntityJSON.parseConformingEntities(
                JSONValue.parse(
                    Array(
                        """
                        [{"uid": {"type": "U", "id": "u"}, "attrs": \(attributes), "tags": {"s": "t"},
                        "parents": [{"type": "G", "id": "g"}]},
                        {"uid": {"type": "N::D", "id": "d"}, "parents": [], "tags": {"s": [1]},
                        "attrs": {"o": {"type": "U", "id": "missing"}, "n": 0}}]
                        """.utf8
                    )
                ),
                schema: schema
            )
        )
    }

    /// What is asked for exists, or nothing of it does.
    static let requests: [Request] = made {
        let texts = [
            """
            {"principal": {"type": "U", "id": "u"}, "action": {"type": "Action", "id": "v"},
            "resource": {"type": "N::D", "id": "d"}, "context": \(attributes)}
            """,
            """
            {"principal": {"type": "U", "id": "none"}, "action": {"type": "N::Action", "id": "w"},
            "resource": {"type": "N::D", "id": "none"}, "context": {}}
            """,
        ]
        let conformance = SchemaConformance(schema)
        return try texts.map {
            try EntityJSON.parseConformingRequest(JSONValue.parse(Array($0.utf8)), conformance: conformance)
        }
    }

    private static func made<Result>(_ make: () throws -> Result) -> Result {
        do { return try make() } catch { fatalError("\(error)") }
    }
}
