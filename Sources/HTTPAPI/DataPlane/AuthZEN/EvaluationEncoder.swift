internal import Decision
internal import Directory
internal import JSON
internal import Kernel
internal import Service

/// Writes answers: `decision`, and in `context` a stable `reason` with what the answer rests on.
///
///     {"decision":true,"context":{"reason":"allowed","revision":42,"epoch":3,"age_ms":180}}
///
/// with `obligations` and `advice` where the policies that decided have some.
enum EvaluationEncoder {
    static func append(_ answer: DecisionAnswer, _ explanation: Explanation?, to bytes: inout [UInt8]) {
        bytes.append(
            contentsOf: (answer.isAllowed
                ? "{\"decision\":true,\"context\":{\"reason\":\"" : "{\"decision\":false,\"context\":{\"reason\":\"")
                .utf8
        )
        bytes.append(contentsOf: answer.code.rawValue.utf8)
        bytes.append(contentsOf: "\",".utf8)
        appendKnowledge(answer.revision, answer.epoch, answer.age, to: &bytes)
        append(answer.duties.obligations, as: ",\"obligations\":", to: &bytes)
        append(answer.duties.advice, as: ",\"advice\":", to: &bytes)
        if let explanation {
            bytes.append(contentsOf: ",\"explanation\":".utf8)
            bytes.append(contentsOf: JSONValue.object(explanation.members).serialized())
        }
        bytes.append(contentsOf: "}}".utf8)
    }

    /// What an answer rests on, as members of an object.
    static func appendKnowledge(_ revision: LogIndex, _ epoch: UInt64, _ age: Span?, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "\"revision\":".utf8)
        bytes.append(decimal: revision.number)
        bytes.append(contentsOf: ",\"epoch\":".utf8)
        bytes.append(decimal: epoch)
        guard let age else { return }
        bytes.append(contentsOf: ",\"age_ms\":".utf8)
        bytes.append(decimal: age.milliseconds)
    }

    /// A question of a batch that is none.
    static func append(_ message: String, to bytes: inout [UInt8]) {
        bytes.append(
            contentsOf:
                "{\"decision\":false,\"context\":{\"reason\":\"invalid_request\",\"error\":{\"status\":400,\"message\":"
                .utf8
        )
        bytes.append(json: message)
        bytes.append(contentsOf: "}}}".utf8)
    }

    /// What takes the place of decisions that could not be logged.
    static func appendUnlogged(_ decisions: DataPlaneResponse.Decisions, to bytes: inout [UInt8]) {
        let denial = "{\"decision\":false,\"context\":{\"reason\":\"\(DecisionCode.logUnavailable.rawValue)\"}}"
        switch decisions {
        case .none: break
        case .search: SearchEncoder.appendUnlogged(to: &bytes)
        case .one: bytes.append(contentsOf: denial.utf8)
        case .several(let count):
            let denials = [String](repeating: denial, count: count).joined(separator: ",")
            bytes.append(contentsOf: "{\"evaluations\":[\(denials)]}".utf8)
        }
    }

    /// Left out where there are none.
    private static func append(_ texts: [String], as name: String, to bytes: inout [UInt8]) {
        guard !texts.isEmpty else { return }
        bytes.append(contentsOf: name.utf8)
        bytes.append(contentsOf: JSONValue.array(texts.map { .string($0) }).serialized())
    }
}
