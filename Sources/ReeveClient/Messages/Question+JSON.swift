internal import JSON

extension Question {
    var json: JSONValue {
        var members = [
            JSONMember(name: "subject", value: subject.json),
            JSONMember(name: "action", value: actionJSON),
            JSONMember(name: "resource", value: resource.json),
        ]
        if !context.isEmpty { members.append(JSONMember(name: "context", value: .record(context))) }
        return .object(members)
    }

    private var actionJSON: JSONValue {
        let name = JSONMember(name: "name", value: .string(action))
        return actionProperties.isEmpty
            ? .object([name]) : .object([name, JSONMember(name: "properties", value: .record(actionProperties))])
    }

    static func batch(_ questions: [Question], _ semantic: BatchSemantic) -> JSONValue {
        [
            "options": ["evaluations_semantic": .string(semantic.rawValue)],
            "evaluations": .array(questions.map(\.json)),
        ]
    }
}

extension Question.Entity {
    fileprivate var json: JSONValue {
        let members = [
            JSONMember(name: "type", value: .string(type)), JSONMember(name: "id", value: .string(id)),
        ]
        return properties.isEmpty
            ? .object(members) : .object(members + [JSONMember(name: "properties", value: .record(properties))])
    }
}

extension JSONValue {
    /// In the order of the names, so that one question has one text.
    fileprivate static func record(_ values: [String: AttributeValue]) -> JSONValue {
        .object(values.sorted { $0.key < $1.key }.map { JSONMember(name: $0.key, value: JSONValue($0.value)) })
    }

    private init(_ value: AttributeValue) {
        switch value {
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .string(let value): self = .string(value)
        case .list(let values): self = .array(values.map { JSONValue($0) })
        case .record(let values): self = .record(values)
        }
    }
}
