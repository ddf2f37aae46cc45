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
        AdminRoute("DELETE", "/v1/members/{name}", .caller, query: ["leave_edges"]) { try await $0.removeNode($1) },
        AdminRoute("POST", "/v1/members/{name}/labels", .caller) { api, call in
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

    /// A name that was a node's until now is one still: a retry gets the receipt of the first attempt. What the node was is not
    /// known any more, so one of the two commands is the one that the key stands for.
    private func removeNode(_ call: AdminCall) async throws -> AdminResponse {
        let name = call.parameter("name")
        try await checkEdgesCanFollow(removalOf: name, call)
        let bodies = try await reader.find("member \(name)") { view throws(StateDamage) -> [CommandBody]? in
            if let node = try view.allNodes().first(where: { $0.spec.name == name }) {
                return [node.role == .edge ? .removeEdge(node.spec.id) : .removeMember(node.spec.id)]
            }
            let former = try view.allFormerMembers().filter { $0.name == name }
            return former.max { $0.metadata.revision < $1.metadata.revision }
                .map { [.removeMember($0.id), .removeEdge($0.id)] }
        }
        let write = try await write(call)
        for body in bodies.dropLast() {
            do throws(ServiceError) {
                return .receipt(try await writer.submit(body, write))
            } catch {
                guard error.code == RefusalCode.idempotencyConflict.rawValue else { throw error }
            }
        }
        return .receipt(try await writer.submit(bodies[bodies.count - 1], write))
    }

    /// Edges follow the voters from one set to the next by the word of a majority of the earlier one. Of two voters that is both,
    /// and the one that is removed says nothing any more.
    private func checkEdgesCanFollow(removalOf name: String, _ call: AdminCall) async throws {
        switch call.query("leave_edges") {
        case "true": return
        case nil, "false": break
        default: throw AdminCall.invalid("leave_edges must be true or false")
        }
        let (members, edges) = try await reader.read { view throws(StateDamage) in
            (try view.allMembers(), try view.allEdges())
        }
        let voters = members.filter(\.isVoter).map(\.spec.name)
        guard voters.count == 2, voters.contains(name), !edges.isEmpty else { return }
        throw ServiceError(
            .conflict,
            code: "edges_left_behind",
            message:
                "\(name) is one of two voters, and both would have to tell edges that the other one stays: every edge would "
                + "be left behind, and would have to join again; add another voter first, remove the edges, or say leave_edges=true"
        )
    }

    private static func neverVotes(_ node: ClusterNode) -> ServiceError {
        ServiceError(
            .conflict,
            code: "never_votes",
            message: "\(node.spec.name) is an edge, which never votes; remove it, and add it again as a member"
        )
    }

    private static let ticketLifetimes: ClosedRange<UInt64> = 60...86_400

    /// As a time, by which a retry is the same command, or as a lifetime from now on, of an hour unless given.
    private static func end(ofTicket body: inout ObjectReader, at now: WallTime) throws -> WallTime {
        let lifetime = try body.optionalInteger("lifetime_seconds", in: ticketLifetimes)
        guard let time = try body.optionalTime("expires_at") else {
            return now.advanced(by: .seconds(lifetime ?? 3600))
        }
        let latest = now.advanced(by: .seconds(ticketLifetimes.upperBound))
        guard lifetime == nil, now < time, time <= latest else {
            throw FieldError(
                FieldPath.root.member("expires_at"),
                "must be within a day from now, and goes without lifetime_seconds"
            )
        }
        return time
    }

    /// The secret is in this one answer and nowhere else.
    private func issueTicket(_ call: AdminCall) async throws -> AdminResponse {
        guard let enrolment = options.enrolment else { throw Self.noEnrolment }
        var body = try call.body()
        let secret = TokenSecret.random()
        let expiresAt = try Self.end(ofTicket: &body, at: client.now().wall)
        let role = try body.optionalChoice("role", JoinTicket.Role.self) ?? .learner
        let ticket = JoinTicket(
            name: try body.string("name"),
            raftAddress: try body.string("raft_address"),
            apiAddresses: try body.strings("api_addresses"),
            secretDigest: secret.digest,
            expiresAt: expiresAt,
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
