package import Decision
internal import Identity
package import Kernel
internal import NIOCore
internal import NIOHTTP1
package import Service

/// The AuthZEN Authorization API 1.0 of a node: decisions from its snapshot, on the event loop that received the request.
///
/// No decision leaves before `commit` has written it to the decision log; when it cannot be written, the answer is
/// a denial with `log_unavailable`.
package struct AuthZENResponder: DataPlaneResponder {
    package struct Lane {
        /// Lines of the decision log that are not written yet, and what they say in short.
        var lines: [UInt8] = []
        var codes: [DecisionCode] = []
        var requestIDs = RequestIDSource()
        let workspace = DecisionWorkspace()
    }

    package let counters: DecisionCounters
    private let client: any ReplicaClient
    private let service: DecisionService
    private let log: any DecisionLogSink
    private let metadata: PDPMetadata
    private let rollouts: RolloutCounter

    /// - Parameter baseURL: How clients reach this node, such as `https://node-1.example:8443`.
    package init(
        client: any ReplicaClient,
        log: any DecisionLogSink,
        baseURL: String,
        rules: ClockRules = ClockRules(),
        counters: DecisionCounters = DecisionCounters(),
        rollouts: RolloutCounter = RolloutCounter()
    ) {
        self.client = client
        self.service = DecisionService(rules: rules)
        self.log = log
        self.metadata = PDPMetadata(baseURL: baseURL)
        self.counters = counters
        self.rollouts = rollouts
    }

    package func makeLane() -> Lane { Lane() }

    package var revision: LogIndex { client.decisionState.snapshot.revision }

    package func respond(
        to request: DataPlaneRequest,
        on lane: inout Lane,
        with response: inout DataPlaneResponse
    ) {
        response.requestID = request.fields.requestID
        if response.requestID.isEmpty { response.requestID = lane.requestIDs.next() }
        let target = Target(uri: request.head.uri)
        switch target.route {
        case .evaluation: evaluate(request, target, asBatch: false, &lane, &response)
        case .evaluations: evaluate(request, target, asBatch: true, &lane, &response)
        case .search(let entity):
            ask(request, target, &lane, &response) { body, asking, lane, response throws(ServiceError) in
                try search(entity, body, asking, &lane, &response)
            }
        case .metadata:
            guard request.head.method == .GET || request.head.method == .HEAD else {
                return HTTPProblem.methodNotAllowed(.get).write(to: &response)
            }
            response.body.append(contentsOf: metadata.json)
        case nil: HTTPProblem.notFound.write(to: &response)
        }
    }

    package func commit(_ lane: inout Lane) -> Bool {
        guard !lane.lines.isEmpty else { return true }
        let isWritten = log.append(lane.lines)
        counters.count(lane.codes, areLogged: isWritten)
        lane.lines.removeAll(keepingCapacity: true)
        lane.codes.removeAll(keepingCapacity: true)
        return isWritten
    }

    package func deny(_ decisions: DataPlaneResponse.Decisions, with response: inout DataPlaneResponse) {
        EvaluationEncoder.appendUnlogged(decisions, to: &response.body)
    }

    private func evaluate(
        _ request: DataPlaneRequest,
        _ target: Target,
        asBatch: Bool,
        _ lane: inout Lane,
        _ response: inout DataPlaneResponse
    ) {
        ask(request, target, &lane, &response) { body, asking, lane, response throws(ServiceError) in
            var asking = asking
            let decoded = try Self.decoded(body, asBatch: asBatch)
            asking.wantsExplanation = decoded.wantsExplanation
            switch decoded.questions {
            case .one(let evaluation): try answer(evaluation, asking, &lane, &response)
            case .several(let batch): try answer(batch, asking, &lane, &response)
            }
        }
    }

    /// Finds out who asks, and has the body answered.
    private func ask(
        _ request: DataPlaneRequest,
        _ target: Target,
        _ lane: inout Lane,
        _ response: inout DataPlaneResponse,
        _ answer: ([UInt8], Asking, inout Lane, inout DataPlaneResponse) throws(ServiceError) -> Void
    ) {
        guard request.head.method == .POST else { return HTTPProblem.methodNotAllowed(.post).write(to: &response) }
        guard !request.fields.isAmbiguous else { return HTTPProblem.ambiguousHeader.write(to: &response) }
        do throws(ServiceError) {
            let now = client.now()
            let credential = try request.tokens.credential(request.fields, peer: request.peer, at: now.wall)
            guard request.fields.isJSON else { return HTTPProblem.wrongContentType.write(to: &response) }
            let state = client.decisionState
            if target.hasQuery { try check(state, reflectsWhatIsWantedBy: request, &response) }
            let asking = Asking(
                credential: credential,
                state: state,
                now: now,
                requestID: response.requestID
            )
            try answer(Array(request.body.readableBytesView), asking, &lane, &response)
        } catch {
            HTTPProblem.service(error).write(to: &response)
        }
    }

    /// - Throws: Where the request wants a newer state; the response then says from which revision on it can be answered.
    private func check(
        _ state: DecisionState,
        reflectsWhatIsWantedBy request: DataPlaneRequest,
        _ response: inout DataPlaneResponse
    ) throws(ServiceError) {
        guard let target = RequestTarget(request.head.uri) else {
            throw ServiceError(.invalid, code: "invalid_request", message: "the path or query is malformed")
        }
        let wanted = try target.query.atLeast()
        guard state.snapshot.revision < wanted else { return }
        response.awaitedRevision = wanted
        throw .behind(at: state.snapshot.revision)
    }

    private static func decoded(
        _ body: [UInt8],
        asBatch: Bool
    ) throws(ServiceError) -> EvaluationDecoder.Request {
        do throws(EvaluationError) {
            return asBatch ? try EvaluationDecoder.decodeBatch(body) : try EvaluationDecoder.decode(body)
        } catch {
            throw ServiceError(error)
        }
    }
}

/// Who asks, and what the node knows at that moment: the same for all questions of a request.
private struct Asking {
    let credential: Credential
    let state: DecisionState
    let now: Moment
    let requestID: String
    var wantsExplanation = false
}

extension AuthZENResponder {
    private func answer(
        _ evaluation: Evaluation,
        _ asking: Asking,
        _ lane: inout Lane,
        _ response: inout DataPlaneResponse
    ) throws(ServiceError) {
        _ = try decide(evaluation, asking, &lane, &response)
        response.decisions = .one
    }

    private func answer(
        _ batch: EvaluationBatch,
        _ asking: Asking,
        _ lane: inout Lane,
        _ response: inout DataPlaneResponse
    ) throws(ServiceError) {
        response.body.append(contentsOf: "{\"evaluations\":[".utf8)
        var count = 0
        for item in batch.items {
            if count > 0 { response.body.append(UInt8(ascii: ",")) }
            count += 1
            let isAllowed = try decide(item, asking, &lane, &response)
            if batch.semantic.ends(after: isAllowed) { break }
        }
        response.body.append(contentsOf: "]}".utf8)
        response.decisions = .several(count)
    }

    /// A question that is malformed by itself is answered with a denial of its own.
    private func decide(
        _ item: Result<Evaluation, EvaluationError>,
        _ asking: Asking,
        _ lane: inout Lane,
        _ response: inout DataPlaneResponse
    ) throws(ServiceError) -> Bool {
        switch item {
        case .success(let evaluation):
            let query: DecisionQuery
            do throws(DecisionQueryError) { query = try DecisionQuery(evaluation) } catch {
                EvaluationEncoder.append(error.description, to: &response.body)
                return false
            }
            return try decide(query, asking, &lane, &response)
        case .failure(let error):
            EvaluationEncoder.append(error.description, to: &response.body)
            return false
        }
    }

    private func decide(
        _ evaluation: Evaluation,
        _ asking: Asking,
        _ lane: inout Lane,
        _ response: inout DataPlaneResponse
    ) throws(ServiceError) -> Bool {
        let query: DecisionQuery
        do throws(DecisionQueryError) { query = try DecisionQuery(evaluation) } catch { throw ServiceError(error) }
        return try decide(query, asking, &lane, &response)
    }

    private func decide(
        _ query: DecisionQuery,
        _ asking: Asking,
        _ lane: inout Lane,
        _ response: inout DataPlaneResponse
    ) throws(ServiceError) -> Bool {
        let answer = service.decide(
            query,
            by: asking.credential,
            in: asking.state,
            at: asking.now,
            using: lane.workspace
        )
        if answer.code == .notReady { throw DecisionService.notReady }
        note(answer, to: query, asking, &lane)
        if let error = DecisionService.authenticationError(answer.code) { throw error }
        let explanation = asking.wantsExplanation ? explanation(query, asking) : nil
        EvaluationEncoder.append(answer, explanation, to: &response.body)
        rollouts.note(
            answer,
            to: query,
            by: asking.credential,
            in: asking.state,
            at: asking.now,
            rules: service.rules,
            using: lane.workspace
        )
        return answer.isAllowed
    }

    private func note(
        _ answer: DecisionAnswer,
        to query: DecisionQuery,
        isSearch: Bool = false,
        _ asking: Asking,
        _ lane: inout Lane
    ) {
        guard answer.code.isAudited else { return }
        DecisionLogEntry.append(
            answer,
            to: query,
            isSearch: isSearch,
            id: asking.requestID,
            at: asking.now.wall,
            to: &lane.lines
        )
        lane.codes.append(answer.code)
    }

    /// Each result is a decision, and stands in the log as one that a search came to; so does a refusal.
    private func search(
        _ target: SearchQuery.Target,
        _ body: [UInt8],
        _ asking: Asking,
        _ lane: inout Lane,
        _ response: inout DataPlaneResponse
    ) throws(ServiceError) {
        let request = try SearchDecoder.decode(body, target)
        let answer = service.search(
            request.query,
            request.page,
            by: asking.credential,
            in: asking.state,
            at: asking.now
        )
        if let refusal = answer.refusal {
            if refusal.code == .notReady { throw DecisionService.notReady }
            note(refusal, to: request.query.open, isSearch: true, asking, &lane)
            if let error = DecisionService.authenticationError(refusal.code) { throw error }
        }
        for match in answer.matches { note(match.answer, to: match.query, isSearch: true, asking, &lane) }
        SearchEncoder.append(answer, to: request, &response.body)
        if answer.refusal != nil || !answer.matches.isEmpty { response.decisions = .search }
    }

    private func explanation(_ query: DecisionQuery, _ asking: Asking) -> Explanation? {
        guard service.mayExplain(query, by: asking.credential, in: asking.state, at: asking.now) else { return nil }
        return service.explain(query, by: asking.credential, in: asking.state, at: asking.now)
    }
}

extension DecisionQuery {
    init(_ evaluation: Evaluation) throws(DecisionQueryError) {
        try self.init(
            subject: (evaluation.subject.type, evaluation.subject.id, evaluation.subject.properties),
            action: (evaluation.action.name, evaluation.action.properties),
            resource: (evaluation.resource.type, evaluation.resource.id, evaluation.resource.properties),
            context: evaluation.context
        )
    }
}

extension ServiceError {
    fileprivate init(_ error: some Error & CustomStringConvertible) {
        self.init(.invalid, code: "invalid_request", message: error.description)
    }
}

/// What a request to the data plane is for.
private struct Target {
    /// Nil where there is nothing of that name.
    let route: Route?
    let hasQuery: Bool

    init(uri: String) {
        hasQuery = uri.utf8.contains(UInt8(ascii: "?"))
        route = Route(path: hasQuery ? String(uri.prefix { $0 != "?" }) : uri)
    }
}

/// The paths of the data plane.
enum Route {
    case evaluation, evaluations, metadata
    case search(SearchQuery.Target)

    static let evaluationPath = "/access/v1/evaluation"
    static let evaluationsPath = "/access/v1/evaluations"
    /// Before what is searched for.
    static let searchPath = "/access/v1/search/"
    static let metadataPath = "/.well-known/authzen-configuration"

    init?(path: String) {
        switch path {
        case Self.evaluationPath: self = .evaluation
        case Self.evaluationsPath: self = .evaluations
        case Self.metadataPath: self = .metadata
        default:
            guard path.hasPrefix(Self.searchPath),
                let target = SearchQuery.Target(rawValue: String(path.dropFirst(Self.searchPath.count)))
            else { return nil }
            self = .search(target)
        }
    }
}
