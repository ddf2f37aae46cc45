import ClusterSupport
import Foundation
import Kernel

/// Carries out the rounds of a plan, and keeps the nodes running that nobody meant to end.
struct Nemesis {
    /// A fault in force.
    private struct Active {
        let fault: PlannedFault
        let node: Int
        let cuts: Set<Network.Cut>
    }

    private let testbed: Testbed
    private let history: HistoryRecorder
    private let console: Console
    private let stop: StopSignal
    private var plan: FaultPlan
    private var active: [Active] = []
    /// Until when a node may end for what its disk did to it: requests that are under way hold up a node that stops.
    private var mayEndUntil: [Int: ContinuousClock.Instant] = [:]
    private(set) var injected: [FaultKind: Int] = [:]
    /// What nodes did that nothing asked of them.
    private(set) var anomalies: [String] = []

    /// How long a disk has no space left before a write meets that: it does not fill up between a look at its free space and
    /// the write after it, however busy the machine is.
    private static let fillingMilliseconds: UInt64 = 2000
    private static let stoppingTime = Duration.seconds(15)

    init(_ testbed: Testbed, plan: FaultPlan, history: HistoryRecorder, console: Console, stop: StopSignal) {
        self.testbed = testbed
        self.history = history
        self.plan = plan
        self.console = console
        self.stop = stop
    }

    mutating func run(until end: ContinuousClock.Instant) async throws {
        while ContinuousClock.now < end, !stop.isSet {
            let round = plan.next()
            for fault in round.faults { try await inject(fault) }
            try await rest(milliseconds: round.holdMilliseconds)
            try heal()
            try await rest(milliseconds: round.restMilliseconds)
            try restartEnded()
        }
    }

    private func rest(milliseconds: UInt64) async throws {
        let end = ContinuousClock.now + .milliseconds(milliseconds)
        while ContinuousClock.now < end, !stop.isSet { try await Task.sleep(for: .milliseconds(50)) }
    }

    private mutating func inject(_ fault: PlannedFault) async throws {
        let node = await node(for: fault.target)
        let now = Active(fault: fault, node: node, cuts: cuts(of: fault, at: node))
        active.append(now)
        injected[fault.kind, default: 0] += 1
        console.progress("\(fault.kind.rawValue) \(testbed.name(node))\(detail(of: now))")
        let orders = testbed.orders[node]
        switch fault.kind {
        case .kill: testbed.cluster.kill(testbed.name(node))
        case .stop: testbed.signal(node, SIGSTOP)
        case .isolation, .oneWayPartition, .partialPartition: try applyCuts()
        case .slowDisk: try orders.set(.slow(milliseconds: fault.milliseconds))
        case .failingDisk: try orders.set(.failing)
        case .fullDisk:
            if !fault.variant {
                try orders.set(.filling)
                try await rest(milliseconds: Self.fillingMilliseconds)
            }
            try orders.set(.full)
        case .clockStep: try orders.step(milliseconds: fault.milliseconds)
        }
    }

    private func node(for target: PlannedFault.Target) async -> Int {
        switch target {
        case .leader: await testbed.leader() ?? 0
        case .node(let node): node
        case .other(let offset): ((active.first?.node ?? 0) + offset) % FaultPlan.nodeCount
        }
    }

    private func cuts(of fault: PlannedFault, at node: Int) -> Set<Network.Cut> {
        let others = (1..<FaultPlan.nodeCount).map { (node + $0) % FaultPlan.nodeCount }
        let outgoing = Set(others.map { Network.Cut(from: node, to: $0) })
        let incoming = Set(others.map { Network.Cut(from: $0, to: node) })
        switch fault.kind {
        case .isolation: return outgoing.union(incoming)
        case .oneWayPartition: return fault.variant ? outgoing : incoming
        case .partialPartition:
            let other = others[fault.variant ? 0 : 1]
            return [Network.Cut(from: node, to: other), Network.Cut(from: other, to: node)]
        case .kill, .stop, .slowDisk, .failingDisk, .fullDisk, .clockStep: return []
        }
    }

    private func detail(of active: Active) -> String {
        switch active.fault.kind {
        case .slowDisk: ", each sync by \(active.fault.milliseconds) ms"
        case .clockStep: " by \(active.fault.milliseconds) ms"
        case .oneWayPartition: active.fault.variant ? ", cannot send" : ", cannot receive"
        case .partialPartition:
            " and " + (active.cuts.first { $0.from == active.node }.map { testbed.name($0.to) } ?? "nobody")
        case .fullDisk: active.fault.variant ? ", suddenly" : ""
        case .kill, .stop, .isolation, .failingDisk: ""
        }
    }

    private func applyCuts() throws {
        let cuts = active.reduce(into: Set<Network.Cut>()) { $0.formUnion($1.cuts) }
        try testbed.network.set(cuts, of: testbed.cluster, testbed.orders)
    }

    /// Ends all faults. A node that halted or was killed starts again.
    mutating func heal() throws {
        let ending = active
        active = []
        for fault in ending where fault.fault.mayStopNode {
            mayEndUntil[fault.node] = ContinuousClock.now + Self.stoppingTime
        }
        noteExits(during: ending)
        for fault in ending {
            let orders = testbed.orders[fault.node]
            switch fault.fault.kind {
            case .kill: break
            case .stop: testbed.signal(fault.node, SIGCONT)
            case .isolation, .oneWayPartition, .partialPartition: try applyCuts()
            case .slowDisk, .fullDisk: try orders.set(.sound)
            case .failingDisk:
                // What a node holds in memory after a failed sync counts for nothing: it starts anew.
                testbed.cluster.kill(testbed.name(fault.node))
                try orders.set(.sound)
            case .clockStep: try orders.step(milliseconds: 0)
            }
        }
        try startEnded()
        if !ending.isEmpty {
            console.progress("healed; \(history.counts.acknowledgedWrites) writes acknowledged so far")
        }
    }

    /// Between faults nobody has a reason to end, but for what the last ones left.
    private mutating func restartEnded() throws {
        noteExits(during: [])
        try startEnded()
    }

    private mutating func startEnded() throws {
        for node in testbed.cluster.names.indices where !testbed.isRunning(node) {
            mayEndUntil[node] = nil
            try testbed.cluster.start(testbed.name(node))
        }
    }

    private mutating func noteExits(during ended: [Active]) {
        for node in testbed.cluster.names.indices where !testbed.isRunning(node) {
            if let end = mayEndUntil[node], ContinuousClock.now < end { continue }
            let kinds = ended.filter { $0.node == node }.map(\.fault.kind)
            if !kinds.contains(.kill) { noteExit(of: node, during: kinds) }
        }
    }

    private mutating func noteExit(of node: Int, during kinds: [FaultKind]) {
        let process = testbed.cluster.process(testbed.name(node))
        let status = process.map { "\($0.terminationReason == .exit ? "status" : "signal") \($0.terminationStatus)" }
        let faults = kinds.isEmpty ? "no fault" : kinds.map(\.rawValue).joined(separator: ", ")
        let anomaly = "\(testbed.name(node)) ended by itself with \(status ?? "nothing known") under \(faults)"
        anomalies.append("\(anomaly):\n\(testbed.lastWords(of: node))")
        console.progress(anomaly)
    }
}

extension PlannedFault {
    /// Whether a node stops by it. No store knows what a write that met a full disk in its midst has taken with it, so then
    /// the node may stop too; it is to see the end of the space coming.
    fileprivate var mayStopNode: Bool { kind == .failingDisk || kind == .fullDisk && variant }
}
