internal import Decision
package import Directory
internal import Identity
internal import JSON
package import Kernel
internal import Keys
package import Service

/// The admin API: administration, queries, decisions with their reasons, status.
///
/// Knows nothing of sockets: `AdminServer` carries its requests. Nothing that a client sends changes what another may do
/// but through commands of the log.
package struct AdminAPI: Sendable {
    package struct Options: Sendable {
        /// From how long before the end of the certificate status and metrics warn.
        package var certificateWarning = Kernel.Span.seconds(30 * 86_400)
        /// Takes the decisions that leave this node.
        package let log: any DecisionLogSink
        /// Searches the node's decision log.
        package let search: @Sendable (DecisionLogFilter) async throws(ServiceError) -> [DecisionLogEntry]
        /// Figures of other parts of the node for metrics.
        package var metrics: @Sendable () -> [MetricSample] = { [] }
        /// Nil where no node can join.
        package var enrolment: NodeEnrolment?
        /// How the renewal of the node's own certificate stands; nil where nothing renews it.
        package var renewal: @Sendable () -> CertificateRenewalReport? = { nil }
        /// Of the node's decisions in a stage of a roll-out.
        package var rolloutCounts: @Sendable (RolloutStage) -> RolloutCounts = { _ in .none }

        package init(
            log: any DecisionLogSink,
            search: @escaping @Sendable (DecisionLogFilter) async throws(ServiceError) -> [DecisionLogEntry]
        ) {
            self.log = log
            self.search = search
        }
    }

    let client: any ReplicaClient
    let reader: DirectoryReader
    let writer: DirectoryWriter
    let admission: NodeAdmission
    let decisions: DecisionService
    let options: Options

    package static let bodyLimit = 1 << 20

    package init(
        client: any ReplicaClient,
        codec: any DirectoryCodec,
        decisions: DecisionService = DecisionService(),
        options: Options
    ) {
        self.client = client
        self.reader = DirectoryReader(client: client, codec: codec)
        self.writer = DirectoryWriter(client: client)
        self.admission = NodeAdmission(client: client, codec: codec)
        self.decisions = decisions
        self.options = options
    }

    /// Answers every request, errors included.
    package func respond(to request: AdminRequest) async -> AdminResponse {
        do { return try await answer(request) } catch {
            let problem = ProblemDetails(Self.serviceError(error))
            return .problem(problem, headers: Self.headers(problem))
        }
    }

    private func answer(_ request: AdminRequest) async throws -> AdminResponse {
        guard let target = RequestTarget(request.target) else {
            throw AdminCall.invalid("the path or query is malformed")
        }
        let matches = Self.routes.compactMap { route in route.match(target.segments).map { (route, $0) } }
        guard !matches.isEmpty else {
            throw ServiceError(.notFound, code: "no_such_path", message: "there is no such path")
        }
        let method = request.method == "HEAD" ? "GET" : request.method
        guard let (route, parameters) = matches.first(where: { $0.0.method == method }) else {
            return Self.methodNotAllowed(matches.map(\.0.method))
        }
        if let unknown = target.query.first(where: { !route.query.contains($0.name) }) {
            let known = route.query.isEmpty ? "it takes none" : "known are \(route.query.joined(separator: ", "))"
            throw AdminCall.invalid("unknown query parameter \(unknown.name.prefix(64)); \(known)")
        }
        let call = AdminCall(
            request: request,
            parameters: parameters,
            query: target.query,
            credential: try await admit(request, route.access)
        )
        return try await route.handler(self, call)
    }

    /// Who calls; refuses whom the route does not admit.
    private func admit(_ request: AdminRequest, _ access: AdminRoute.Access) async throws(ServiceError) -> Credential? {
        if access == .open { return nil }
        if access == .edge { return .node(try await edge(request)) }
        if access == .nodeOrCaller, let node = try await node(request) { return .node(node.spec.id) }
        let credential = try CallerCredential.of(
            RequestFields(request.headers),
            peer: request.peer,
            at: client.now().wall
        )
        if access == .reader {
            try decisions.authorize(credential, action: "read", in: client.decisionState, at: client.now())
        }
        if access == .identified, case .token(let digest) = credential { _ = try await holder(of: digest) }
        return credential
    }

    private func edge(_ request: AdminRequest) async throws(ServiceError) -> MemberID {
        guard let node = try await node(request), node.role == .edge else {
            throw ServiceError(
                .unauthenticated,
                code: "not_an_edge",
                message: "this is for edges alone, which show their own certificate"
            )
        }
        return node.spec.id
    }

    /// The member or edge whose certificate the connection was made with; nil for any other caller.
    private func node(_ request: AdminRequest) async throws(ServiceError) -> ClusterNode? {
        guard RequestFields(request.headers).authorization == nil, case .verified(let identity, _) = request.peer,
            let name = identity.spiffeID.nodeName
        else { return nil }
        // The connection may outlive the certificate that it began with.
        guard identity.validity.contains(client.now().wall) else {
            throw ServiceError(
                .unauthenticated,
                code: "certificate_expired",
                message: "the node's certificate does not count now; connect with a new one"
            )
        }
        let nodes = try await reader.read { view throws(StateDamage) in try view.allNodes() }
        guard let node = nodes.first(where: { $0.spec.name == name }) else {
            throw ServiceError(
                .unauthenticated,
                code: "unknown_member",
                message: "\(name) is neither a member of the cluster nor an edge"
            )
        }
        guard node.spec.keyFingerprint == identity.fingerprint else {
            throw ServiceError(
                .unauthenticated,
                code: "key_not_pinned",
                message: "key \(identity.fingerprint) is not the one that the log pins for \(name)"
            )
        }
        return node
    }

    private func holder(of digest: Digest) async throws(ServiceError) -> TokenGrant {
        let record = try await reader.read { view throws(StateDamage) in try view.token(secretDigest: digest) }
        guard let record else {
            throw ServiceError(.unauthenticated, code: "token_unknown", message: "there is no such token")
        }
        return record.grant
    }

    /// What a write needs, from the request's headers. Whether the caller may is decided where the command is applied.
    func write(_ call: AdminCall) async throws(ServiceError) -> WriteCall {
        let caller: Caller =
            switch try call.known() {
            case .administrator(let fingerprint): .administrator(fingerprint: fingerprint)
            case .principal(let id): .principal(id, token: nil)
            case .node(let member): .node(member)
            case .token(let digest): try await tokenCaller(digest)
            }
        return WriteCall(
            caller: caller,
            idempotencyKey: try call.header("Idempotency-Key"),
            notAfter: try call.notAfter()
        )
    }

    private func tokenCaller(_ digest: Digest) async throws(ServiceError) -> Caller {
        let grant = try await holder(of: digest)
        return .principal(grant.principal, token: grant.id)
    }

    private static func methodNotAllowed(_ allowed: [String]) -> AdminResponse {
        let list = allowed.sorted().joined(separator: ", ")
        let problem = ProblemDetails(
            status: 405,
            title: "Method Not Allowed",
            code: "method_not_allowed",
            detail: "use \(list)"
        )
        return .problem(problem, headers: [.init(name: "Allow", value: list)])
    }

    private static func headers(_ problem: ProblemDetails) -> [AdminResponse.Header] {
        switch problem.status {
        case 401: [.init(name: "WWW-Authenticate", value: "Bearer realm=\"reeve\"")]
        case 429, 503: [.init(name: "Retry-After", value: "1")]
        default: []
        }
    }

    private static func serviceError(_ error: any Error) -> ServiceError {
        switch error {
        case let error as ServiceError: error
        case let error as FieldError:
            ServiceError(.invalid, code: "invalid_field", message: error.description)
        case let error as JSONError:
            ServiceError(.invalid, code: "invalid_json", message: "the body is not acceptable JSON: \(error)")
        case let error as DecisionQueryError:
            ServiceError(.invalid, code: "invalid_request", message: error.description)
        default:
            // Nothing else is thrown by what is called; its text might hold what a caller must not see.
            ServiceError(.unavailable, code: "internal", message: "an unexpected error occurred")
        }
    }
}
