package import Kernel

/// What one seed came to.
package struct SeedReport: Sendable {
    package enum Verdict: Hashable, Sendable {
        case passed
        case violated(Violation)
    }

    package let seed: UInt64
    package let scenario: String
    package let nodeCount: Int
    package let verdict: Verdict
    package let traceHash: String
    package let steps: UInt64
    /// Until the verdict.
    package let simulated: Span
    package let operations: Int
    package let acknowledged: Int
    package let elections: Int
    package let faults: Int
    /// Of the scenario: those that were due and never happened, by their place among its faults.
    package let missedFaults: [Int]
    package let committed: Int
    /// What the run has seen until the verdict.
    package let coverage: Coverage
    /// A document whose history as clients saw it was too concurrent to be judged; nil when all were judged.
    package let undecidedDocument: Int?
    /// The newest events before a violation, oldest first; empty when there is none.
    package let lastEvents: [String]

    package init(_ world: World, verdict: Verdict) {
        seed = world.options.seed
        scenario = world.options.scenario.name
        nodeCount = world.options.scenario.nodeCount
        self.verdict = verdict
        traceHash = world.trace.hash.hex
        steps = world.steps
        simulated = world.now.elapsed(since: .zero)
        operations = world.operations.count
        acknowledged = world.acknowledgements.count
        elections = world.leadership.electedTerms
        faults = world.faultCount
        missedFaults = world.missedFaults.map(\.number)
        committed = world.log.committedCount
        coverage = world.coverage
        undecidedDocument = world.undecidedDocument
        let names = world.memberNames
        lastEvents = verdict == .passed ? [] : world.trace.lines.map { names.naming($0.description) }
    }

    package var violation: Violation? {
        if case .violated(let violation) = verdict { violation } else { nil }
    }
}
