/// A period of at most one leader. Raft section 5.1. Term 0 is before any election.
package struct Term: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: UInt64

    package init(_ number: UInt64) { self.number = number }

    package static let zero = Term(0)
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.number < rhs.number }
    package var next: Term { Term(number + 1) }
    package var description: String { "t\(number)" }
}

/// Place of an entry in the log, counted from 1; 0 is before the first. A *revision* is the index that a state reflects.
package struct LogIndex: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: UInt64

    package init(_ number: UInt64) { self.number = number }

    package static let zero = LogIndex(0)
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.number < rhs.number }
    package var next: LogIndex { LogIndex(number + 1) }
    /// Zero stays zero.
    package var previous: LogIndex { LogIndex(number == 0 ? 0 : number - 1) }
    package var description: String { "i\(number)" }
}

/// Which entry, exactly: two logs that hold the same position are equal up to it (Log Matching, Raft section 5.3).
package struct LogPosition: Hashable, Sendable, CustomStringConvertible {
    package let term: Term
    package let index: LogIndex

    package init(term: Term, index: LogIndex) {
        self.term = term
        self.index = index
    }

    package static let zero = LogPosition(term: .zero, index: .zero)
    package var description: String { "\(term)/\(index)" }

    /// Whether a log that ends here is at least as up to date as one that ends there. Raft section 5.4.1.
    package func isUpToDate(with other: LogPosition) -> Bool { (term, index) >= (other.term, other.index) }
}
