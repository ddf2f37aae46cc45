/// A node of the syntax tree, as it was written: nothing is rewritten into simpler forms.
///
/// Chains (`a && b && c`, `a + b - c`) are one node, so that the depth of a tree is the depth of its nesting; the parser
/// bounds it, and whoever walks, prints or frees a tree may recurse. Equality looks at what is meant, not at where it
/// stands.
package struct Expression: Sendable {
    package let kind: Kind
    package let range: SourceRange
    /// Of the tree below, 1 for a leaf.
    package let depth: Int

    package indirect enum Kind: Hashable, Sendable {
        /// A bool, long, string or entity.
        case literal(Value)
        case variable(Variable)
        /// Two operands or more, left to right.
        case and([Expression])
        case or([Expression])
        case not(Expression)
        case conditional(Expression, then: Expression, else: Expression)
        case compare(Comparison, Expression, Expression)
        case negate(Expression)
        /// The first term and what is added to it or subtracted from it, left to right.
        case sum(Expression, [Term])
        /// Two factors or more, left to right.
        case product([Expression])
        /// `left in right`, where the right side may be a set.
        case membership(Expression, Expression)
        case isType(Expression, EntityTypeName, in: Expression?)
        /// `value has a.b.c`; one name for the plain form.
        case has(Expression, [AttributeName])
        case like(Expression, Pattern)
        case attribute(Expression, AttributeName)
        case contains(SetTest, Expression, Expression)
        case isEmpty(Expression)
        case hasTag(Expression, Expression)
        case getTag(Expression, Expression)
        /// A method's receiver is its first argument. The count of arguments is only checked on evaluation.
        case call(ExtensionFunction, [Expression])
        case set([Expression])
        /// In the order of the text, each name once.
        case record([Field])
    }

    package struct Term: Hashable, Sendable {
        package let isSubtracted: Bool
        package let operand: Expression

        package init(isSubtracted: Bool, operand: Expression) {
            self.isSubtracted = isSubtracted
            self.operand = operand
        }
    }

    package struct Field: Hashable, Sendable {
        package let name: AttributeName
        package let value: Expression

        package init(name: AttributeName, value: Expression) {
            self.name = name
            self.value = value
        }
    }

    package init(_ kind: Kind, range: SourceRange = .none) {
        self.kind = kind
        self.range = range
        depth = 1 + kind.children.reduce(0) { max($0, $1.depth) }
    }
}

extension Expression: Hashable {
    package static func == (lhs: Expression, rhs: Expression) -> Bool { lhs.kind == rhs.kind }
    package func hash(into hasher: inout Hasher) { hasher.combine(kind) }
}

extension Expression.Kind {
    /// The operands, left to right.
    package var children: [Expression] {
        switch self {
        case .literal, .variable: []
        case .and(let operands), .or(let operands), .product(let operands), .set(let operands): operands
        case .call(_, let arguments): arguments
        case .not(let operand), .negate(let operand), .isEmpty(let operand), .has(let operand, _),
            .like(let operand, _), .attribute(let operand, _):
            [operand]
        case .conditional(let condition, let then, let otherwise): [condition, then, otherwise]
        case .compare(_, let left, let right), .membership(let left, let right), .contains(_, let left, let right),
            .hasTag(let left, let right), .getTag(let left, let right):
            [left, right]
        case .sum(let first, let terms): [first] + terms.map(\.operand)
        case .isType(let operand, _, let group): group.map { [operand, $0] } ?? [operand]
        case .record(let fields): fields.map(\.value)
        }
    }
}

/// What a request binds.
package enum Variable: String, Hashable, Sendable, CaseIterable {
    case principal, action, resource, context
}

package enum Comparison: String, Hashable, Sendable, CaseIterable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
}

/// The methods of sets that take an argument.
package enum SetTest: String, Hashable, Sendable, CaseIterable {
    case contains, containsAll, containsAny
}
