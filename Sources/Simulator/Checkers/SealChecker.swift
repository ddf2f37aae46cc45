package import Kernel
package import Sealing

/// S10: what a seal says is so. The head is the committed entry's, the root is the state's on every node, and nothing that anybody
/// was told of before its time lies beyond its index.
package struct SealChecker: Sendable {
    private struct Acknowledged: Hashable, Sendable {
        /// True time, as a good clock shows it.
        let time: WallTime
        /// The highest revision that anybody was told of by then.
        let revision: LogIndex
    }

    /// Both parts ascend.
    private var acknowledged: [Acknowledged] = []
    private var newest: SealStatement?
    package private(set) var sealCount = 0
    package private(set) var transitionCount = 0

    package init() {}

    package mutating func acknowledged(_ revision: LogIndex, at time: WallTime) {
        guard revision > acknowledged.last?.revision ?? .zero else { return }
        acknowledged.append(Acknowledged(time: time, revision: revision))
    }

    /// A leader tells somebody of a seal, which it does for each member, one seal after the other.
    ///
    /// - Parameters:
    ///   - head: Hash of the entry at its index as it was committed, where that is known.
    ///   - tolerance: How far the leader's clock may be from true time.
    package mutating func made(
        _ seal: Seal,
        isTransition: Bool,
        head: Digest?,
        tolerance: Span
    ) throws(Violation) {
        guard seal.statement != newest else { return }
        newest = seal.statement
        sealCount += 1
        if isTransition { transitionCount += 1 }
        let statement = seal.statement
        if let head, head != statement.claim.head {
            throw Violation(.seal, "the seal \(statement) has another entry than was committed")
        }
        let lies = acknowledged.first { $0.revision > statement.index }
        guard let lies, lies.time.advanced(by: tolerance) < statement.time else { return }
        throw Violation(
            .seal,
            "the seal \(statement) proves less than it says: \(lies.revision) was acknowledged at \(lies.time)"
        )
    }
}
