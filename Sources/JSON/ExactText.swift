extension String {
    /// Whether both are the same code points.
    ///
    /// `==` would equate canonically equivalent texts, so that two different ids could pass for one. Different lengths,
    /// the usual case, are told apart at once.
    package func isExactly(_ other: String) -> Bool {
        // Short texts are the same bits, and copies share their storage.
        if _isIdentical(to: other) { return true }
        // What is not even equivalent is not the same; what is equivalent is the same where it is of ASCII.
        guard utf8.count == other.utf8.count, self == other else { return false }
        return utf8Span.isKnownASCII && other.utf8Span.isKnownASCII || utf8.elementsEqual(other.utf8)
    }

    /// Whether this comes first by code points, which for UTF-8 is the order of the bytes.
    package func precedesExactly(_ other: String) -> Bool {
        if utf8Span.isKnownASCII && other.utf8Span.isKnownASCII { return self < other }
        return utf8.lexicographicallyPrecedes(other.utf8)
    }
}

/// A text whose equality and order are those of its code points, for keys of sets and dictionaries.
package struct ExactText: Hashable, Comparable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (lhs: ExactText, rhs: ExactText) -> Bool { lhs.text.isExactly(rhs.text) }
    package static func < (lhs: ExactText, rhs: ExactText) -> Bool { lhs.text.precedesExactly(rhs.text) }

    /// Equal code points hash alike under `String` too; that it also joins equivalent texts only costs a comparison.
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension ExactText: ExpressibleByStringLiteral, CustomStringConvertible {
    package init(stringLiteral text: String) { self.text = text }
    package var description: String { text }
}
