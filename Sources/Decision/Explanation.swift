package import Cedar
package import Directory
package import Identity

/// Why a decision came out as it did, in a form for people. For callers with `Reeve::Action::"explain"` alone, since a near
/// miss guides an attacker.
package struct Explanation: Hashable, Sendable {
    /// A policy that brought the answer about.
    package struct DecidingPolicy: Hashable, Sendable {
        package let reference: PolicyReference
        package let effect: Effect
        package let text: String
        /// From the principal to the role or group that the policy's scope names; empty where it names none.
        package let subjectPath: [EntityUID]
        /// From the resource to the container that the scope names.
        package let resourcePath: [EntityUID]
        /// What made each of its conditions hold; of a forbid that failed, up to the one that could not be evaluated.
        package let conditions: [ConditionTrace]
    }

    /// What made a condition come out as it did.
    package struct ConditionTrace: Hashable, Sendable {
        /// Among the policy's conditions, from 0.
        package let place: Int
        package let kind: Condition.Kind
        package let outcome: Outcome
        /// The smallest part of it that decided.
        package let text: String
        package let values: [NamedValue]

        /// Raw values are part of the API.
        package enum Outcome: String, Hashable, Sendable {
            case satisfied
            case unsatisfied
            /// It could not be evaluated.
            case error
        }
    }

    /// An expression in a condition, and what it came to.
    package struct NamedValue: Hashable, Sendable {
        package let text: String
        package let result: Result<Value, EvaluationError>
    }

    /// A permit for this action that did not apply.
    package struct NearMiss: Hashable, Sendable {
        package enum Obstacle: Hashable, Sendable {
            /// Its scope asks for another principal or resource.
            case principal, resource
            case condition(ConditionTrace)
            case failed(EvaluationError)
        }

        package let policy: PolicyReference
        package let obstacle: Obstacle
        /// The fewest changes found by which it would apply.
        package let changes: [Change]?
    }

    package let answer: DecisionAnswer
    package let policies: [DecidingPolicy]
    /// For a denial by policies, where no permit was satisfied: the closest first.
    package let nearMisses: [NearMiss]
}

extension DecisionSnapshot {
    /// The answer that `decide` gives, and what led to it.
    package func explain(_ query: DecisionQuery, by credential: Credential, at moment: DecisionMoment?) -> Explanation {
        var work = DecisionWork(snapshot: self, moment: moment, workspace: DecisionWorkspace())
        let answer = work.answer(to: query, by: credential)
        guard let moment, let request = work.request else {
            return Explanation(answer: answer, policies: [], nearMisses: [])
        }
        var explainer = Explainer(request: request, entities: work.entities(moment))
        return Explanation(
            answer: answer,
            policies: explainer.deciding(answer.policies, in: policies),
            nearMisses: answer.code.isByPolicies ? explainer.nearMisses(in: policies) : []
        )
    }
}

extension DecisionCode {
    /// Whether policies denied, rather than the standing of somebody or the age of knowledge.
    fileprivate var isByPolicies: Bool { self == .noPermit || self == .forbidden || self == .policyError }
}
