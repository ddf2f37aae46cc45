internal import Decision
internal import Kernel
internal import Service

/// Writes pages of search results:
///
///     {"page":{"next_token":"","count":1},"context":{"revision":42,"epoch":3,"age_ms":180},
///      "results":[{"type":"agent","id":"bot"}]}
///
/// with a `reason` in the context where the search was refused as a whole.
enum SearchEncoder {
    static func append(_ answer: SearchAnswer, to request: SearchDecoder.Request, _ bytes: inout [UInt8]) {
        let next = answer.next.map { SearchPage(after: $0, limit: request.page.limit) }
        bytes.append(contentsOf: "{\"page\":{\"next_token\":".utf8)
        bytes.append(json: next.map { SearchToken(request.query, $0).text } ?? "")
        bytes.append(contentsOf: ",\"count\":".utf8)
        bytes.append(decimal: UInt64(answer.matches.count))
        bytes.append(contentsOf: "},\"context\":{".utf8)
        if let refusal = answer.refusal {
            bytes.append(contentsOf: "\"reason\":\"\(refusal.code.rawValue)\",".utf8)
        }
        EvaluationEncoder.appendKnowledge(answer.revision, answer.epoch, answer.age, to: &bytes)
        bytes.append(contentsOf: "},\"results\":[".utf8)
        for (place, match) in answer.matches.enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            append(match.id, request, &bytes)
        }
        bytes.append(contentsOf: "]}".utf8)
    }

    private static func append(_ id: String, _ request: SearchDecoder.Request, _ bytes: inout [UInt8]) {
        if request.query.target == .action {
            bytes.append(contentsOf: "{\"name\":".utf8)
        } else {
            bytes.append(contentsOf: "{\"type\":".utf8)
            bytes.append(json: request.type)
            bytes.append(contentsOf: ",\"id\":".utf8)
        }
        bytes.append(json: id)
        bytes.append(UInt8(ascii: "}"))
    }

    /// What takes the place of results that could not be logged.
    static func appendUnlogged(to bytes: inout [UInt8]) {
        let reason = DecisionCode.logUnavailable.rawValue
        let answer =
            "{\"page\":{\"next_token\":\"\",\"count\":0},\"context\":{\"reason\":\"\(reason)\"},\"results\":[]}"
        bytes.append(contentsOf: answer.utf8)
    }
}
