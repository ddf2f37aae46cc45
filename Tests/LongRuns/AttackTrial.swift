import ClusterSupport
import Foundation

/// Windows of load on the victim's decisions, with an attack or without.
struct AttackTrial {
    struct Window: Sendable {
        let decisionsPerSecond: Double
        /// Microseconds of the victim's CPU a decision, whatever else it had to do.
        let cpuMicroseconds: Double
        /// Of the other core, on which asking, attacking and voting go on.
        let idleShare: Double
        /// What the victim counted, by metric, in so many seconds.
        let counted: [String: Int]
        let seconds: Double
        /// Sent a second.
        let frames: Double
        let bytes: Double
        let isEmptyHanded: Bool
        /// Whether the victim said at the end, with the attack still on, that it was ready: it has heard of a fresh seal, then.
        let isReady: Bool
    }

    let cluster: TestCluster
    let victim: String
    let load: DecisionLoad
    let attacker: AttackerProcess
    let otherCore: Int

    private static let allowed = "reeve_decision_allowed_total"

    /// The victim as it is before anybody has attacked it: it remembers who did.
    func restartVictim() async throws {
        cluster.kill(victim)
        try await cluster.startUntilReady(victim)
        _ = try await load.run(seconds: 1)
    }

    func window(_ kind: Ammunition?, seconds: Int) async throws -> Window {
        let process = try pid
        let before = try await metrics()
        if let kind { try await attacker.begin(kind) }
        let clock = ContinuousClock.now
        // Until what was quiet is no more.
        try await Task.sleep(for: .milliseconds(300))
        let (cpu, idle, start) = (Usage.cpuSeconds(of: process), Usage.idleSeconds(of: otherCore), ContinuousClock.now)
        let result = try await load.run(seconds: seconds)
        let span = (ContinuousClock.now - start) / .seconds(1)
        let (usedCPU, wasIdle) = (Usage.cpuSeconds(of: process) - cpu, Usage.idleSeconds(of: otherCore) - idle)
        let isReady = try await isReady()
        let tally = kind == nil ? nil : try await attacker.stop()
        let attacked = (ContinuousClock.now - clock) / .seconds(1)
        let after = kind == nil ? try await metrics() : try await settledMetrics()
        let counting = (ContinuousClock.now - clock) / .seconds(1)
        let counted = after.merging(before) { $0 - $1 }
        guard counted[Self.allowed, default: 0] >= result.requests else {
            throw TestCluster.Failure(
                "of \(result.requests) decisions \(victim) permitted \(counted[Self.allowed, default: 0])"
            )
        }
        return Window(
            decisionsPerSecond: result.perSecond,
            cpuMicroseconds: usedCPU * 1e6 / Double(max(1, result.requests)),
            idleShare: wasIdle / span,
            counted: counted,
            seconds: counting,
            frames: Double(tally?.frames ?? 0) / attacked,
            bytes: Double(tally?.bytes ?? 0) / attacked,
            isEmptyHanded: tally?.isEmptyHanded ?? false,
            isReady: isReady
        )
    }

    func isReady() async throws -> Bool { try await cluster.admin("GET", "/readyz", at: victim).status == 200 }

    var residentBytes: Int { get throws { Usage.residentBytes(of: try pid) } }

    private var pid: Int32 {
        get throws {
            guard let process = cluster.process(victim), process.isRunning else {
                throw TestCluster.Failure("\(victim) has ended")
            }
            return process.processIdentifier
        }
    }

    /// Once what the sockets still held is read, which is not to be done in the next window.
    private func settledMetrics() async throws -> [String: Int] {
        func total(_ metrics: [String: Int]) -> Int { BadInputReport.metrics.reduce(0) { $0 + (metrics[$1] ?? 0) } }
        let deadline = ContinuousClock.now + .seconds(60)
        var last = try await metrics()
        while ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(300))
            let next = try await metrics()
            // A few come by themselves, such as seals over more links than one.
            if total(next) - total(last) < 30 { return next }
            last = next
        }
        throw TestCluster.Failure("\(victim) is not done with what it was sent within a minute")
    }

    private func metrics() async throws -> [String: Int] {
        let text = try await cluster.admin("GET", "/metrics", at: victim).body
        let samples = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line -> (String, Int)? in
            let words = line.split(separator: " ")
            guard words.count == 2, let value = Int(words[1]) else { return nil }
            return (String(words[0]), value)
        }
        return Dictionary(samples) { _, last in last }
    }
}
