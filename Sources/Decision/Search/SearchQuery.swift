package import Cedar
internal import Directory

/// Who may do this to that, what may this one do it to, or what may this one do to that (AuthZEN 1.0, section 8)?
package struct SearchQuery: Hashable, Sendable {
    /// What is searched for.
    package enum Target: String, Hashable, Sendable, CaseIterable {
        case subject, resource, action
    }

    package let target: Target
    /// Without an id or name in the place of the target.
    package let open: DecisionQuery

    /// The target's id or name, and properties, do not count: what is found is what is allowed as it is.
    package init(
        _ target: Target,
        subject: (type: String, id: String, properties: Cedar.Record),
        action: (name: String, properties: Cedar.Record),
        resource: (type: String, id: String, properties: Cedar.Record),
        context: Cedar.Record = .empty
    ) throws(DecisionQueryError) {
        self.target = target
        try DecisionQuery.check(context)
        self.open = DecisionQuery(
            subject: target == .subject
                ? try Self.anything(subject.type, in: .subject)
                : try DecisionQuery.Description(subject, in: .subject),
            action: target == .action
                ? EntityUID(type: EntityTypeMapping.actionType, id: "")
                : try EntityTypeMapping.action(name: action.name),
            actionProperties: target == .action ? .empty : action.properties,
            resource: target == .resource
                ? try Self.anything(resource.type, in: .resource)
                : try DecisionQuery.Description(resource, in: .resource),
            context: context
        )
    }

    private static func anything(
        _ type: String,
        in part: DecisionQueryError.Part
    ) throws(DecisionQueryError) -> DecisionQuery.Description {
        DecisionQuery.Description(
            uid: EntityUID(type: try EntityTypeMapping.entityType(type, in: part), id: ""),
            properties: .empty
        )
    }

    /// The question that the search asks of one candidate; nil for what no request can name.
    func question(about id: String) -> DecisionQuery? {
        guard (1...EntityTypeMapping.idLimit).contains(id.utf8.count) else { return nil }
        func named(_ description: DecisionQuery.Description, _ isTarget: Bool) -> DecisionQuery.Description {
            guard isTarget else { return description }
            return DecisionQuery.Description(uid: EntityUID(type: description.uid.type, id: id), properties: .empty)
        }
        var action = open.action
        if target == .action {
            guard let named = try? EntityTypeMapping.action(name: id) else { return nil }
            action = named
        }
        return DecisionQuery(
            subject: named(open.subject, target == .subject),
            action: action,
            actionProperties: open.actionProperties,
            resource: named(open.resource, target == .resource),
            context: open.context
        )
    }

    var type: EntityTypeName {
        switch target {
        case .subject: open.subject.uid.type
        case .resource: open.resource.uid.type
        case .action: open.action.type
        }
    }

    var unknown: Variable {
        switch target {
        case .subject: .principal
        case .resource: .resource
        case .action: .action
        }
    }
}

/// Which part of what a search finds is wanted.
package struct SearchPage: Hashable, Sendable {
    /// After which id or name to begin; empty for the beginning.
    package let start: String
    /// How many are wanted at most. Never more than `maximumLimit` are given.
    package let limit: Int

    package static let maximumLimit = 100

    package init(after start: String = "", limit: Int = maximumLimit) {
        self.start = start
        self.limit = min(max(limit, 0), Self.maximumLimit)
    }
}
