import Cedar
import JSON

/// A small organisation that most tests ask about: alice is in the team red, which is in the organisation acme.
enum World {
    static let alice = EntityUID(type: "User", id: "alice")
    static let red = EntityUID(type: "Team", id: "red")
    static let acme = EntityUID(type: "Org", id: "acme")
    static let report = EntityUID(type: "Doc", id: "report")
    static let view = EntityUID(type: "Action", id: "view")

    static let entities: [Entity] = [
        Entity(
            uid: alice,
            attributes: [
                "age": .long(30), "name": .string("Alice"), "manager": .entity(EntityUID(type: "User", id: "ghost")),
                "address": .record(["city": .string("Ulm"), "geo": .record(["lat": .long(48)])]),
                "groups": .set([.string("a"), .string("b")]), "if": .bool(true),
            ],
            tags: ["dept": .string("engineering"), "two words": .long(2)],
            parents: [red]
        ),
        Entity(uid: red, parents: [acme]),
        Entity(uid: acme),
        Entity(uid: report, attributes: ["owner": .entity(alice)]),
    ]

    static let context: Record = ["n": .long(1), "s": .string("text")]
    static let request = Request(principal: alice, action: view, resource: report, context: context)

    static func store(with others: [Entity] = []) throws -> EntityStore { try EntityStore(entities + others) }

    /// The value of an expression in this world.
    static func evaluate(_ text: String, limits: EvaluationLimits = .standard) throws -> Value {
        let expression = try Expression.parse(text)
        var evaluator = Evaluator(request: request, entities: try store(), limits: limits)
        return try evaluator.evaluate(expression)
    }

    /// Why it has none; nil where it has one.
    static func failure(_ text: String) throws -> EvaluationError.Reason? {
        do {
            _ = try evaluate(text)
            return nil
        } catch let error as EvaluationError {
            return error.reason
        }
    }
}
