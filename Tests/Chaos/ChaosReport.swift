import Foundation

/// What a run came to.
struct ChaosReport: Codable, Sendable {
    enum Verdict: String, Codable, Sendable {
        case passed, failed, interrupted
    }

    struct Operations: Codable, Sendable {
        var acknowledgedWrites = 0
        var unknownWrites = 0
        var writesNotTaken = 0
        var comparisonsMatched = 0
        var comparisonsMissed = 0
        var reads = 0
        var failedReads = 0
    }

    var seed: UInt64
    var seconds: Double
    var means: [String] = []
    var reads = ""
    /// By kind.
    var faults: [String: Int] = [:]
    /// How often a node stopped for its disk.
    var halts = 0
    var operations = Operations()
    var longestUnavailabilitySeconds = 0.0
    var longestUnavailabilityAtSeconds = 0.0
    var registers = 0
    var ledgerEntries = 0
    /// Revision and state root that all nodes ended with.
    var state = ""
    /// Why the verdict is not `passed`.
    var findings: [String] = []
    var verdict = Verdict.interrupted

    var text: String {
        var lines = ["chaos: seed \(seed), \(Self.seconds(seconds)) of faults, three nodes"]
        lines += means.map { "  \($0)" }
        lines += ["  reads: \(reads)", "faults:"]
        for kind in FaultKind.allCases {
            if let count = faults[kind.rawValue] { lines.append("  \(count) x \(kind.rawValue)") }
        }
        lines += [
            "  \(halts) times a node stopped for its disk",
            "operations:",
            "  writes: \(operations.acknowledgedWrites) acknowledged, \(operations.unknownWrites) of unknown outcome,"
                + " \(operations.writesNotTaken) not taken",
            "  of these compared and set: \(operations.comparisonsMatched); not, since something else was there:"
                + " \(operations.comparisonsMissed)",
            "  reads: \(operations.reads) answered, \(operations.failedReads) failed",
            "longest time without an acknowledged write: \(Self.seconds(longestUnavailabilitySeconds)),"
                + " from \(Self.seconds(longestUnavailabilityAtSeconds)) on",
            "history: \(registers) registers; ledger: \(ledgerEntries) entries",
            "revision and state root of all nodes at the end: \(state.isEmpty ? "not equal" : state)",
        ]
        lines += findings.map { "FINDING: \($0)" }
        lines.append("verdict: \(verdict.rawValue)")
        return lines.joined(separator: "\n")
    }

    private static func seconds(_ value: Double) -> String { String(format: "%.1f s", value) }

    var json: Data {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return try encoder.encode(self)
        }
    }
}
