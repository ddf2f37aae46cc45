internal import Directory
package import Kernel
internal import Linearizability

/// R3 as clients see it: each document is a register whose reads and writes take effect one at a time, each between the
/// moment that the client asked and the moment that it was told.
///
/// Knows nothing of revisions, logs or nodes: what `HistoryChecker` concludes from them is tried here without them.
package struct ClientHistoryChecker: Sendable {
    private typealias Model = RegisterModel<Int64>
    private typealias Recorded = RecordedOperation<Int, Model>

    private let population: Population
    /// Since when the history counts, and what the documents held then: nil for the beginning.
    private var restoration: (time: Instant, values: [Int64?])?

    package init(population: Population) { self.population = population }

    /// Calls tried for one document. Twenty writes that all waited for a leader and then were done at once can be ordered in
    /// more ways than can be tried; what is right is then found early, or not at all.
    private static let stepLimit = 200_000

    /// - Returns: A document whose history could not be judged within the bound; nil when all were.
    @discardableResult
    package func check(_ operations: [ClientOperation]) throws(Violation) -> Int? {
        let read = Set(operations.compactMap(\.readValue))
        let history =
            restoredDocuments
            + operations.compactMap { operation in
                isPast(operation) || isIdle(operation, read) ? nil : recorded(operation)
            }
        switch LinearizabilityChecker(model: Model(), stepLimit: Self.stepLimit).check(history) {
        case .linearizable: return nil
        case .violated(let violation): throw Violation(.history, "document \(violation)")
        case .undecided(let document, _): return document
        }
    }

    /// A cluster goes on from a backup: what was told before is judged already, and what was under way begins anew.
    package mutating func restored(_ values: [Int64?], at time: Instant) { restoration = (time, values) }

    private func isPast(_ operation: ClientOperation) -> Bool {
        guard let restoration, let returned = operation.returnedAt else { return false }
        return returned <= restoration.time
    }

    /// As if somebody had written to each document what the backup holds.
    private var restoredDocuments: [Recorded] {
        guard let restoration else { return [] }
        let time = restoration.time.microseconds
        return restoration.values.enumerated().compactMap { document, value in
            value.map {
                Recorded(
                    client: -1 - document,
                    key: document,
                    call: .write($0),
                    calledAt: time,
                    outcome: .answered(.written, at: time)
                )
            }
        }
    }

    /// Whether the history is explained without the operation if it is explained at all: nobody knows its outcome, and no
    /// read has shown its value, so that it stands between no write and a read. The search need not try it everywhere.
    private func isIdle(_ operation: ClientOperation, _ read: Set<Int64>) -> Bool {
        switch (operation.outcome, call(of: operation.intent)?.call) {
        case (.pending, .write(let value)?), (.unknown, .write(let value)?): !read.contains(value)
        case (.pending, .read?), (.unknown, .read?): true
        default: false
        }
    }

    /// Nil for what had no effect and showed nothing.
    private func recorded(_ operation: ClientOperation) -> Recorded? {
        guard let (document, call) = call(of: operation.intent) else { return nil }
        let outcome: Recorded.Outcome
        switch operation.outcome {
        case .done: outcome = .answered(.written, at: returnTime(of: operation))
        case .read(let value): outcome = .answered(.value(value), at: returnTime(of: operation))
        case .pending, .unknown: outcome = .unknown
        case .rejected, .decided, .stated, .statementRefused, .notTaken, .lost: return nil
        }
        return Recorded(
            client: operation.number,
            key: document,
            call: call,
            calledAt: operation.invokedAt.microseconds,
            outcome: outcome
        )
    }

    private func call(of intent: ClientOperation.Intent) -> (document: Int, call: Model.Call)? {
        switch intent {
        case .read(let document, _), .readCurrent(let document): return (document, .read)
        case .write(.put(.resource(let spec), _)):
            guard let document = population.documents.firstIndex(of: spec.id),
                case .long(let value) = spec.attributes[Population.valueAttribute]
            else { return nil }
            return (document, .write(value))
        case .write, .decide, .pry, .escalate, .usurp, .state: return nil
        }
    }

    private func returnTime(of operation: ClientOperation) -> UInt64 { (operation.returnedAt ?? .zero).microseconds }
}

extension ClientOperation {
    fileprivate var readValue: Int64? { if case .read(let value) = outcome { value } else { nil } }
}
