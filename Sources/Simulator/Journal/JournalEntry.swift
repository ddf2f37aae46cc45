package import JSON
internal import Kernel

/// What a seed came to, as far as totals need it, and as a line of a journal.
package struct JournalEntry: Hashable, Sendable {
    package let seed: UInt64
    package let violation: Violation?
    package let traceHash: String
    package let steps: UInt64
    package let simulatedMilliseconds: UInt64
    package let operations: Int
    package let acknowledged: Int
    package let elections: Int
    package let faults: Int
    /// Of the scenario: those that were due and never happened, by their place among its faults.
    package let missedFaults: [Int]
    package let committed: Int
    /// Of those that no earlier seed of the journal reached.
    package let newTuples: [Coverage.Tuple]

    /// - Parameter reached: What earlier seeds reached.
    package init(_ report: SeedReport, beyond reached: Coverage) {
        seed = report.seed
        violation = report.violation
        traceHash = report.traceHash
        steps = report.steps
        simulatedMilliseconds = report.simulated.milliseconds
        operations = report.operations
        acknowledged = report.acknowledged
        elections = report.elections
        faults = report.faults
        missedFaults = report.missedFaults
        committed = report.committed
        let new = report.coverage.subtracting(reached)
        newTuples = new.isEmpty ? [] : new.tuples
    }

    package var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("seed", .string("\(seed)")), ("traceHash", .string(traceHash)), ("steps", .count(steps)),
            ("simulatedMilliseconds", .count(simulatedMilliseconds)), ("operations", .count(operations)),
            ("acknowledged", .count(acknowledged)), ("elections", .count(elections)), ("faults", .count(faults)),
            ("committed", .count(committed)),
        ]
        if let violation {
            members.append(("invariant", .string(violation.invariant.rawValue)))
            members.append(("message", .string(violation.message)))
        }
        if !missedFaults.isEmpty { members.append(("missed", .array(missedFaults.map { .count($0) }))) }
        if !newTuples.isEmpty { members.append(("new", .array(newTuples.map { .string($0.description) }))) }
        return .object(members.map { JSONMember(name: $0.0, value: $0.1) })
    }

    static let fields = [
        "seed", "traceHash", "steps", "simulatedMilliseconds", "operations", "acknowledged", "elections", "faults",
        "committed", "missed", "invariant", "message", "new",
    ]

    init(_ fields: BundleFields) throws(BundleFlaw) {
        func count(_ name: String) throws(BundleFlaw) -> Int { try fields.count(name, in: 0...Int.max) }
        guard let seed = UInt64(try fields.text("seed")) else {
            throw fields.flaw("seed", .badValue("expected a number of at most 64 bits, as a text"))
        }
        self.seed = seed
        traceHash = try fields.text("traceHash")
        steps = UInt64(try count("steps"))
        simulatedMilliseconds = UInt64(try count("simulatedMilliseconds"))
        operations = try count("operations")
        acknowledged = try count("acknowledged")
        elections = try count("elections")
        faults = try count("faults")
        committed = try count("committed")
        violation = fields.has("invariant") ? try Violation(fields) : nil
        newTuples = fields.has("new") ? try Self.tuples(fields) : []
        missedFaults = fields.has("missed") ? try Self.missed(fields) : []
    }

    private static func missed(_ fields: BundleFields) throws(BundleFlaw) -> [Int] {
        var numbers: [Int] = []
        for value in try fields.array("missed") {
            guard let number = value.integerValue.flatMap(Int.init(exactly:)), number >= 0 else {
                throw fields.flaw("missed", .badValue("expected numbers of faults, found \(value)"))
            }
            numbers.append(number)
        }
        return numbers
    }

    private static func tuples(_ fields: BundleFields) throws(BundleFlaw) -> [Coverage.Tuple] {
        var tuples: [Coverage.Tuple] = []
        for value in try fields.array("new") {
            guard let tuple = value.stringValue.flatMap(Coverage.Tuple.init) else {
                throw fields.flaw("new", .badValue("expected tuples of role, message and fault, found \(value)"))
            }
            tuples.append(tuple)
        }
        return tuples
    }
}
