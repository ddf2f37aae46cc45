/// The smallest part of a condition that made it come out as it did, with the values that it was made of.
package struct Culprit: Hashable, Sendable {
    package let range: SourceRange
    /// In the order of the text, each once.
    package let parts: [Part]

    package struct Part: Hashable, Sendable {
        package let range: SourceRange
        package let result: Result<Value, EvaluationError>
    }

    /// Parts beyond it are left out.
    static let maxParts = 16
}

extension Evaluator {
    /// Why a condition's body is true or false, or fails.
    package mutating func culprit(of body: Expression) -> Culprit {
        let culprit = decisive(body)
        var parts: [Culprit.Part] = []
        collect(culprit, into: &parts)
        return Culprit(range: culprit.range, parts: parts)
    }

    /// Goes down for as long as one operand alone decides.
    private mutating func decisive(_ expression: Expression) -> Expression {
        switch expression.kind {
        case .and(let operands): return chain(operands, endsAt: false) ?? expression
        case .or(let operands): return chain(operands, endsAt: true) ?? expression
        case .not(let operand): return decisive(operand)
        case .conditional(let condition, let then, let otherwise):
            guard let holds = try? bool(condition) else { return decisive(condition) }
            return decisive(holds ? then : otherwise)
        default: return expression
        }
    }

    /// The operand that ended a chain; nil when it came to its end, so that all of them count.
    private mutating func chain(_ operands: [Expression], endsAt end: Bool) -> Expression? {
        for operand in operands {
            guard let value = try? bool(operand), value != end else { return decisive(operand) }
        }
        return nil
    }

    /// Variables, attributes, tags and calls, as long as they are; what is inside of them says no more.
    private mutating func collect(_ expression: Expression, into parts: inout [Culprit.Part]) {
        switch expression.kind {
        // The whole context is what was asked with, and may be long.
        case .literal, .variable(.context): return
        case .variable, .attribute, .getTag:
            guard parts.count < Culprit.maxParts, !parts.contains(where: { $0.range == expression.range }) else {
                return
            }
            parts.append(Culprit.Part(range: expression.range, result: value(of: expression)))
        default: for child in expression.kind.children { collect(child, into: &parts) }
        }
    }

    private mutating func value(of expression: Expression) -> Result<Value, EvaluationError> {
        do throws(EvaluationError) { return .success(try evaluate(expression)) } catch { return .failure(error) }
    }
}
