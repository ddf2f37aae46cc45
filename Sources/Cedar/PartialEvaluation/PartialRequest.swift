/// A request of which some parts are not known yet.
package struct PartialRequest: Hashable, Sendable {
    package enum Part: Hashable, Sendable {
        case known(EntityUID)
        /// Some entity, of this type where one is given. Nothing is known of its attributes, tags and ancestors.
        case unknown(EntityTypeName?)
    }

    package let principal: Part
    package let action: Part
    package let resource: Part
    package let context: Record

    package init(principal: Part, action: Part, resource: Part, context: Record = .empty) {
        self.principal = principal
        self.action = action
        self.resource = resource
        self.context = context
    }

    /// The request as if one of its entities were not known, but for its type; without a variable all of it is known.
    package init(_ request: Request, without variable: Variable? = nil) {
        func part(_ uid: EntityUID, _ place: Variable) -> Part { place == variable ? .unknown(uid.type) : .known(uid) }
        self.init(
            principal: part(request.principal, .principal),
            action: part(request.action, .action),
            resource: part(request.resource, .resource),
            context: request.context
        )
    }

    /// Nil for the context, which is always known.
    package subscript(variable: Variable) -> Part? {
        switch variable {
        case .principal: principal
        case .action: action
        case .resource: resource
        case .context: nil
        }
    }

    func isUnknown(_ variable: Variable) -> Bool {
        if case .unknown? = self[variable] { true } else { false }
    }

    /// Nil while it is not known.
    func value(of variable: Variable) -> Value? {
        switch self[variable] {
        case .known(let uid)?: .entity(uid)
        case .unknown?: nil
        case nil: .record(context)
        }
    }

    /// Whether the request is this one with something in the place of each unknown.
    package func admits(_ request: Request) -> Bool {
        principal.admits(request.principal) && action.admits(request.action) && resource.admits(request.resource)
            && context == request.context
    }

    /// With an entity that nothing is called in the place of each unknown, for an evaluator that is never asked of them.
    var placeholder: Request {
        Request(
            principal: principal.placeholder,
            action: action.placeholder,
            resource: resource.placeholder,
            context: context
        )
    }
}

extension PartialRequest.Part {
    fileprivate func admits(_ uid: EntityUID) -> Bool {
        switch self {
        case .known(let known): known == uid
        case .unknown(let type): type == nil || type == uid.type
        }
    }

    fileprivate var placeholder: EntityUID {
        switch self {
        case .known(let uid): uid
        case .unknown: EntityUID(type: "", id: "")
        }
    }
}
