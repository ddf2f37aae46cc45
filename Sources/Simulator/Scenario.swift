package import Directory
package import Kernel

/// What a run is made of besides its seed: topology, load, faults and what is expected of it.
package struct Scenario: Hashable, Sendable {
    package var name: String
    /// Voters, named `n1`, `n2` and so on.
    package var nodeCount: Int
    /// Machines that join as soon as there is a cluster to join, and never get a vote. They are named after the voters.
    package var learnerCount: Int
    /// Machines that join besides, get a vote, are removed and begin anew, all through the run. Nil leaves it to the seed, where
    /// the seed draws faults.
    package var spareCount: Int?
    /// Machines that join as edges once there is a seal: no configuration names them, and they go by what seals prove. They are
    /// named after voters and learners. Nil leaves it to the seed, where the seed draws faults.
    package var edgeCount: Int?
    /// Where machines stand; what is not named stands in the first zone. Empty leaves it to the seed, where the seed draws faults.
    package var zones: [Zone]
    /// How long clients send. Faults from the seed end at four fifths of it, and then everything heals.
    package var duration: Span
    /// 0: clients set up what the load would need, and are silent then.
    package var operationsPerSecond: UInt64
    /// How old the knowledge may be by which a node allows. Nil for what a cluster begins with.
    package var maximumAge: Span?
    /// Whether members name seal keys, so that voters seal. Nil leaves it to the seed, where the seed draws faults.
    package var seals: Bool?
    /// The level of the log's language at which the cluster begins, and which is all that the programs of its machines know until they
    /// are upgraded. Nil leaves it to the seed, where the seed draws faults.
    package var featureLevel: FeatureLevel?
    /// Whether operators label nodes, and roll out drafts over them.
    package var rollouts: Bool
    /// Sorted by time.
    package var faults: [TimedFault]
    /// Whether the seed adds faults of its own.
    package var drawsFaults: Bool
    /// How dense the seed's own faults are, in percent of the usual.
    package var faultIntensity: Int
    package var expectations: [Expectation]

    package static let nodeCounts = 1...15
    package static let learnerCounts = 0...machineLimit - 1
    package static let spareCounts = 0...machineLimit - 1
    /// As many as there can be members.
    package static let machineLimit = Limits.members
    package static let edgeCounts = 0...100
    package static let durations = Span.seconds(5)...Span.seconds(86_400)
    package static let maximumAges = Settings.maximumAgeRange
    package static let operationRates: ClosedRange<UInt64> = 0...1000
    package static let faultIntensities = 10...1000
    /// The load needs statements that cascade.
    package static let featureLevels = FeatureLevel.cascades...FeatureLevel.supported

    package init(
        name: String = "random faults",
        nodeCount: Int = 3,
        learnerCount: Int = 0,
        spareCount: Int? = nil,
        edgeCount: Int? = nil,
        zones: [Zone] = [],
        duration: Span = .seconds(30),
        operationsPerSecond: UInt64 = 10,
        maximumAge: Span? = nil,
        seals: Bool? = nil,
        featureLevel: FeatureLevel? = nil,
        rollouts: Bool = false,
        faults: [TimedFault] = [],
        drawsFaults: Bool = true,
        faultIntensity: Int = 100,
        expectations: [Expectation] = []
    ) {
        self.name = name
        self.nodeCount = nodeCount
        self.learnerCount = learnerCount
        self.spareCount = spareCount
        self.edgeCount = edgeCount
        self.zones = zones
        self.duration = duration
        self.operationsPerSecond = operationsPerSecond
        self.maximumAge = maximumAge
        self.seals = seals
        self.featureLevel = featureLevel
        self.rollouts = rollouts
        self.faults = faults.sorted { $0.time < $1.time }
        self.drawsFaults = drawsFaults
        self.faultIntensity = faultIntensity
        self.expectations = expectations
    }

    /// Whether the seed may add machines that join, get a vote, are removed and begin anew. What a scenario expects is said of
    /// the members that it names, and one that has learners says who there is.
    package var drawsSpares: Bool { spareCount == nil && edgeCount ?? 0 == 0 && drawsMachines }

    /// Whether the seed may add edges, where it has voters seal.
    package var drawsEdges: Bool { edgeCount == nil && drawsMachines }

    private var drawsMachines: Bool { learnerCount == 0 && drawsFaults && expectations.isEmpty }

    /// Voters and learners.
    package var memberCount: Int { nodeCount + learnerCount }

    /// Those that a fault may name: members and edges.
    package var namedCount: Int { memberCount + (edgeCount ?? 0) }

    /// Whether it is of importance whose data directory is whose.
    var wipesDisks: Bool { faults.contains { if case .wipeDisks = $0.fault { true } else { false } } }

    /// When faults end and everything is repaired.
    package var healTime: Instant { Instant(microseconds: duration.microseconds / 5 * 4) }

    /// What makes this scenario impossible to run, nil if it can be run.
    package var flaw: String? {
        if let maximumAge, !Self.maximumAges.contains(maximumAge) { return "the maximum age is out of its range" }
        guard Self.nodeCounts.contains(nodeCount) else { return "nodes must be in \(Self.nodeCounts)" }
        guard Self.learnerCounts.contains(learnerCount) else { return "learners must be in \(Self.learnerCounts)" }
        guard Self.spareCounts.contains(spareCount ?? 0) else { return "spares must be in \(Self.spareCounts)" }
        guard memberCount + (spareCount ?? 0) <= Self.machineLimit else {
            return "nodes, learners and spares must be \(Self.machineLimit) together at most"
        }
        guard Self.edgeCounts.contains(edgeCount ?? 0) else { return "edges must be in \(Self.edgeCounts)" }
        guard edgeCount ?? 0 == 0 || seals ?? true else { return "edges need seals" }
        guard zones.count <= Zone.limit, zones.allSatisfy({ $0.latency <= Zone.longestLatency }) else {
            return "there are \(Zone.limit) zones at most, \(Zone.longestLatency.milliseconds) ms away at most"
        }
        guard zones.flatMap(\.machines).allSatisfy((0..<namedCount).contains),
            Set(zones.flatMap(\.machines)).count == zones.flatMap(\.machines).count
        else { return "a zone has machines of the scenario, each in one zone" }
        guard Self.durations.contains(duration) else { return "seconds must be in 5...86400" }
        guard Self.operationRates.contains(operationsPerSecond) else {
            return "operations per second must be in \(Self.operationRates)"
        }
        if let featureLevel, !Self.featureLevels.contains(featureLevel) {
            let known = Self.featureLevels
            return "the feature level must be in \(known.lowerBound.number)...\(known.upperBound.number)"
        }
        guard Self.faultIntensities.contains(faultIntensity) else {
            return "the intensity of faults must be in \(Self.faultIntensities) percent"
        }
        for place in faults.indices {
            if let flaw = faults[place].flaw(in: self) { return flaw }
            if let flaw = flaw(ofFault: place) { return "\(faults[place].fault.summary): \(flaw.message)" }
        }
        return nil
    }
}

/// Machines that stand together.
package struct Zone: Hashable, Sendable {
    /// By number, from 0.
    package let machines: [Int]
    /// What a message into this zone from another, or out of it, takes longer, one way: between two zones both count.
    package let latency: Span

    package static let limit = 16
    package static let longestLatency = Span.seconds(10)

    package init(_ machines: [Int], latency: Span) {
        self.machines = machines
        self.latency = latency
    }
}

/// What a scenario must show besides keeping the invariants.
package enum Expectation: Hashable, Sendable {
    /// The standing time-boxed grant, which outlives the run, is never denied as expired or not yet in force.
    case grantsHold
    /// After each fault a write is acknowledged within this time.
    case writesResume(within: Span)
    /// At least so many members led at one time or another.
    case leaders(atLeast: Int)
    /// At least so many snapshots took the place of a member's state.
    case snapshots(atLeast: Int)
    /// At the end at least so many voters are machines that began anew as another member.
    case replaced(atLeast: Int)
    /// At least so many messages were not let in by the links of the node that they came to.
    case refused(atLeast: Int)
    /// The restore of a backup undid at least so many writes that clients were told are done.
    case lost(atLeast: Int)
    /// Machines that are no voters said at least so much that was not true.
    case lies(atLeast: Int)
    /// At least so many statements were in force at a node that was cut off from a quorum, so that the log could not know.
    case statementsWithoutQuorum(atLeast: Int)
    /// At least so many times a node stopped applying the log, since its program was too old.
    case halts(atLeast: Int)
    /// At least so many times who used a credential that was taken away was refused.
    case thievesRefused(atLeast: Int)
    /// In the end every member is at that level of the log's language.
    case featureLevel(FeatureLevel)
    /// At no time did a node that was cut off from a quorum acknowledge a write that was sent while it was cut off.
    case minorityAcknowledgesNothing
}
