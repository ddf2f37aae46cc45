package import Cedar
package import Decision
package import Directory
package import Kernel

/// What a decision rests on, for those who may know: the policies that brought it about, the roles and groups through
/// which the subject came under them, and what did not count.
package struct DecisionExplanation: Hashable, Sendable {
    package struct DecidingPolicy: Hashable, Sendable {
        package let reference: PolicyReference
        /// From the subject to the role or group that the policy names; empty where it names none.
        package let subjectPath: [EntityUID]
        /// From the resource to the container that the policy names.
        package let resourcePath: [EntityUID]
    }

    package let policies: [DecidingPolicy]
    package let failures: [PolicyVerdict.Failure]
    package let ignoredProperties: [DecisionAnswer.IgnoredProperty]

    package init(
        _ answer: DecisionAnswer,
        to query: DecisionQuery,
        in state: DecisionState,
        at now: Moment,
        rules: ClockRules
    ) {
        let interval = state.freshness.map { $0.interval(at: now.monotonic, rules: rules) }
        let view = EntityView(
            state.snapshot,
            in: TimeInterval(earliest: interval?.earliest ?? .distantPast, latest: interval?.latest ?? .distantFuture)
        )
        self.policies = answer.policies.map { reference in
            let scope = Self.scope(of: reference, in: state.snapshot)
            return DecidingPolicy(
                reference: reference,
                subjectPath: Self.path(from: query.subject.uid, to: scope?.principal, view),
                resourcePath: Self.path(from: query.resource.uid, to: scope?.resource, view)
            )
        }
        self.failures = answer.failures
        self.ignoredProperties = answer.ignoredProperties
    }

    private static func scope(of reference: PolicyReference, in snapshot: DecisionSnapshot) -> Scope? {
        let set = snapshot.policies.first { $0.name == reference.set && $0.version == reference.version }
        return set?.rules.first { $0.reference == reference }?.policy.scope
    }

    private static func path(
        from uid: EntityUID,
        to constraint: EntityConstraint?,
        _ view: EntityView
    ) -> [EntityUID] {
        switch constraint {
        case .memberOf(.entity(let ancestor)), .isTypeIn(_, .entity(let ancestor)):
            view.path(from: uid, to: ancestor) ?? []
        case .any, .equal, .isType, .memberOf, .isTypeIn, nil: []
        }
    }
}
