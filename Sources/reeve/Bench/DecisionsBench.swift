import ArgumentParser
import Cedar
import JSON

/// Evaluates recorded requests in one thread, without a network: what a decision costs by itself.
struct DecisionsBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decisions",
        abstract: "Time decisions over a folder of policies, entities and requests.",
        discussion: """
            DIR holds policies.cedar, entities.json (Cedar's form) and requests.jsonl: one object a line with principal, \
            action, resource and context. When DIR/../expected.tsv names the folder, the number of allows is checked \
            against it; a difference is exit status 1. Every decision is made anew; none is cached. "compiled" is the \
            compiled form of the policies over the entities, and "tree-walking" the evaluator that says what it means. \
            "node" is all that a node does between a question that was read and an answer that is written: entities and \
            policies, in sets of the size that a set may have, are in a decision snapshot; each principal asks for itself \
            by its certificate, its standing is looked up, and the answer has its reasons, duties and age. To read the \
            clock takes time too: the median of that is taken off each decision, and shown.
            """
    )

    @Argument(help: ArgumentHelp("The folder.", valueName: "dir"))
    var directory: String
    @Option(help: "How often all requests are evaluated; the first time is not counted.")
    var rounds = 5
    @Option(help: "Time one of them alone: compiled, node or tree-walking.")
    var only: Evaluator?
    @Flag(help: "Leave out requests that are denied, or for which a policy could not be evaluated.")
    var allowedOnly = false
    @Flag(help: "Print one JSON object.")
    var json = false

    enum Evaluator: String, CaseIterable, ExpressibleByArgument {
        case compiled, node
        case treeWalking = "tree-walking"
    }

    func validate() throws {
        guard (2...1000).contains(rounds) else { throw ValidationError("--rounds must be from 2 to 1000.") }
    }

    func run() throws {
        var workload = try DecisionsWorkload(directory)
        if allowedOnly {
            workload.keepAllowed()
            guard !workload.requests.isEmpty else { throw CommandError("no request is allowed", at: directory) }
        }
        let clock = measure(workload, overhead: .zero) { _ in false }.nanoseconds(percentile: 50)
        let found = try (only.map { [$0] } ?? Evaluator.allCases).compactMap { evaluator in
            try measure(evaluator, workload, overhead: .nanoseconds(clock)).map { (evaluator: evaluator, found: $0) }
        }
        report(workload, clock, found)
        let expected = workload.expectedAllows ?? found[0].found.allowed
        if found.contains(where: { $0.found.allowed != expected }) { throw ExitCode(1) }
    }

    /// Nil for a node that cannot hold the workload, unless it is the only one to be timed.
    private func measure(
        _ evaluator: Evaluator,
        _ workload: DecisionsWorkload,
        overhead: Duration
    ) throws -> Measurement? {
        switch evaluator {
        case .compiled:
            let policies = CompiledPolicySet(workload.policies)
            var evaluator = CompiledEvaluator(workload.requests[0], entities: workload.entities)
            return measure(workload, overhead: overhead) { number in
                evaluator.begin(workload.requests[number])
                return evaluator.decide(by: policies) == .allow
            }
        case .node:
            return try node(workload).map { node in measure(workload, overhead: overhead) { node.decide($0) } }
        case .treeWalking:
            return measure(workload, overhead: overhead) { number in
                let request = workload.requests[number]
                return authorize(request, policies: workload.policies, entities: workload.entities).decision == .allow
            }
        }
    }

    private func node(_ workload: DecisionsWorkload) throws -> BenchNode? {
        do { return try BenchNode(workload) } catch {
            guard only == nil else { throw error }
            Console.progress("node: not timed: \(error)")
            return nil
        }
    }

    fileprivate struct Measurement {
        /// Of one round.
        var allowed = 0
        private var sorted: [Duration] = []

        /// Kept as they come: more work between two decisions would take their place in the processor's caches.
        mutating func take(_ elapsed: [Duration]) { sorted = elapsed.sorted() }

        func nanoseconds(percentile: Int) -> Int64 {
            Int64(sorted[(sorted.count - 1) * percentile / 100] / .nanoseconds(1))
        }
    }

    /// The overhead is taken off each.
    ///
    /// - Parameter decide: Whether the request of a number is allowed.
    private func measure(_ workload: DecisionsWorkload, overhead: Duration, _ decide: (Int) -> Bool) -> Measurement {
        var measurement = Measurement()
        let clock = ContinuousClock()
        var elapsed: [Duration] = []
        elapsed.reserveCapacity(workload.requests.count * rounds)
        for round in 0..<rounds {
            measurement.allowed = 0
            for number in workload.requests.indices {
                var isAllowed = false
                let time = clock.measure { isAllowed = decide(number) }
                if isAllowed { measurement.allowed += 1 }
                if round > 0 { elapsed.append(max(.zero, time - overhead)) }
            }
        }
        measurement.take(elapsed)
        return measurement
    }

    private func report(
        _ workload: DecisionsWorkload,
        _ clock: Int64,
        _ measurements: [(evaluator: Evaluator, found: Measurement)]
    ) {
        if json {
            var members = [
                JSONMember(name: "policies", value: .integer(Int64(workload.policies.policies.count))),
                JSONMember(name: "requests", value: .integer(Int64(workload.requests.count))),
            ]
            if let expected = workload.expectedAllows {
                members.append(JSONMember(name: "expectedAllowed", value: .integer(Int64(expected))))
            }
            members.append(JSONMember(name: "clockNanoseconds", value: .integer(clock)))
            members += measurements.map { JSONMember(name: $0.evaluator.rawValue, value: $0.found.json) }
            Console.json(.object(members))
        } else {
            var table = Table("evaluator", "policies", "requests", "allowed", "expected", "median ns", "p99 ns")
            for (evaluator, found) in measurements {
                table.add(cells: [
                    evaluator.rawValue, "\(workload.policies.policies.count)", "\(workload.requests.count)",
                    "\(found.allowed)",
                    workload.expectedAllows.map(String.init) ?? "not known",
                    "\(found.nanoseconds(percentile: 50))", "\(found.nanoseconds(percentile: 99))",
                ])
            }
            Console.print(table.text + "clock: \(clock) ns, taken off\n")
        }
    }
}

extension DecisionsBench.Measurement {
    fileprivate var json: JSONValue {
        .object([
            JSONMember(name: "allowed", value: .integer(Int64(allowed))),
            JSONMember(name: "medianNanoseconds", value: .integer(nanoseconds(percentile: 50))),
            JSONMember(name: "p99Nanoseconds", value: .integer(nanoseconds(percentile: 99))),
        ])
    }
}
