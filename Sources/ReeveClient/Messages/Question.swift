/// May this subject do this to that? One question of the AuthZEN Authorization API 1.0.
public struct Question: Hashable, Sendable {
    /// A subject or a resource: `agent` and `invoice-bot`, `Database` and `ledger`.
    public struct Entity: Hashable, Sendable {
        public var type: String
        public var id: String
        /// Count where the caller may assert them, and never against what the directory holds.
        public var properties: [String: AttributeValue]

        public init(_ type: String, _ id: String, properties: [String: AttributeValue] = [:]) {
            self.type = type
            self.id = id
            self.properties = properties
        }
    }

    /// Who wants to do something.
    public var subject: Entity
    /// Name of what it wants to do, such as `read`.
    public var action: String
    /// What policies read as `context.action`.
    public var actionProperties: [String: AttributeValue]
    /// What it wants to do it to.
    public var resource: Entity
    /// What policies read as `context`: what the program sees of the request itself, not what an agent says of it.
    public var context: [String: AttributeValue]

    public init(
        subject: Entity,
        action: String,
        resource: Entity,
        context: [String: AttributeValue] = [:],
        actionProperties: [String: AttributeValue] = [:]
    ) {
        self.subject = subject
        self.action = action
        self.resource = resource
        self.context = context
        self.actionProperties = actionProperties
    }
}

/// A value that policies can read.
public enum AttributeValue: Hashable, Sendable {
    /// Cedar's `Bool`.
    case bool(Bool)
    /// Cedar's `Long`.
    case integer(Int64)
    /// Cedar's `String`.
    case string(String)
    /// Cedar's `Set`: order and repetition say nothing.
    case list([AttributeValue])
    /// Cedar's record.
    case record([String: AttributeValue])
}

extension AttributeValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(stringLiteral value: String) { self = .string(value) }
}

extension AttributeValue: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    public init(arrayLiteral elements: AttributeValue...) { self = .list(elements) }

    /// Of two members of one name the last counts.
    public init(dictionaryLiteral elements: (String, AttributeValue)...) {
        self = .record(Dictionary(elements, uniquingKeysWith: { $1 }))
    }
}

/// What becomes of the questions of a batch after one that is answered in a certain way.
public enum BatchSemantic: String, Hashable, Sendable, CaseIterable {
    /// Each question is answered.
    case executeAll = "execute_all"
    /// The first denial is the last answer.
    case denyOnFirstDeny = "deny_on_first_deny"
    /// The first permission is the last answer.
    case permitOnFirstPermit = "permit_on_first_permit"

    func ends(after isAllowed: Bool) -> Bool {
        switch self {
        case .executeAll: false
        case .denyOnFirstDeny: !isAllowed
        case .permitOnFirstPermit: isAllowed
        }
    }
}
