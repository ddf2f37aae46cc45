internal import Kernel

/// Why a text is no name of the kind that it claims to be.
///
/// Carries no more of the refused text than one byte, since it may be long, hostile or secret.
package struct IdentityError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the text was meant to be.
    package enum Subject: String, Hashable, Sendable {
        case trustDomain = "trust domain"
        case spiffeID = "SPIFFE ID"
        case path = "path of a SPIFFE ID"
        case name = "name"
        case nodeName = "node name"
    }

    package enum Reason: Hashable, Sendable {
        case empty
        case tooLong(byteCount: Int, limit: Int)
        /// Offset in bytes from the start of the subject.
        case unexpectedByte(UInt8, offset: Int)
        case missingScheme
        /// Two slashes in a row, or one at the end.
        case emptySegment
        /// A segment that is `.` or `..`.
        case relativeSegment
        case missingLeadingSlash
    }

    package let subject: Subject
    package let reason: Reason

    package init(_ subject: Subject, _ reason: Reason) {
        self.subject = subject
        self.reason = reason
    }

    package var description: String { "not a \(subject.rawValue): \(cause); \(expectation)" }

    private var cause: String {
        switch reason {
        case .empty: "it is empty"
        case .tooLong(let byteCount, let limit): "it has \(byteCount) bytes, at most \(limit) are allowed"
        case .unexpectedByte(let byte, let offset): "unexpected \(Self.printable(byte)) at byte \(offset)"
        case .missingScheme: "it does not start with spiffe://"
        case .emptySegment: "it has an empty segment"
        case .relativeSegment: "it has a segment that is . or .."
        case .missingLeadingSlash: "it does not start with a slash"
        }
    }

    private var expectation: String {
        switch subject {
        case .trustDomain: "use lower-case letters, digits, dots, hyphens and underscores, such as reeve.example"
        case .spiffeID: "use the form spiffe://reeve.example/agent/name"
        case .path: "use segments of letters, digits, dots, hyphens and underscores, such as /agent/name"
        case .name: "use letters, digits, dots, hyphens and underscores, without slashes"
        case .nodeName: "use lower-case letters, digits and inner hyphens, such as node-1"
        }
    }

    private static func printable(_ byte: UInt8) -> String {
        (0x21...0x7e).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte 0x\([byte].hex)"
    }
}
