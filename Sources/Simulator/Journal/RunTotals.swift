package import JSON

/// What many seeds came to together.
package struct RunTotals: Hashable, Sendable {
    package private(set) var seeds: UInt64 = 0
    package private(set) var steps: UInt64 = 0
    package private(set) var simulatedMilliseconds: UInt64 = 0
    package private(set) var operations = 0
    package private(set) var acknowledged = 0
    package private(set) var elections = 0
    package private(set) var faults = 0
    package private(set) var committed = 0
    /// In how many seeds a fault of the scenario never happened, by its place among the faults.
    package private(set) var missedFaults: [Int: UInt64] = [:]
    /// In the order of the seeds.
    package private(set) var failures: [Failure] = []
    package private(set) var coverage = Coverage()
    /// Of the scenario.
    package let possible: Coverage

    package struct Failure: Hashable, Sendable {
        package let seed: UInt64
        package let violation: Violation
    }

    package init(possible: Coverage) { self.possible = possible }

    package mutating func add(_ entry: JournalEntry) {
        seeds += 1
        steps += entry.steps
        simulatedMilliseconds += entry.simulatedMilliseconds
        operations += entry.operations
        acknowledged += entry.acknowledged
        elections += entry.elections
        faults += entry.faults
        committed += entry.committed
        for fault in entry.missedFaults { missedFaults[fault, default: 0] += 1 }
        for tuple in entry.newTuples { coverage.insert(tuple) }
        if let violation = entry.violation { failures.append(Failure(seed: entry.seed, violation: violation)) }
    }

    /// What was reached of what can be.
    package var reached: Coverage { coverage.intersection(possible) }

    /// What was reached and is said to be impossible: a mistake of `Coverage.possible`, or of a node.
    package var unexpected: [Coverage.Tuple] { coverage.subtracting(possible).tuples }

    package var json: JSONValue {
        [
            "seeds": .count(seeds), "passed": .count(seeds - UInt64(failures.count)), "steps": .count(steps),
            "simulatedMilliseconds": .count(simulatedMilliseconds), "operations": .count(operations),
            "acknowledged": .count(acknowledged), "elections": .count(elections), "faults": .count(faults),
            "committed": .count(committed), "tuplesReached": .count(reached.count),
            "missedFaults": .array(
                missedFaults.sorted { $0.key < $1.key }.map { ["fault": .count($0.key), "seeds": .count($0.value)] }
            ),
            "tuplesPossible": .count(possible.count),
            "tuplesUnexpected": .array(unexpected.map { .string($0.description) }),
            "failures": .array(
                failures.map { ["seed": .string("\($0.seed)"), "violation": .string("\($0.violation)")] }
            ),
        ]
    }
}
