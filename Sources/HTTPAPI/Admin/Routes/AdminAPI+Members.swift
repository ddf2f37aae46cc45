internal import Directory
internal import Identity
internal import JSON
internal import Kernel
internal import Keys
internal import Service

extension AdminAPI {
    static let memberRoutes: [AdminRoute] = [
        AdminRoute("GET", "/v1/members", .reader, query: ["at_least"]) { api, call in
            let nodes = try await api.read(call) { view throws(StateDamage) in try view.allNodes() }
            return Self.all(nodes.map(\.json))
        },
        AdminRoute("POST", "/v1/members/{name}/promote", .caller) { api, call in
            let node = try await api.node(call)
            guard node.role != .edge else { throw Self.neverVotes(node) }
            return .receipt(try await api.writer.submit(.promoteMember(node.spec.id), api.write(call)))
        },
        AdminRoute("DELETE", "/v1/members/{name}", .caller) { api, call in
            let node = try await api.node(call)
            let body = node.role == .edge ? CommandBody.removeEdge(node.spec.id) : .removeMember(node.spec.id)
            return .receipt(try await api.writer.submit(body, api.write(call)))
        },
        AdminRoute("POST", "/v1/members/{name}/labels", .caller) { api, call in
            try call.refusePreconditions()
            var body = try call.body()
            let change = LabelChange(set: try Labels(reading: &body, "set"), removed: try body.strings("remove"))
            try body.finish()
            let node = try await api.node(call)
            return .receipt(try await api.writer.submit(.labelNode(node.spec.id, change), api.write(call)))
        },
        AdminRoute("POST", "/v1/members/{name}/certificate", .nodeOrCaller) { api, call in
            try await api.renewCertificate(call)
        },
        AdminRoute("GET", "/v1/join-tickets", .reader, query: ["at_least"]) { api, call in
            let request = ListRequest(limit: ListRequest.maximumLimit)
            let page = try await api.read(call) { view throws(StateDamage) in try view.joinTickets(request) }
            return Self.all(page.items.map(\.json))
        },
        AdminRoute("POST", "/v1/join-tickets", .caller) { api, call in try await api.issueTicket(call) },
        AdminRoute("DELETE", "/v1/join-tickets/{name}", .caller) { api, call in
            let body = CommandBody.withdrawJoinTicket(name: call.parameter("name"))
            return .receipt(try await api.writer.submit(body, api.write(call)))
        },
        AdminRoute("POST", "/v1/join", .open) { api, call in try await api.join(call) },
        AdminRoute("GET", "/v1/state", .edge) { api, _ in .stream(try await api.client.backup(.state)) },
        AdminRoute("GET", "/v1/backup", .caller, query: ["kind"]) { api, call in try await api.backup(call) },
        AdminRoute("POST", "/v1/leadership/transfer", .caller) { api, call in try await api.transfer(call) },
    ]

    private func node(_ call: AdminCall) async throws(ServiceError) -> ClusterNode {
        let name = call.parameter("name")
        return try await reader.find("member \(name)") { view throws(StateDamage) in
            try view.allNodes().first { $0.spec.name == name }
        }
    }

    private static func neverVotes(_ node: ClusterNode) -> ServiceError {
        ServiceError(
            .conflict,
            code: "never_votes",
            message: "\(node.spec.name) is an edge, which never votes; remove it, and add it again as a member"
        )
    }

    /// The secret is in this one answer and nowhere else.
    private func issueTicket(_ call: AdminCall) async throws -> AdminResponse {
        guard let enrolment = options.enrolment else { throw Self.noEnrolment }
        var body = try call.body()
        let secret = TokenSecret.random()
        let lifetime = try body.optionalInteger("lifetime_seconds", in: 60...86_400) ?? UInt64(3600)
        let role = try body.optionalChoice("role", JoinTicket.Role.self) ?? .learner
        let ticket = JoinTicket(
            name: try body.string("name"),
            raftAddress: try body.string("raft_address"),
            apiAddresses: try body.strings("api_addresses"),
            secretDigest: secret.digest,
            expiresAt: client.now().wall.advanced(by: .seconds(lifetime)),
            isEdge: role == .edge,
            labels: try Labels(reading: &body, "labels")
        )
        try body.finish()
        let receipt = try await writer.submit(.issueJoinTicket(ticket), write(call))
        let stored = try await reader.read(.atLeast(receipt.revision)) { view throws(StateDamage) in
            try view.joinTicket(ticket.name)
        }
        guard stored?.ticket.secretDigest == ticket.secretDigest else {
            throw ServiceError(
                .conflict,
                code: "ticket_already_issued",
                message: "an earlier attempt has issued the ticket, whose secret cannot be shown again; issue another"
            )
        }
        return .receipt(
            receipt,
            status: 201,
            adding: [
                JSONMember("name", ticket.name), JSONMember("role", role.rawValue), JSONMember("secret", secret.text),
                JSONMember("expires_at", ticket.expiresAt.json), JSONMember("roots", enrolment.rootsPEM),
            ]
        )
    }

    /// Open to whoever holds a ticket, since a node that joins has no certificate yet. An edge is told what to begin from.
    private func join(_ call: AdminCall) async throws -> AdminResponse {
        guard let enrolment = options.enrolment, let issuer = enrolment.issuer else { throw Self.noEnrolment }
        var body = try call.body()
        let name = try body.string("name")
        let secret = try body.string("secret")
        let instance = try body.digest("instance")
        let request = try body.certificateRequest()
        try body.finish()
        let admitted = try await admission.admit(
            NodeAdmission.Application(
                name: name,
                secretDigest: .of(Array(secret.utf8)),
                keyFingerprint: request.fingerprint,
                instance: instance
            )
        )
        // A node that joins believes these about who votes, which a learner is not to say.
        let members = try await reader.read { view throws(StateDamage) in try view.allMembers() }
            .filter { $0.isVoter || $0.spec.id == admitted.spec.id }
        let chain = try enrolment.certificate(for: admitted.spec, request: request, by: issuer, at: client.now().wall)
        let role = admitted.checkpoint == nil ? JoinTicket.Role.learner : .edge
        return .json(
            [
                "member": admitted.spec.json, "members": .array(members.map(\.spec.json)),
                "certificate": .string(chain), "roots": .string(enrolment.rootsPEM), "genesis": enrolment.genesis,
                "role": .string(role.rawValue), "checkpoint": (admitted.checkpoint?.hex).json,
            ],
            status: 201
        )
    }

    /// A node renews its own certificate; for one that can prove itself no more, whoever may `renewCertificate` asks.
    ///
    /// Name and addresses are those of the log, and the key is the one that it pins: nobody gets more than the node has.
    private func renewCertificate(_ call: AdminCall) async throws -> AdminResponse {
        guard let enrolment = options.enrolment, let issuer = enrolment.issuer else { throw Self.noEnrolment }
        let member = try await node(call).spec
        if case .node(let caller) = try call.known() {
            guard caller == member.id else {
                throw ServiceError(
                    .forbidden,
                    code: "another_member",
                    message: "a node renews no certificate but its own"
                )
            }
        } else {
            try decisions.authorize(
                call.known(),
                action: "renewCertificate",
                on: EntityUIDs.node(member.id),
                in: client.decisionState,
                at: client.now()
            )
        }
        var body = try call.body()
        let request = try body.certificateRequest()
        try body.finish()
        guard request.fingerprint == member.keyFingerprint else {
            throw ServiceError(
                .invalid,
                code: "key_not_pinned",
                message: "key \(request.fingerprint) is not the one that the log pins for \(member.name)"
            )
        }
        let chain = try enrolment.certificate(for: member, request: request, by: issuer, at: client.now().wall)
        return .json(["certificate": .string(chain)], status: 201)
    }

    /// The whole state leaves the node, digests of tokens included: `Reeve::Action::"backup"` is not lightly given.
    private func backup(_ call: AdminCall) async throws -> AdminResponse {
        try decisions.authorize(call.known(), action: "backup", in: client.decisionState, at: client.now())
        let name = call.query("kind") ?? BackupKind.state.rawValue
        guard let kind = BackupKind(rawValue: name) else {
            throw AdminCall.invalid("kind must be \(BackupKind.allCases.map(\.rawValue).joined(separator: " or "))")
        }
        return .stream(try await client.backup(kind))
    }

    private func transfer(_ call: AdminCall) async throws -> AdminResponse {
        try decisions.authorize(
            call.known(),
            action: "transferLeadership",
            in: client.decisionState,
            at: client.now()
        )
        var body = try call.body()
        let name = try body.optionalString("to")
        try body.finish()
        let members = try await reader.read { view throws(StateDamage) in try view.allMembers() }
        let target = members.first { $0.spec.name == name }?.spec.id
        if let name, target == nil {
            throw ServiceError(.notFound, code: "not_found", message: "there is no member \(name)")
        }
        let leader = try await client.transferLeadership(to: target, within: .seconds(10))
        let known = members.first { $0.spec.id == leader }?.spec.name
        return .json(["leader": .string(known ?? leader.uuid)])
    }

    private static let noEnrolment = ServiceError(
        .unavailable,
        code: "no_issuing_key",
        message: "this node has no issuing key and cannot admit others; ask another voter"
    )
}

extension ObjectReader {
    fileprivate mutating func certificateRequest() throws -> CertificateRequest {
        do {
            return try CertificateRequest(pem: try string("certificate_request"), place: "certificate_request")
        } catch let error as KeysError {
            throw ServiceError(.invalid, code: "invalid_certificate_request", message: "\(error)")
        }
    }
}

extension AdminResponse {
    fileprivate static func stream(_ source: BackupSource) -> AdminResponse {
        AdminResponse(
            status: 200,
            mediaType: "application/octet-stream",
            headers: [Header(name: "Reeve-Revision", value: String(source.revision.number))],
            body: [],
            stream: source
        )
    }
}

extension JoinTicket {
    /// What a node joins as.
    fileprivate enum Role: String, CaseIterable { case learner, edge }
}

extension JoinTicketRecord {
    /// Without the secret's digest, which is of use to nobody.
    fileprivate var json: JSONValue {
        .object(
            [
                JSONMember("name", ticket.name),
                JSONMember("role", (ticket.isEdge ? JoinTicket.Role.edge : .learner).rawValue),
                JSONMember("raft_address", ticket.raftAddress),
                JSONMember("api_addresses", .array(ticket.apiAddresses.map { .string($0) })),
                JSONMember("labels", ticket.labels.json), JSONMember("expires_at", ticket.expiresAt.json),
                JSONMember("issuer", issuer.json),
                JSONMember("used_by", (usedBy?.uuid).json),
            ] + metadata.members
        )
    }
}
