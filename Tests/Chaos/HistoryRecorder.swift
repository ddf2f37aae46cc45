import Foundation
import Linearizability
import Synchronization

/// What clients did and were told, on one clock.
final class HistoryRecorder: Sendable {
    typealias Model = RegisterModel<Int64>
    typealias Recorded = RecordedOperation<String, Model>

    /// A resource that was made once and must be there for ever.
    struct LedgerEntry: Hashable, Sendable {
        let name: String
        let value: Int64
    }

    struct Counts: Sendable {
        var acknowledgedWrites = 0
        var refusedWrites = 0
        var unknownWrites = 0
        var matchedComparisons = 0
        var missedComparisons = 0
        var answeredReads = 0
        var failedReads = 0
    }

    /// The longest time in which no write was acknowledged.
    struct Gap: Sendable {
        var from: UInt64 = 0
        var to: UInt64 = 0
        var nanoseconds: UInt64 { to - from }
    }

    private struct State: Sendable {
        var operations: [Recorded] = []
        var ledger: [LedgerEntry] = []
        var counts = Counts()
        var knownRevision: UInt64 = 0
        var lastAcknowledgement: UInt64 = 0
        var longestGap = Gap()
        /// Answers that no write of the load should get; the first few.
        var refusals: [String] = []
        var isStopped = false
    }

    private static let keptRefusals = 10

    private let start = ContinuousClock.now
    private let state = Mutex(State())

    /// Nanoseconds since the run began.
    var now: UInt64 {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }

    var operations: [Recorded] { state.withLock { $0.operations } }
    var ledger: [LedgerEntry] { state.withLock { $0.ledger } }
    var counts: Counts { state.withLock { $0.counts } }
    var refusals: [String] { state.withLock { $0.refusals } }
    var isStopped: Bool { state.withLock { $0.isStopped } }
    /// The highest revision that any client was told of.
    var knownRevision: UInt64 { state.withLock { $0.knownRevision } }

    /// Including the time since the last acknowledgement.
    var longestGap: Gap {
        let now = now
        return state.withLock { state in
            let last = Gap(from: state.lastAcknowledgement, to: max(now, state.lastAcknowledgement))
            return last.nanoseconds > state.longestGap.nanoseconds ? last : state.longestGap
        }
    }

    func stop() { state.withLock { $0.isStopped = true } }

    /// A client was told of a revision. To be called before the operation counts as returned, so that whoever asks after
    /// that knows of it.
    func learned(_ revision: UInt64) { state.withLock { $0.knownRevision = max($0.knownRevision, revision) } }

    func record(_ operation: Recorded) { state.withLock { $0.operations.append(operation) } }

    func record(_ entry: LedgerEntry) { state.withLock { $0.ledger.append(entry) } }

    func count(_ change: (inout Counts) -> Void) { state.withLock { change(&$0.counts) } }

    func refused(_ answer: String) {
        state.withLock { if $0.refusals.count < Self.keptRefusals { $0.refusals.append(answer) } }
    }

    func acknowledged(at time: UInt64) {
        state.withLock { state in
            state.counts.acknowledgedWrites += 1
            let gap = Gap(from: state.lastAcknowledgement, to: max(time, state.lastAcknowledgement))
            if gap.nanoseconds > state.longestGap.nanoseconds { state.longestGap = gap }
            state.lastAcknowledgement = max(state.lastAcknowledgement, time)
        }
    }

    /// What is wrong with the history, nil if nothing.
    func judge() -> String? {
        switch LinearizabilityChecker(model: Model()).check(operations) {
        case .linearizable: nil
        case .violated(let violation): "\(violation)"
        case .undecided(let key, let steps): "no order was found for \(key) in \(steps) steps, nor that there is none"
        }
    }

    /// One line an operation, in the order in which they returned.
    func write(to file: URL) throws {
        let lines = operations.map { "\($0.key) \($0)\n" }
        try Data(lines.joined().utf8).write(to: file)
    }
}
