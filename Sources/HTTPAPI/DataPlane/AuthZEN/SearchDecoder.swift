package import Decision
internal import JSON
package import Service

/// Reads the bodies of search requests, as strictly as those of evaluations.
package enum SearchDecoder {
    package struct Request: Hashable, Sendable {
        package let query: SearchQuery
        package let page: SearchPage
        /// What was searched for is named in answers as it was in the request.
        package let type: String
    }

    /// What is wrong with a body is an `EvaluationError`, and with a name in it a `DecisionQueryError`.
    package static func decode(
        _ body: [UInt8],
        _ target: SearchQuery.Target
    ) throws(ServiceError) -> Request {
        do {
            let document = try EvaluationDecoder.document(body)
            let evaluation = try EvaluationParts(document, index: nil).complete(searching: target)
            let query = try SearchQuery(target, evaluation)
            return Request(
                query: query,
                page: try page(document, of: query),
                type: target == .resource ? evaluation.resource.type : evaluation.subject.type
            )
        } catch {
            throw ServiceError(.invalid, code: "invalid_request", message: "\(error)")
        }
    }

    /// Of a request with a token, the limit may be left out; it goes on with the one that it began with.
    private static func page(_ document: JSONValue, of query: SearchQuery) throws(EvaluationError) -> SearchPage {
        guard let page = document["page"], !page.isNull else { return SearchPage() }
        guard case .object = page else { throw EvaluationError("page must be an object, not \(page.kind)") }
        let first = try limit(page).map { SearchPage(limit: $0) }
        guard let text = try token(page) else { return first ?? SearchPage() }
        guard let token = SearchToken(parsing: text) else {
            throw EvaluationError("page.token must be the next_token of an earlier answer")
        }
        guard token.belongs(to: query), first == nil || first?.limit == token.page.limit else {
            throw EvaluationError("page.token belongs to another search: all else must be as in the request before")
        }
        return token.page
    }

    /// Nil where there is none, or it is empty as the last answer has it.
    private static func token(_ page: JSONValue) throws(EvaluationError) -> String? {
        guard let given = page["token"], !given.isNull else { return nil }
        guard let text = given.stringValue else {
            throw EvaluationError("page.token must be a string, not \(given.kind)")
        }
        return text.isEmpty ? nil : text
    }

    private static func limit(_ page: JSONValue) throws(EvaluationError) -> Int? {
        guard let given = page["limit"], !given.isNull else { return nil }
        guard let limit = given.integerValue, limit >= 0 else {
            throw EvaluationError("page.limit must be an integer from 0")
        }
        return Int(clamping: limit)
    }
}

extension SearchQuery {
    init(_ target: Target, _ evaluation: Evaluation) throws(DecisionQueryError) {
        try self.init(
            target,
            subject: (evaluation.subject.type, evaluation.subject.id, evaluation.subject.properties),
            action: (evaluation.action.name, evaluation.action.properties),
            resource: (evaluation.resource.type, evaluation.resource.id, evaluation.resource.properties),
            context: evaluation.context
        )
    }
}
