internal import Cedar
internal import Decision
internal import Directory
internal import Kernel
internal import Service

/// Writes answers: `decision`, and in `context` a stable `reason` with what the answer rests on.
///
///     {"decision":true,"context":{"reason":"allowed","revision":42,"epoch":3,"age_ms":180}}
enum EvaluationEncoder {
    static func append(_ answer: DecisionAnswer, _ explanation: DecisionExplanation?, to bytes: inout [UInt8]) {
        bytes.append(
            contentsOf: (answer.isAllowed
                ? "{\"decision\":true,\"context\":{\"reason\":\"" : "{\"decision\":false,\"context\":{\"reason\":\"")
                .utf8
        )
        bytes.append(contentsOf: answer.code.rawValue.utf8)
        bytes.append(contentsOf: "\",\"revision\":".utf8)
        bytes.append(decimal: answer.revision.number)
        bytes.append(contentsOf: ",\"epoch\":".utf8)
        bytes.append(decimal: answer.epoch)
        if let age = answer.age {
            bytes.append(contentsOf: ",\"age_ms\":".utf8)
            bytes.append(decimal: age.milliseconds)
        }
        if let explanation {
            bytes.append(contentsOf: ",\"explanation\":".utf8)
            append(explanation, to: &bytes)
        }
        bytes.append(contentsOf: "}}".utf8)
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
        case .one: bytes.append(contentsOf: denial.utf8)
        case .several(let count):
            let denials = [String](repeating: denial, count: count).joined(separator: ",")
            bytes.append(contentsOf: "{\"evaluations\":[\(denials)]}".utf8)
        }
    }

    private static func append(_ explanation: DecisionExplanation, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "{\"policies\":".utf8)
        append(explanation.policies, to: &bytes) { policy, bytes in
            bytes.append(contentsOf: "{\"id\":".utf8)
            bytes.append(json: policy.reference.id)
            bytes.append(contentsOf: ",\"set\":".utf8)
            bytes.append(json: policy.reference.set)
            bytes.append(contentsOf: ",\"version\":".utf8)
            bytes.append(decimal: policy.reference.version)
            bytes.append(contentsOf: ",\"line\":".utf8)
            bytes.append(decimal: UInt64(max(0, policy.reference.line)))
            bytes.append(contentsOf: ",\"subject_path\":".utf8)
            append(policy.subjectPath, to: &bytes) { $1.append(json: $0.description) }
            bytes.append(contentsOf: ",\"resource_path\":".utf8)
            append(policy.resourcePath, to: &bytes) { $1.append(json: $0.description) }
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(contentsOf: ",\"errors\":".utf8)
        append(explanation.failures, to: &bytes) { failure, bytes in
            bytes.append(contentsOf: "{\"policy\":".utf8)
            bytes.append(json: failure.policy.description)
            bytes.append(contentsOf: ",\"message\":".utf8)
            bytes.append(json: failure.error.description)
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(contentsOf: ",\"ignored_properties\":".utf8)
        append(explanation.ignoredProperties, to: &bytes) { property, bytes in
            bytes.append(contentsOf: "{\"entity\":".utf8)
            bytes.append(json: property.entity.description)
            bytes.append(contentsOf: ",\"name\":".utf8)
            bytes.append(json: property.name)
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private static func append<Element>(
        _ elements: [Element],
        to bytes: inout [UInt8],
        _ body: (Element, inout [UInt8]) -> Void
    ) {
        bytes.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            body(element, &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }
}
