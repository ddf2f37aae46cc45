import AsyncHTTPClient
import ClusterSupport
import Foundation
import Kernel
import Linearizability

/// A run from its first node to its verdict.
struct ChaosRun {
    let seed: UInt64
    /// How long faults are injected.
    let seconds: Double
    let equipment: Equipment
    /// Where everything lies; canonical, and empty.
    let folder: URL
    let console: Console
    let stop: StopSignal

    private static let clientCount = 6

    func run() async throws -> ChaosReport {
        let testbed = try Testbed(folder: folder, equipment)
        do {
            let report = try await run(testbed)
            await testbed.cluster.stop()
            return report
        } catch {
            await testbed.cluster.stop()
            throw error
        }
    }

    private func run(_ testbed: Testbed) async throws -> ChaosReport {
        try await testbed.cluster.startAll()
        try await testbed.admitLoad()
        let mode = try await AdminClient.mode(of: testbed.cluster)
        console.progress("three nodes are ready; reads: \(mode.rawValue)")
        let history = HistoryRecorder()
        let clients = try (0..<Self.clientCount).map { _ in try AdminClient(testbed.cluster, mode: mode) }
        var report = ChaosReport(seed: seed, seconds: seconds)
        report.means = equipment.summary
        report.reads = mode.rawValue
        do {
            try await carryOut(testbed, history, clients, into: &report)
            report.verdict = stop.isSet ? .interrupted : report.findings.isEmpty ? .passed : .failed
        } catch {
            history.stop()
            for client in clients { await client.close() }
            throw error
        }
        for client in clients { await client.close() }
        try history.write(to: folder.appending(path: "history.txt"))
        return report
    }

    private func carryOut(
        _ testbed: Testbed,
        _ history: HistoryRecorder,
        _ clients: [AdminClient],
        into report: inout ChaosReport
    ) async throws {
        let verification = Verification(testbed: testbed, history: history, stop: stop)
        let findings = try await withThrowingTaskGroup(of: Void.self) { group in
            var random = SeededRandom(seed: seed)
            var nemesis = Nemesis(
                testbed,
                plan: FaultPlan(seed: random.next(), kinds: equipment.kinds),
                history: history,
                console: console,
                stop: stop
            )
            for (number, admin) in clients.enumerated() {
                let client = LoadClient(number: number, admin: admin, history: history, random: random.split())
                group.addTask {
                    var client = client
                    await client.run()
                }
            }
            defer { history.stop() }
            try await nemesis.run(until: ContinuousClock.now + .seconds(seconds))
            try nemesis.heal()
            report.faults = Dictionary(uniqueKeysWithValues: nemesis.injected.map { ($0.key.rawValue, $0.value) })
            report.halts = testbed.halts
            do {
                try await verification.converge(console)
            } catch let failure as Verification.Failure {
                return nemesis.anomalies + [failure.description]
            } catch is CancellationError {
                return nemesis.anomalies
            }
            return nemesis.anomalies
        }
        report.findings = findings
        note(history, in: &report)
        if stop.isSet { return }
        await verify(verification, clients[0], into: &report)
    }

    private func verify(
        _ verification: Verification,
        _ admin: AdminClient,
        into report: inout ChaosReport
    ) async {
        console.progress("reading everything back from every node")
        do {
            report.state = try await verification.equalRoots()
            try await verification.readAll(admin)
            let lost = try await verification.lostEntries()
            if !lost.isEmpty {
                report.findings.append("\(lost.count) acknowledged writes are lost: \(lost.prefix(5))")
            }
        } catch {
            report.findings.append("\(error)")
        }
        console.progress("looking for an order of \(verification.history.operations.count) operations")
        if let problem = verification.history.judge() { report.findings.append(problem) }
    }

    private func note(_ history: HistoryRecorder, in report: inout ChaosReport) {
        let counts = history.counts
        report.operations = .init(
            acknowledgedWrites: counts.acknowledgedWrites,
            unknownWrites: counts.unknownWrites,
            writesNotTaken: counts.refusedWrites,
            comparisonsMatched: counts.matchedComparisons,
            comparisonsMissed: counts.missedComparisons,
            reads: counts.answeredReads,
            failedReads: counts.failedReads
        )
        let gap = history.longestGap
        report.longestUnavailabilitySeconds = Double(gap.nanoseconds) / 1e9
        report.longestUnavailabilityAtSeconds = Double(gap.from) / 1e9
        report.registers = Set(history.operations.map(\.key)).count
        report.ledgerEntries = history.ledger.count
        report.findings += history.refusals.map { "an unexpected answer: \($0)" }
        if counts.acknowledgedWrites < 100 {
            report.findings.append("only \(counts.acknowledgedWrites) writes were acknowledged, which shows nothing")
        }
    }
}
