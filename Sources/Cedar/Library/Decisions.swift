/// Decides by testing every policy: the plain form of `CompiledPolicySet.authorize`, which says the same sooner.
///
/// One satisfied forbid denies. Otherwise one satisfied permit allows. Otherwise the answer is deny. A policy that
/// fails is left out and named among the errors, so a failing forbid does not deny: that is the language's rule, and what
/// protects from it is validation. A decision that exceeds its limit is a deny.
public func authorize(
    _ request: Request,
    policies: PolicySet,
    entities: EntityStore,
    limits: EvaluationLimits = .standard
) -> Response {
    authorize(request, policies: policies, entities: entities as any EntityProvider, limits: limits)
}

extension CompiledPolicySet {
    /// Decides one request. For many in a row a `CompiledEvaluator` keeps the space that decisions need.
    public func authorize(
        _ request: Request,
        entities: EntityStore,
        limits: EvaluationLimits = .standard
    ) -> Response {
        authorize(request, entities: entities as any EntityProvider, limits: limits)
    }
}

extension CompiledEvaluator {
    /// For requests about these entities, one after the other: `begin` turns to another one, `decide` answers it.
    public init(_ request: Request, entities: EntityStore, limits: EvaluationLimits = .standard) {
        self.init(request, entities: entities as any EntityProvider, limits: limits)
    }

    /// Turns to another request and to other entities, such as a later version of the same.
    public mutating func begin(_ request: Request, entities: EntityStore) {
        begin(request, entities: entities as any EntityProvider)
    }

    /// Of the latest decision: the satisfied forbids, if there is one; else the satisfied permits. Sorted.
    public var reasons: [PolicyID] { satisfied.map(\.policy.id) }

    /// Of the latest decision: the policies that could not be evaluated, sorted.
    public var errors: [Response.PolicyFailure] {
        failures.map { Response.PolicyFailure(policy: $0.policy.policy.id, error: $0.error) }
    }
}
