internal import Cedar
internal import Decision
internal import JSON

/// The parts of a question, of which defaults may supply some.
///
/// `index` is the question's place in its batch, for messages, which are put together only when something is wrong.
struct EvaluationParts {
    /// A subject, resource or action: its naming members, where given, and its properties.
    struct Named {
        var type: String?
        /// The id, or an action's name.
        var name: String?
        var properties: Record

        /// An object replaces the default's whole, but for a required member that it leaves out (certification
        /// scenario, section 3.2.7).
        func over(_ other: Named?) -> Named {
            Named(type: type ?? other?.type, name: name ?? other?.name, properties: properties)
        }
    }

    private var subject: Named?
    private var action: Named?
    private var resource: Named?
    private var context: Record?

    init(_ object: JSONValue, index: Int?) throws(EvaluationError) {
        subject = try Self.named("subject", of: object, index: index)
        action = try Self.named("action", of: object, index: index)
        resource = try Self.named("resource", of: object, index: index)
        context = try Self.record("context", of: object, in: Place(index: index, parent: nil))
    }

    func over(_ defaults: EvaluationParts) -> EvaluationParts {
        var parts = self
        parts.subject = subject?.over(defaults.subject) ?? defaults.subject
        parts.action = action?.over(defaults.action) ?? defaults.action
        parts.resource = resource?.over(defaults.resource) ?? defaults.resource
        parts.context = context ?? defaults.context
        return parts
    }

    func complete(index: Int?) throws(EvaluationError) -> Evaluation {
        let action = try Self.given("action", action, index)
        return Evaluation(
            subject: try Self.entity("subject", subject, index),
            action: Evaluation.Action(
                name: try Self.required("name", action.name, Place(index: index, parent: "action")),
                properties: action.properties
            ),
            resource: try Self.entity("resource", resource, index),
            context: context ?? .empty
        )
    }

    /// With a name that stands for all, and no properties, for what is searched for, whatever is given there.
    func complete(searching target: SearchQuery.Target) throws(EvaluationError) -> Evaluation {
        var parts = self
        switch target {
        case .subject: parts.subject = Self.anything(of: try Self.given("subject", subject, nil).type)
        case .resource: parts.resource = Self.anything(of: try Self.given("resource", resource, nil).type)
        case .action: parts.action = Self.anything(of: nil)
        }
        return try parts.complete(index: nil)
    }

    /// The name goes no further than the search.
    private static func anything(of type: String?) -> Named { Named(type: type, name: "*", properties: .empty) }

    private static func entity(
        _ member: String,
        _ named: Named?,
        _ index: Int?
    ) throws(EvaluationError) -> Evaluation.Entity {
        let named = try given(member, named, index)
        let place = Place(index: index, parent: member)
        return Evaluation.Entity(
            type: try required("type", named.type, place),
            id: try required("id", named.name, place),
            properties: named.properties
        )
    }

    private static func given(_ member: String, _ named: Named?, _ index: Int?) throws(EvaluationError) -> Named {
        guard let named else { throw Place(index: index, parent: nil).error(member, "is missing") }
        return named
    }

    private static func required(
        _ member: String,
        _ text: String?,
        _ place: Place
    ) throws(EvaluationError) -> String {
        guard let text else { throw place.error(member, "is missing") }
        guard !text.isEmpty else { throw place.error(member, "is empty") }
        return text
    }

    private static func named(_ member: String, of object: JSONValue, index: Int?) throws(EvaluationError) -> Named? {
        guard let value = object[member], !value.isNull else { return nil }
        guard case .object = value else {
            throw Place(index: index, parent: nil).error(member, "must be an object, not \(value.kind)")
        }
        let place = Place(index: index, parent: member)
        let isAction = member == "action"
        return Named(
            type: isAction ? nil : try text("type", of: value, in: place),
            name: try text(isAction ? "name" : "id", of: value, in: place),
            properties: try record("properties", of: value, in: place) ?? .empty
        )
    }

    private static func text(
        _ member: String,
        of object: JSONValue,
        in place: Place
    ) throws(EvaluationError) -> String? {
        guard let value = object[member], !value.isNull else { return nil }
        guard let text = value.stringValue else {
            throw place.error(member, "must be a string, not \(value.kind)")
        }
        return text
    }

    private static func record(
        _ member: String,
        of object: JSONValue,
        in place: Place
    ) throws(EvaluationError) -> Record? {
        guard let value = object[member], !value.isNull else { return nil }
        guard case .object(let members) = value else {
            throw place.error(member, "must be an object, not \(value.kind)")
        }
        do throws(PropertyError) { return try PropertyValues.record(members) } catch {
            throw place.error("\(member).\(error.name)", error.problem)
        }
    }

    private struct Place {
        let index: Int?
        let parent: String?

        func error(_ member: String, _ problem: String) -> EvaluationError {
            let batch = index.map { "evaluations[\($0)]." } ?? ""
            let object = parent.map { "\($0)." } ?? ""
            return EvaluationError("\(batch)\(object)\(member) \(problem)")
        }
    }
}
