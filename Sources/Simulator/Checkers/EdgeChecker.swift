package import Kernel

/// S3 on edges: nothing is in force at an edge that a quorum of voters has not sealed.
///
/// - No entry is applied past the highest index that voters have sealed.
/// - Nothing is answered from a state past it, nor from one that no seal has proven to be the voters'.
package struct EdgeChecker: Sendable {
    /// Up to where a quorum has sealed.
    package private(set) var sealedThrough = LogIndex.zero

    /// How many writes and linearizable reads were refused, as they must be.
    package private(set) var refusalCount = 0

    package init() {}

    package mutating func refuses() { refusalCount += 1 }

    /// Voters have signed a seal that a leader has put together.
    package mutating func sealed(through index: LogIndex) { sealedThrough = max(sealedThrough, index) }

    package func applies(_ node: Int, through index: LogIndex) throws(Violation) {
        guard index > sealedThrough else { return }
        throw Violation(
            .authority,
            "edge n\(node + 1) applies the log through \(index), and voters have sealed it through \(sealedThrough)"
        )
    }

    /// - Parameter isProven: Whether the edge says so.
    package func answers(_ node: Int, from revision: LogIndex, isProven: Bool) throws(Violation) {
        guard revision <= sealedThrough else {
            throw Violation(
                .authority,
                "edge n\(node + 1) answers at \(revision), and voters have sealed the log through \(sealedThrough)"
            )
        }
        guard !isProven else { return }
        throw Violation(
            .authority,
            "edge n\(node + 1) answers at \(revision) from a state that no seal has proven"
        )
    }
}
