internal import Cedar
package import Decision
internal import Directory
package import Kernel

extension DecisionLogEntry {
    /// Appends the line of a decision without making an entry in between.
    package static func append(
        _ answer: DecisionAnswer,
        to query: DecisionQuery,
        isSearch: Bool = false,
        id requestID: String,
        at time: WallTime,
        to bytes: inout [UInt8]
    ) {
        let line = DecisionLogEntry(
            time: time,
            requestID: requestID,
            caller: answer.caller.map(Entity.init),
            subject: Entity(query.subject.uid),
            action: query.action.id,
            resource: Entity(query.resource.uid),
            isAllowed: answer.isAllowed,
            code: answer.code.rawValue,
            policies: answer.policies.map(\.description),
            obligations: answer.duties.obligations,
            advice: answer.duties.advice,
            revision: answer.revision,
            epoch: answer.epoch,
            ageMilliseconds: answer.age?.milliseconds,
            isSearch: isSearch
        )
        line.append(to: &bytes)
    }
}

extension DecisionCode {
    /// Whether answers with this code stand in the decision log.
    ///
    /// Not those to callers that nobody knows, who could otherwise push what matters out of the log by asking often.
    package var isAudited: Bool {
        switch self {
        case .tokenUnknown, .callerUnknown, .notReady: false
        case .allowed, .noPermit, .forbidden, .policyError, .stale, .principalRevoked, .principalQuarantined,
            .principalRestricted, .callerRevoked, .callerQuarantined, .callerRestricted, .tokenExpired, .tokenRevoked,
            .notAuthorizedForSubject, .attributeConflict, .logUnavailable:
            true
        }
    }
}
