package import Kernel

/// A page of what a search found, and how old the knowledge behind it is.
package struct SearchAnswer: Hashable, Sendable {
    /// Something that was found: its question, and the answer that the same question would get by itself.
    package struct Match: Hashable, Sendable {
        package let id: String
        package let query: DecisionQuery
        package let answer: DecisionAnswer
    }

    /// The denial that each question of the search would get, for a reason that lies in the caller or the node; nil for a
    /// search that was carried out.
    package let refusal: DecisionAnswer?
    /// In the order of their ids.
    package let matches: [Match]
    /// After which id the next page begins; nil at the end. A page may have fewer matches than were wanted, or none, and be
    /// followed by others.
    package let next: String?
    package let revision: LogIndex
    package let epoch: UInt64
    package let age: Span?
}

/// Bounds on the work for one page.
enum SearchLimits {
    /// Candidates that are put to the policies.
    static let candidates = 500
    /// Steps of their decisions, after which no further one is begun.
    static let steps = 200_000
    /// Groups among which those with members are looked for. Where there are more, all entities of the type are candidates.
    static let groupSearch = 5_000
    /// Lists of members that are read side by side.
    static let groups = 200
}
