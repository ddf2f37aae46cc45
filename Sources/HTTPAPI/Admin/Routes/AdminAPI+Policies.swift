internal import Cedar
internal import Directory
internal import JSON
internal import Kernel
internal import Service

extension AdminAPI {
    static let policyRoutes: [AdminRoute] = [
        AdminRoute("GET", "/v1/policy-sets", .reader, query: AdminCall.listQuery) { api, call in
            let request = try call.list()
            let page = try await api.read(call) { view throws(StateDamage) in try view.policySets(request) }
            return Self.page(page) { .object($0.members) }
        },
        AdminRoute("GET", "/v1/policy-sets/{set}", .reader, query: AdminCall.readQuery) { api, call in
            let name = call.parameter("set")
            let record = try await api.find("policy set \(name)", call) { view throws(StateDamage) in
                try view.policySet(name)
            }
            return .json(.object(record.members), tag: record.metadata.revision)
        },
        AdminRoute("DELETE", "/v1/policy-sets/{set}", .caller, preconditions: true) { api, call in
            let precondition = try call.precondition()
            return .receipt(
                try await api.writer.deletePolicySet(
                    call.parameter("set"),
                    precondition == .none ? .mustExist : precondition,
                    api.write(call)
                )
            )
        },
        AdminRoute("GET", "/v1/policy-sets/{set}/versions", .reader, query: AdminCall.listQuery) { api, call in
            let request = try call.list()
            let set = call.parameter("set")
            let page = try await api.read(call) { view throws(StateDamage) in
                try view.policyVersions(of: set, request)
            }
            return Self.page(page) { .object($0.members) }
        },
        AdminRoute("GET", "/v1/policy-sets/{set}/versions/{version}", .reader, query: AdminCall.readQuery) {
            try await $0.getPolicyVersion($1)
        },
        AdminRoute("POST", "/v1/policy-sets/{set}/versions", .caller, preconditions: true) { api, call in
            try await api.draft(call)
        },
        AdminRoute("POST", "/v1/policy-sets/{set}/activate", .caller, preconditions: true) { api, call in
            var reader = try call.body()
            let version = try reader.integer("version", in: 1...UInt64(Int64.max))
            let rollout = try reader.optionalObject("rollout")
            try reader.finish()
            if let rollout {
                let spec = try RolloutSpec(set: call.parameter("set"), version: version, rollout)
                return .receipt(try await api.writer.submit(.beginRollout(spec, call.precondition()), api.write(call)))
            }
            return .receipt(
                try await api.writer.activatePolicies(
                    set: call.parameter("set"),
                    version: version,
                    call.precondition(),
                    api.write(call)
                )
            )
        },
    ]

    private func getPolicyVersion(_ call: AdminCall) async throws -> AdminResponse {
        let set = call.parameter("set")
        guard let version = UInt64(call.parameter("version")) else {
            throw AdminCall.invalid("a version is a number")
        }
        let record = try await find("version \(version) of policy set \(set)", call) { view throws(StateDamage) in
            try view.policyVersion(set, version)
        }
        return .json(
            .object(record.members + [JSONMember("text", record.text)]),
            tag: record.metadata.revision
        )
    }

    /// Policies that parse are drafted, with warnings of what seems wrong with them; with `strict`, only without errors.
    private func draft(_ call: AdminCall) async throws -> AdminResponse {
        try await authorizeDraft(call)
        var reader = try call.body()
        let draft = PolicyDraft(
            set: call.parameter("set"),
            text: try reader.string("text"),
            note: try reader.optionalString("note") ?? "",
            precondition: try call.precondition()
        )
        let isStrict = try reader.optionalBool("strict") ?? false
        try reader.finish()
        let review = PolicyReview(try Self.parsed(draft))
        let errors = review.findings.filter(\.isError)
        guard !isStrict || errors.isEmpty else { throw Self.invalid(errors.map(\.diagnostic.place)) }
        let receipt = try await writer.draftPolicies(draft, write(call))
        let version = receipt.created.first.flatMap { UInt64($0) }
        return .receipt(
            receipt,
            status: 201,
            adding: [
                JSONMember("version", version.map(\.json) ?? .null),
                JSONMember("warnings", .array(review.findings.map(\.json))),
            ]
        )
    }

    /// As the command is once more where it is applied. To parse and to review a text takes long: this node does it for those
    /// alone who may draft, as far as it knows.
    private func authorizeDraft(_ call: AdminCall) async throws {
        let set = call.parameter("set")
        let record = try await reader.read { view throws(StateDamage) in try view.policySet(set) }
        try decisions.authorize(
            call.known(),
            action: "draftPolicies",
            on: EntityUIDs.policySet(set),
            context: ["exists": .bool(record != nil)],
            in: client.decisionState,
            at: client.now()
        )
    }

    /// Says where a text is wrong, which a refusal in the log has no room for.
    private static func parsed(_ draft: PolicyDraft) throws(ServiceError) -> ActivePolicySet {
        do throws(PolicyTextError) {
            return try ActivePolicySet(name: draft.set, version: 0, text: draft.text)
        } catch {
            throw invalid(error.diagnostics.map { "line \($0.line), column \($0.column): \($0.message)" })
        }
    }

    private static func invalid(_ places: [String]) -> ServiceError {
        ServiceError(
            .invalid,
            code: RefusalCode.invalidPolicy.rawValue,
            message: places.prefix(Limits.refusalNames).joined(separator: "; ")
        )
    }
}

extension Diagnostic {
    fileprivate var place: String { "line \(position.line), column \(position.column): \(message)" }
}

extension PolicyReview.Finding {
    fileprivate var json: JSONValue {
        [
            "policy": .string(policy), "severity": .string(isError ? "error" : "warning"),
            "line": .integer(Int64(diagnostic.position.line)), "column": .integer(Int64(diagnostic.position.column)),
            "length": .integer(Int64(diagnostic.length)), "message": .string(diagnostic.message),
        ]
    }
}

extension PolicySetRecord {
    var members: [JSONMember] {
        [
            JSONMember("name", name), JSONMember("active_version", activeVersion.map(\.json) ?? .null),
            JSONMember("latest_version", latestVersion.json),
        ] + metadata.members
    }
}

extension PolicyVersionRecord {
    /// Without the text, which may be long.
    var members: [JSONMember] {
        [
            JSONMember("set", set), JSONMember("version", version.json), JSONMember("state", state.rawValue),
            JSONMember("note", note), JSONMember("author", author.json), JSONMember("activated_at", activatedAt.json),
        ] + metadata.members
    }
}
