import Foundation
import Kernel
import Simulator

/// What a seed came to, as text and as JSON.
enum SimulationOutput {
    private struct JSONReport: Encodable {
        let seed: UInt64
        let scenario: String
        let nodes: Int
        let verdict: String
        let invariant: String?
        let message: String?
        let traceHash: String
        let steps: UInt64
        let simulatedMilliseconds: UInt64
        let operations: Int
        let acknowledged: Int
        let elections: Int
        let faults: Int
        let missedFaults: [Int]?
        let committed: Int
        let tuples: Int
        let undecidedDocument: Int?
        let lastEvents: [String]?
        let build: String?
        let replay: String?
    }

    /// One line.
    static func json(_ report: SeedReport, replay: String) -> String {
        let violation = report.violation
        let value = JSONReport(
            seed: report.seed,
            scenario: report.scenario,
            nodes: report.nodeCount,
            verdict: verdict(report),
            invariant: violation?.invariant.rawValue,
            message: violation?.message,
            traceHash: report.traceHash,
            steps: report.steps,
            simulatedMilliseconds: report.simulated.milliseconds,
            operations: report.operations,
            acknowledged: report.acknowledged,
            elections: report.elections,
            faults: report.faults,
            missedFaults: report.missedFaults.isEmpty ? nil : report.missedFaults,
            committed: report.committed,
            tuples: report.coverage.count,
            undecidedDocument: report.undecidedDocument,
            lastEvents: violation == nil ? nil : report.lastEvents,
            build: violation == nil ? nil : BuildIdentity.text,
            replay: violation == nil ? nil : replay
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A flat structure of numbers and texts always encodes.
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    static func text(_ report: SeedReport, replay: String) -> String {
        let summary =
            "\(report.steps) steps in \(report.simulated.milliseconds) ms of simulated time,"
            + " \(report.operations) operations, \(report.acknowledged) writes acknowledged,"
            + " \(report.committed) entries committed, \(report.elections) elections, \(report.faults) faults,"
            + " trace \(report.traceHash)"
            + (report.undecidedDocument.map { ", no order was searched to the end for document \($0)" } ?? "")
        guard let violation = report.violation else { return "seed \(report.seed) passed: \(summary)" }
        let lines = report.lastEvents.suffix(60)
        return """
            seed \(report.seed) VIOLATED \(violation.invariant.rawValue) at step \(report.steps): \(violation.message)
            \(summary)
            the last \(lines.count) events:
            \(lines.map { "  \($0)" }.joined(separator: "\n"))
            seed \(report.seed), \(BuildIdentity.text), replay: \(replay)
            """
    }

    /// What a range of seeds came to.
    static func text(_ totals: RunTotals, of seeds: SeedRange, _ scenario: Scenario) -> String {
        let coverage = CoverageFile.summary(totals.coverage, of: totals.possible)
        let missed = missed(totals, scenario)
        guard seeds.count > 1 else { return (missed + [coverage]).joined(separator: "\n") }
        let passed = totals.seeds - UInt64(totals.failures.count)
        let failures = totals.failures.map { "seed \($0.seed) violated \($0.violation)" }
        let open = seeds.count - totals.seeds
        let lines =
            failures + missed + [
                "\(passed) of \(totals.seeds) seeds passed" + (open > 0 ? ", \(open) were not run" : ""),
                "\(totals.steps) steps in \(totals.simulatedMilliseconds / 1000) s of simulated time,"
                    + " \(totals.operations) operations, \(totals.acknowledged) writes acknowledged,"
                    + " \(totals.committed) entries committed, \(totals.elections) elections, \(totals.faults) faults",
                coverage,
            ]
        return lines.joined(separator: "\n")
    }

    /// A line for each fault of the scenario that some seed never saw: what the file is about may not have been tried.
    private static func missed(_ totals: RunTotals, _ scenario: Scenario) -> [String] {
        totals.missedFaults.sorted { $0.key < $1.key }.compactMap { place, seeds in
            guard scenario.faults.indices.contains(place) else { return nil }
            let fault = scenario.faults[place]
            let share = totals.seeds == 1 ? "" : " in \(seeds) of \(totals.seeds) seeds"
            return "never happened\(share): \(fault.summary)"
        }
    }

    private static func verdict(_ report: SeedReport) -> String {
        guard let violation = report.violation else { return "passed" }
        return SimulationExit.name(violation)
    }
}

/// Tells on standard error how far a range of seeds has come, at most once a second.
struct SimulationProgress {
    private let total: UInt64
    /// By an earlier process: no work of this one's, so that they say nothing of its rate.
    private let doneBefore: UInt64
    private let start = Date()
    private var done: UInt64 = 0
    private var steps: UInt64 = 0
    private var lastPrint = Date()
    private let isTerminal = isatty(STDERR_FILENO) == 1

    init(total: UInt64, doneBefore: UInt64) {
        self.total = total
        self.doneBefore = doneBefore
    }

    mutating func note(_ report: SeedReport) {
        done += 1
        steps += report.steps
        guard total > 1, Date().timeIntervalSince(lastPrint) >= (isTerminal ? 0.2 : 5) else { return }
        lastPrint = Date()
        let elapsed = lastPrint.timeIntervalSince(start)
        let rate = Double(done) / max(elapsed, 0.001)
        let text = String(
            format: "seed %llu: %llu of %llu done, %.1f seeds/s, %.0f steps/s, remaining: %.0f s",
            report.seed,
            doneBefore + done,
            total,
            rate,
            Double(steps) / max(elapsed, 0.001),
            Double(total - doneBefore - done) / max(rate, 0.001)
        )
        write(text)
    }

    func finish() {
        guard total > 1, isTerminal else { return }
        FileHandle.standardError.write(Data("\r\u{1b}[K".utf8))
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data((isTerminal ? "\r\u{1b}[K\(text)" : "\(text)\n").utf8))
    }
}
