package import Kernel

/// The roots that a node has recorded lately, oldest first. Never empty: a node begins with the root of what it has.
package struct RootHistory: Hashable, Sendable {
    private struct Record: Hashable, Sendable {
        let point: SealPoint
        /// Of the entry at the point; nil where it is not known.
        let time: WallTime?
        /// Every node records here, and not only one whose batch happened to end here.
        var isBoundary = false
    }

    package enum Found: Hashable, Sendable {
        case recorded(SealPoint)
        case notApplied
        /// Applied without recording the root, or so long ago that it is forgotten.
        case notRecorded(applied: LogIndex)
    }

    private var records: [Record]

    /// Roots that are kept: the boundaries of 50 busy seconds.
    package static let capacity = 1024

    /// - Parameter time: Of the entry at the point.
    package init(at point: SealPoint, time: WallTime?) { records = [Record(point: point, time: time)] }

    /// The state's.
    package var newest: SealPoint { records[records.count - 1].point }
    /// The newest that every node records.
    package var newestBoundary: SealPoint? { records.last { $0.isBoundary }?.point }
    package var count: Int { records.count }

    /// What a run of entries has led to.
    ///
    /// - Parameters:
    ///   - first: The time of the run's first entry, which tells whether a boundary lies before it.
    ///   - last: The time of its last, at the point.
    package mutating func record(_ point: SealPoint, first: WallTime, last: WallTime) {
        invariant(point.index > newest.index, "a root at \(point.index) after that at \(newest.index)")
        let end = records.count - 1
        if let time = records[end].time { records[end].isBoundary = SealBoundary.lies(between: time, and: first) }
        records.append(Record(point: point, time: last))
        trim()
    }

    package subscript(index: LogIndex) -> Found {
        if index > newest.index { return .notApplied }
        var (low, high) = (0, records.count)
        while low < high {
            let middle = (low + high) / 2
            if records[middle].point.index < index { low = middle + 1 } else { high = middle }
        }
        guard records[low].point.index == index else { return .notRecorded(applied: newest.index) }
        return .recorded(records[low].point)
    }

    /// How the own state differs from what a valid seal says. Whoever finds such halts itself: a quorum has another state.
    package func divergence(from statement: SealStatement) -> Divergence? {
        guard case .recorded(let point) = self[statement.index], point.claim != statement.claim else { return nil }
        return Divergence(own: point.claim, other: statement.claim)
    }

    /// Ends of batches, which few nodes share, are let go first.
    private mutating func trim() {
        guard records.count > Self.capacity else { return }
        let older = records.prefix(records.count / 2).filter(\.isBoundary)
        records.replaceSubrange(0..<(records.count / 2), with: older)
        if records.count > Self.capacity { records.removeFirst() }
    }
}
