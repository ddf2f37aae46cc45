internal import Consensus
package import Directory
package import Kernel
package import Replica

/// R3: every acknowledged write took effect exactly once, where the client was told and in the order that clients could
/// observe, and what clients read is what was written last.
///
/// The log orders all writes, so linearizability comes down to three facts: an operation's revision lies above every
/// revision that was told before it was invoked; a retry has the revision of the first attempt; and a read at a
/// revision sees the newest write at or below it. Herlihy and Wing, "Linearizability", TOPLAS 1990. Each is judged at
/// the step that breaks it; `ClientHistoryChecker` judges the whole once more, from what clients saw alone.
package struct HistoryChecker: Sendable {
    private struct Version: Sendable {
        let revision: LogIndex
        let value: Int64
    }

    /// Whose command it is, by the digest of its bytes. An operation has one digest an attempt at another node.
    private var operationByCommand: [Digest: Int] = [:]
    /// What each operation's command did when it was first applied.
    private var effects: [Int: CommandResult.Done] = [:]
    private var operationByRevision: [LogIndex: Int] = [:]
    /// Versions of each document, oldest first.
    private var versions: [[Version]]
    private let population: Population

    package init(population: Population) {
        self.population = population
        self.versions = population.documents.map { _ in [] }
    }

    /// How many operations took effect.
    package var effectCount: Int { effects.count }

    /// - Parameter operation: Its number.
    package mutating func submitted(_ command: Digest, of operation: Int) { operationByCommand[command] = operation }

    /// A node has applied a command.
    package mutating func applied(
        _ outcome: AppliedBatch.Outcome,
        by node: Int,
        operations: [ClientOperation]
    ) throws(Violation) {
        guard let number = operationByCommand[outcome.command] else { return }
        switch (outcome.result, effects[number]) {
        case (.done(let done), nil):
            if let other = operationByRevision.updateValue(number, forKey: done.revision), other != number {
                throw Violation(.history, "operations \(other) and \(number) both took effect at \(done.revision)")
            }
            effects[number] = done
            if let operation = operations.last(where: { $0.number == number }) { try record(operation, done) }
        case (.done(let done), .some(let known)):
            guard done == known else {
                throw Violation(.history, "operation \(number) took effect at \(known.revision) and \(done.revision)")
            }
        // The voter that a retry went through may have been removed meanwhile: its word does not count, and nothing is recorded.
        case (.refused(let refusal), .some) where refusal.code == .notAVoter: return
        case (.refused(let refusal), .some(let known)):
            throw Violation(
                .history,
                "a retry of operation \(number), done at \(known.revision), was refused by n\(node + 1): \(refusal.code)"
            )
        case (.refused, nil): return
        }
    }

    /// A client was told that its write is done.
    package func acknowledged(_ operation: ClientOperation, _ done: CommandResult.Done) throws(Violation) {
        guard let effect = effects[operation.number] else {
            throw Violation(.history, "operation \(operation.number) was acknowledged, but no node has applied it")
        }
        guard effect == done else {
            throw Violation(
                .history,
                "operation \(operation.number) took effect at \(effect.revision) and was acknowledged at \(done.revision)"
            )
        }
        guard done.revision > operation.floor else {
            throw Violation(
                .history,
                "operation \(operation.number) took effect at \(done.revision), before it was sent:"
                    + " \(operation.floor) had been told by then"
            )
        }
    }

    /// A client read a document from the state of a node.
    package func read(
        document: Int,
        value: Int64?,
        applied: LogIndex,
        atLeast: LogIndex,
        on node: Int
    ) throws(Violation) {
        guard applied >= atLeast else {
            throw Violation(.history, "n\(node + 1) answers a read at \(atLeast) from a state at \(applied)")
        }
        let expected = versions[document].last { $0.revision <= applied }?.value
        guard value == expected else {
            throw Violation(
                .history,
                "n\(node + 1) at \(applied) has \(Self.text(value)) for document \(document), not \(Self.text(expected))"
            )
        }
    }

    /// A cluster goes on from a state of that revision: what was done after it has had no effect.
    package mutating func restored(to revision: LogIndex) {
        effects = effects.filter { $0.value.revision <= revision }
        operationByRevision = operationByRevision.filter { $0.key <= revision }
        for document in versions.indices { versions[document].removeAll { $0.revision > revision } }
    }

    /// What clients were told against what is in the log.
    package func scan(_ operations: [ClientOperation], log: LogChecker) throws(Violation) {
        for operation in operations {
            switch operation.outcome {
            case .done(let done):
                // What was restored is in no log any more.
                guard done.revision > log.base else { continue }
                guard let command = log.committed(at: done.revision)?.entry.command,
                    operationByCommand[Digest.of(command)] == operation.number
                else {
                    throw Violation(
                        .history,
                        "operation \(operation.number) is not in the log at \(done.revision), where it was told"
                    )
                }
            case .notTaken:
                if let effect = effects[operation.number] {
                    throw Violation(
                        .history,
                        "operation \(operation.number) was refused for certain and took effect at \(effect.revision)"
                    )
                }
            case .pending, .rejected, .read, .decided, .stated, .statementRefused, .unknown, .lost: continue
            }
        }
    }

    private mutating func record(_ operation: ClientOperation, _ done: CommandResult.Done) throws(Violation) {
        guard case .write(.put(.resource(let spec), let precondition)) = operation.intent,
            let document = population.documents.firstIndex(of: spec.id),
            case .long(let value) = spec.attributes[Population.valueAttribute]
        else { return }
        if case .revision(let seen) = precondition, let last = versions[document].last, last.revision != seen {
            throw Violation(
                .history,
                "operation \(operation.number) took effect at \(done.revision) on document \(document) as of \(seen),"
                    + " which was written at \(last.revision)"
            )
        }
        versions[document].append(Version(revision: done.revision, value: value))
    }

    private static func text(_ value: Int64?) -> String { value.map(String.init) ?? "nothing" }
}

extension Entry {
    /// What the state machine is given; nil for an entry that is none of its business.
    fileprivate var command: [UInt8]? {
        switch payload {
        case .empty: nil
        case .command(let bytes), .configuration(_, command: let bytes): bytes
        }
    }
}
