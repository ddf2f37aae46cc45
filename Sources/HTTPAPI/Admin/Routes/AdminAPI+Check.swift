internal import Cedar
internal import Decision
internal import Directory
internal import Identity
internal import JSON
internal import Kernel
internal import NIOCore
internal import Service

extension AdminAPI {
    static let checkRoutes: [AdminRoute] = [
        AdminRoute("POST", "/v1/check", .caller, query: ["at_least"]) { api, call in try await api.check(call) }
    ]

    /// A decision as any other, with what led to it for callers who may know.
    private func check(_ call: AdminCall) async throws -> AdminResponse {
        let credential = try call.known()
        let query = try Self.query(call)
        try await wait(until: try call.query.atLeast(), for: credential)
        let state = client.decisionState
        let now = client.now()
        let explanation = decisions.explain(query, by: credential, in: state, at: now)
        if let error = DecisionService.authenticationError(explanation.answer.code) { throw error }
        let requestID = RequestFields(call.request.headers).requestID
        let answer = record(explanation.answer, to: query, id: requestID, at: now)
        let mayExplain = decisions.mayExplain(query, by: credential, in: state, at: now)
        let caller = JSONMember("caller", answer.caller.map { .string($0.description) } ?? .null)
        return .json(.object(answer.members + (mayExplain ? [caller] + explanation.members : [])))
    }

    /// A place among the requests of the node, which writes need too, is for callers that it knows. For others, who may be new
    /// to the log, it looks for as long as the decision port does.
    private func wait(until revision: LogIndex, for credential: Credential) async throws {
        if decisions.knows(credential, in: client.decisionState, at: client.now()) {
            if revision > .zero { try await client.wait(until: revision, within: AdminCall.readTimeout) }
            return
        }
        let end = ContinuousClock.now + .nanoseconds(DataPlaneLimits().revisionTimeout.nanoseconds)
        while client.decisionState.snapshot.revision < revision {
            guard ContinuousClock.now < end else {
                throw ServiceError.behind(at: client.decisionState.snapshot.revision)
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// A decision that cannot be recorded is a denial.
    private func record(
        _ answer: DecisionAnswer,
        to query: DecisionQuery,
        id requestID: String,
        at now: Moment
    ) -> DecisionAnswer {
        guard answer.code.isAudited else { return answer }
        var line: [UInt8] = []
        DecisionLogEntry.append(answer, to: query, id: requestID, at: now.wall, to: &line)
        return options.log.append(line) ? answer : answer.denied(.logUnavailable)
    }

    private static func query(_ call: AdminCall) throws -> DecisionQuery {
        var body = try call.body()
        let principal = try body.principal("principal")
        let action = try body.string("action")
        let resource = try EntityName(body.required("resource"), at: FieldPath.root.member("resource"))
        let context = try properties(&body, "context")
        let actionProperties = try properties(&body, "action_properties")
        let resourceProperties = try properties(&body, "resource_properties")
        try body.finish()
        return try DecisionQuery(
            subject: (principal.kind.rawValue, principal.name, .empty),
            action: (action, actionProperties),
            resource: (resource.type, resource.id, resourceProperties),
            context: context
        )
    }

    private static func properties(_ body: inout ObjectReader, _ name: String) throws(FieldError) -> Cedar.Record {
        guard let value = body.optional(name) else { return .empty }
        let path = FieldPath.root.member(name)
        guard let members = value.objectValue else { throw FieldError(path, "must be an object, not \(value.kind)") }
        do throws(PropertyError) { return try PropertyValues.record(members) } catch {
            throw FieldError(path.member(error.name), error.problem)
        }
    }
}

extension DecisionAnswer {
    fileprivate var members: [JSONMember] {
        [
            JSONMember("decision", isAllowed ? "allow" : "deny"), JSONMember("code", code.rawValue),
            JSONMember("revision", revision.json), JSONMember("epoch", epoch.json),
            JSONMember("age_ms", age.map { $0.milliseconds.json } ?? .null),
            JSONMember("obligations", .array(duties.obligations.map { .string($0) })),
            JSONMember("advice", .array(duties.advice.map { .string($0) })),
        ]
    }
}
