/// What is asked: may this principal do this to this resource, in this context?
///
/// An object, though a value by its meaning: whoever decides keeps it, and to keep a struct of so many texts is to count a
/// reference to each.
public final class Request: Sendable {
    public let principal: EntityUID
    public let action: EntityUID
    public let resource: EntityUID
    public let context: Record
    /// Those of the context.
    let fields: FieldPlaces
    /// By the numbers of the variables.
    private let values: FixedBuffer<Value>

    public init(principal: EntityUID, action: EntityUID, resource: EntityUID, context: Record = .empty) {
        self.principal = principal
        self.action = action
        self.resource = resource
        self.context = context
        fields = context.places
        values = FixedBuffer([.entity(principal), .entity(action), .entity(resource), .record(context)])
    }

    package subscript(variable: Variable) -> Value { values[variable.number] }

    /// For as long as the request is held.
    func place(of variable: Variable) -> ValuePlace { unsafe ValuePlace(values.base + variable.number) }
}

extension Request: Hashable {
    public static func == (lhs: Request, rhs: Request) -> Bool {
        lhs === rhs
            || lhs.principal == rhs.principal && lhs.action == rhs.action && lhs.resource == rhs.resource
                && lhs.context == rhs.context
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(principal)
        hasher.combine(action)
        hasher.combine(resource)
        hasher.combine(context)
    }
}

extension Request: CustomStringConvertible {
    public var description: String { "\(principal) \(action) \(resource) \(context)" }
}

extension Variable {
    fileprivate var number: Int {
        switch self {
        case .principal: 0
        case .action: 1
        case .resource: 2
        case .context: 3
        }
    }
}

public enum Decision: String, Hashable, Sendable {
    case allow, deny
}

/// The answer, and what it rests on.
public struct Response: Hashable, Sendable {
    public let decision: Decision
    /// The satisfied forbids, if there is one; else the satisfied permits. Sorted.
    public let reasons: [PolicyID]
    /// The policies that could not be evaluated, sorted. They count neither for nor against.
    public let errors: [PolicyFailure]

    public struct PolicyFailure: Hashable, Sendable {
        public let policy: PolicyID
        public let error: EvaluationError

        package init(policy: PolicyID, error: EvaluationError) {
            self.policy = policy
            self.error = error
        }
    }

    package init(decision: Decision, reasons: [PolicyID], errors: [PolicyFailure]) {
        self.decision = decision
        self.reasons = reasons
        self.errors = errors
    }
}

/// What became of one policy.
package enum PolicyOutcome: Hashable, Sendable {
    case satisfied
    case notSatisfied(Mismatch)
    case failed(EvaluationError)

    /// The first thing that did not hold.
    package enum Mismatch: Hashable, Sendable {
        case principal
        case action
        case resource
        /// By its place among the policy's conditions, from 0.
        case condition(Int)
    }
}
