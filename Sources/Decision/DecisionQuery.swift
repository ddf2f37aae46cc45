package import Cedar
internal import Directory

/// One question, as it came from outside and with its names translated to Cedar's.
///
/// Nothing in it is believed: whom it is about and which of its properties count is for `DecisionSnapshot.decide`.
package struct DecisionQuery: Hashable, Sendable {
    /// A subject or resource, and what the request says of it.
    package struct Description: Hashable, Sendable {
        package let uid: EntityUID
        package let properties: Cedar.Record

        /// Properties of one subject or resource: whether each counts is a question to the policies of `reeve.admin`.
        package static let maximumPropertyCount = 64

        init(uid: EntityUID, properties: Cedar.Record) {
            self.uid = uid
            self.properties = properties
        }

        init(
            _ given: (type: String, id: String, properties: Cedar.Record),
            in part: DecisionQueryError.Part
        ) throws(DecisionQueryError) {
            let count = given.properties.fields.count
            guard count <= Self.maximumPropertyCount else {
                throw DecisionQueryError(part, .tooManyProperties(count, limit: Self.maximumPropertyCount))
            }
            uid = try EntityTypeMapping.uid(type: given.type, id: given.id, in: part)
            properties = given.properties
        }
    }

    package let subject: Description
    package let action: EntityUID
    package let actionProperties: Cedar.Record
    package let resource: Description
    package let context: Cedar.Record
    /// What policies are asked, but for what a node adds of its own knowledge.
    let request: Request

    /// Fields of the context that Reeve sets.
    package static let reservedContext = [PolicyRule.knowledge.text, "action"]

    /// - Parameters:
    ///   - subject: AuthZEN's type and id; see `EntityTypeMapping`.
    ///   - actionProperties: Reach policies as `context.action`.
    package init(
        subject: (type: String, id: String, properties: Cedar.Record),
        action: (name: String, properties: Cedar.Record),
        resource: (type: String, id: String, properties: Cedar.Record),
        context: Cedar.Record = .empty
    ) throws(DecisionQueryError) {
        let subject = try Description(subject, in: .subject)
        let resource = try Description(resource, in: .resource)
        let uid = try EntityTypeMapping.action(name: action.name)
        try Self.check(context)
        self.init(
            subject: subject,
            action: uid,
            actionProperties: action.properties,
            resource: resource,
            context: context
        )
    }

    init(
        subject: Description,
        action: EntityUID,
        actionProperties: Cedar.Record,
        resource: Description,
        context: Cedar.Record
    ) {
        self.subject = subject
        self.action = action
        self.actionProperties = actionProperties
        self.resource = resource
        self.context = context
        request = Request(
            principal: subject.uid,
            action: action,
            resource: resource.uid,
            context: context.merging(["action": .record(actionProperties)])
        )
    }

    static func check(_ context: Cedar.Record) throws(DecisionQueryError) {
        for name in reservedContext where context[name] != nil {
            throw DecisionQueryError(.context, .reservedName(name))
        }
    }
}

/// What is wrong with a question, and in which part of it.
package struct DecisionQueryError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Part: String, Hashable, Sendable {
        case subject, action, resource, context
    }

    package enum Reason: Hashable, Sendable {
        case empty
        case tooLong(byteCount: Int, limit: Int)
        /// A type that has no translation to a Cedar entity type.
        case malformedType
        case reservedType
        case reservedName(String)
        case tooManyProperties(Int, limit: Int)
    }

    package let part: Part
    package let reason: Reason

    init(_ part: Part, _ reason: Reason) {
        self.part = part
        self.reason = reason
    }

    package var description: String {
        switch reason {
        case .empty: "\(part.rawValue): a type, id or name is empty"
        case .tooLong(let byteCount, let limit):
            "\(part.rawValue): a type, id or name has \(byteCount) bytes, at most \(limit) are allowed"
        case .malformedType:
            "\(part.rawValue): the type is no name such as todo, tool_call or Billing::Account"
        case .reservedType: "\(part.rawValue): the type stands for actions"
        case .tooManyProperties(let count, let limit):
            "\(part.rawValue): \(count) properties, at most \(limit) are allowed"
        case .reservedName(let name): "\(part.rawValue): \"\(name)\" is reserved"
        }
    }
}
