package import Cedar

/// One question of AuthZEN's Authorization API 1.0, section 6: may this subject do this to that?
package struct Evaluation: Hashable, Sendable {
    /// A subject or a resource.
    package struct Entity: Hashable, Sendable {
        package let type: String
        package let id: String
        package let properties: Record

        package init(type: String, id: String, properties: Record = .empty) {
            self.type = type
            self.id = id
            self.properties = properties
        }
    }

    package struct Action: Hashable, Sendable {
        package let name: String
        package let properties: Record

        package init(name: String, properties: Record = .empty) {
            self.name = name
            self.properties = properties
        }
    }

    package let subject: Entity
    package let action: Action
    package let resource: Entity
    package let context: Record

    package init(subject: Entity, action: Action, resource: Entity, context: Record = .empty) {
        self.subject = subject
        self.action = action
        self.resource = resource
        self.context = context
    }
}

/// Several questions in one request (section 7).
package struct EvaluationBatch: Hashable, Sendable {
    /// What is done about the questions after the first that is answered in a certain way (section 7.1.2).
    package enum Semantic: String, Hashable, Sendable, CaseIterable {
        case executeAll = "execute_all"
        case denyOnFirstDeny = "deny_on_first_deny"
        case permitOnFirstPermit = "permit_on_first_permit"

        /// Whether an answer ends the batch.
        package func ends(after isAllowed: Bool) -> Bool {
            switch self {
            case .executeAll: false
            case .denyOnFirstDeny: !isAllowed
            case .permitOnFirstPermit: isAllowed
            }
        }
    }

    package let semantic: Semantic
    /// A question that is malformed by itself is answered by itself.
    package let items: [Result<Evaluation, EvaluationError>]

    package static let maximumCount = 100
    /// With explanations, each of which costs as much as hundreds of decisions.
    package static let maximumExplainedCount = 10
}

/// Why a request is no question, for the one who sent it: which part, and what is wrong with it.
package struct EvaluationError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
