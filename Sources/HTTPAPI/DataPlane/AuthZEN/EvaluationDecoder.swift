internal import Cedar
internal import JSON

/// Reads the bodies of evaluation requests.
///
/// Strict where a mistake could change an answer: what is required must be there with the right type, a name may stand
/// in an object once only, and a number that policies cannot hold exactly is refused. Members that the specification does
/// not name are ignored, as its forward compatibility demands; `null` counts as absent.
package enum EvaluationDecoder {
    /// What a body asks.
    package struct Request: Hashable, Sendable {
        package enum Questions: Hashable, Sendable {
            case one(Evaluation)
            case several(EvaluationBatch)
        }

        package let questions: Questions
        /// Whether the caller would like to know what answers rest on: `"options": {"explain": true}`.
        package let wantsExplanation: Bool
    }

    /// Of a body; the transport bounds its length.
    private static let limits = JSONLimits(maxBytes: 1 << 20, maxDepth: 32, maxElements: 20_000)

    /// A body of `/access/v1/evaluation`.
    package static func decode(_ body: [UInt8]) throws(EvaluationError) -> Request {
        if let evaluation = PlainEvaluation.scan(body) {
            return Request(questions: .one(evaluation), wantsExplanation: false)
        }
        return try decodeTree(body)
    }

    /// The same without a shorter way for plain bodies.
    static func decodeTree(_ body: [UInt8]) throws(EvaluationError) -> Request { try single(try document(body)) }

    /// A body of `/access/v1/evaluations`. Without `evaluations`, or with none in it, it asks a single question
    /// (section 7.1).
    package static func decodeBatch(_ body: [UInt8]) throws(EvaluationError) -> Request {
        let document = try document(body)
        let semantic = try semantic(document)
        guard let given = document["evaluations"], !given.isNull else { return try single(document) }
        guard let elements = given.arrayValue else {
            throw EvaluationError("evaluations must be an array, not \(given.kind)")
        }
        if elements.isEmpty { return try single(document) }
        guard elements.count <= EvaluationBatch.maximumCount else {
            throw EvaluationError(
                "evaluations has \(elements.count) elements, more than \(EvaluationBatch.maximumCount)"
            )
        }
        guard !wantsExplanation(document) || elements.count <= EvaluationBatch.maximumExplainedCount else {
            throw EvaluationError(
                "options.explain is for at most \(EvaluationBatch.maximumExplainedCount) evaluations at once, not \(elements.count)"
            )
        }
        let defaults = try EvaluationParts(document, index: nil)
        let items = elements.enumerated().map { index, element in
            Result { () throws(EvaluationError) in try item(element, index, defaults) }
        }
        return Request(
            questions: .several(EvaluationBatch(semantic: semantic, items: items)),
            wantsExplanation: wantsExplanation(document)
        )
    }

    private static func single(_ document: JSONValue) throws(EvaluationError) -> Request {
        Request(
            questions: .one(try EvaluationParts(document, index: nil).complete(index: nil)),
            wantsExplanation: wantsExplanation(document)
        )
    }

    private static func item(
        _ element: JSONValue,
        _ index: Int,
        _ defaults: EvaluationParts
    ) throws(EvaluationError) -> Evaluation {
        guard case .object = element else {
            throw EvaluationError("evaluations[\(index)] must be an object, not \(element.kind)")
        }
        return try EvaluationParts(element, index: index).over(defaults).complete(index: index)
    }

    static func document(_ body: [UInt8]) throws(EvaluationError) -> JSONValue {
        guard !body.isEmpty else { throw EvaluationError("the body is empty") }
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue.parse(body, limits: limits) } catch {
            throw EvaluationError("the body is not valid JSON: \(error)")
        }
        guard case .object = value else { throw EvaluationError("the body must be an object, not \(value.kind)") }
        return value
    }

    private static func wantsExplanation(_ document: JSONValue) -> Bool {
        document["options"]?["explain"]?.boolValue ?? false
    }

    private static func semantic(_ document: JSONValue) throws(EvaluationError) -> EvaluationBatch.Semantic {
        guard let options = document["options"], !options.isNull else { return .executeAll }
        guard case .object = options else { throw EvaluationError("options must be an object, not \(options.kind)") }
        guard let given = options["evaluations_semantic"], !given.isNull else { return .executeAll }
        guard let name = given.stringValue, let semantic = EvaluationBatch.Semantic(rawValue: name) else {
            throw EvaluationError(
                "options.evaluations_semantic must be one of "
                    + EvaluationBatch.Semantic.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        return semantic
    }
}
