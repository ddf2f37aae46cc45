internal import Consensus
internal import Decision
package import Directory
package import Kernel
package import Replica

/// A cluster with everything around it: machines, network, clients, and what they may find wrong.
///
/// A value: a copy is a snapshot of the whole world, and the same options give the same history in every process. One
/// event at a time is taken from the queue and given to the node that it concerns; its effects become events.
package struct World: Sendable {
    package let options: WorldOptions
    package let population = Population()
    /// Who each machine is, or is to be. Changes when a machine begins anew.
    package internal(set) var members: [MemberID]
    package let lineage: Lineage
    /// The first voters, whom every node is told of when it is made.
    var founders: [MemberID]
    package let nodeOptions: ReplicaOptions
    /// Whether messages go through the codec of links, to test that too.
    package let encodesFrames: Bool

    package internal(set) var now = Instant.zero
    package internal(set) var steps: UInt64 = 0
    private var currentSecond: UInt64 = 0
    private var stepsInSecond: UInt64 = 0
    private static let stepsPerSecondLimit: UInt64 = 20_000
    package internal(set) var faultCount = 0
    package internal(set) var snapshotCount = 0
    /// Taken from neighbours that were found to be no states.
    package internal(set) var refusedSnapshotCount = 0
    /// How many frames the links of a node did not let in.
    package internal(set) var refusalCount = 0
    /// How many statements a node that reached no quorum took.
    package internal(set) var statementsWithoutQuorum = 0
    /// How often a machine has lied.
    package internal(set) var lieCount = 0
    package internal(set) var machines: [Machine] = []
    package internal(set) var trace: Trace
    /// For people. Nil where nobody looks.
    package internal(set) var recording: Recording?
    package internal(set) var operations: [ClientOperation] = []
    /// No client begins anything new from then on.
    package internal(set) var loadEnds: Instant
    /// The highest revision that any client was told of.
    package internal(set) var knownRevision = LogIndex.zero
    /// A document of which the search for an order was given up, while what revisions tell of it was checked all the same.
    package internal(set) var undecidedDocument: Int?
    /// When clients were told that a write is done.
    package internal(set) var acknowledgements: [Instant] = []

    package var network: VirtualNetwork
    package var coverage = Coverage()
    var faultsInForce = FaultsInForce()
    package var leadership = LeadershipChecker()
    var allegiance: AllegianceChecker
    package var log: LogChecker
    package var history: HistoryChecker
    package var roots = StateRootChecker()
    package var revocations = RevocationChecker()
    package var grants: GrantChecker
    package var dependencies = DependencyChecker()
    package var rollouts = RolloutChecker()
    package var knowledge: KnowledgeChecker
    package var propagation: PropagationChecker
    package var statements = StatementChecker()
    package var secrets = SecretChecker()
    package var seals = SealChecker()
    package var edges = EdgeChecker()
    /// Whether members name the keys that seals are checked by.
    package let namesSealKeys: Bool
    package var clientHistory: ClientHistoryChecker
    package var thieves: TheftChecker

    let queries: PopulationQueries
    var queue = EventQueue<WorldEvent>()
    package internal(set) var choices: Choices
    /// The scenario's own faults that this run has.
    var scenarioFaults: [(number: Int, fault: TimedFault)] = []
    /// Faults that wait for an occasion.
    var awaiting: [(number: Int, fault: TimedFault)] = []
    /// Numbers of the faults that have happened.
    var happened: Set<Int> = []
    /// How often nodes were asked about a few of the revoked.
    var probeCount = 0
    var workload: Workload
    var membership: Membership
    /// What programs know until they are upgraded, and where the cluster began; nil where all are the newest.
    package let olderLevel: FeatureLevel?
    /// Whether the operator has raised the level without asking who knows it.
    var hasRaisedUnasked = false
    /// How often a node met what its program is too old for.
    package internal(set) var haltCount = 0
    var thefts: [Theft] = []
    /// Which core is healed first, by number; 0: everybody is.
    package let coreChoice: Int64
    /// Those that are, while the others are down; nil where all may run.
    package internal(set) var core: [Int]?
    /// A node's state as it was at some time.
    var backup: VirtualStateStore.Version?
    /// Whether the cluster goes on from a backup, so that no node makes the first entry of the log again.
    var hasRestored = false
    /// When something was last done to the world, or a node changed its part in it.
    var disturbedAt = Instant.zero
    var intruders: Intruders
    /// Crashes that wait for somebody to be elected, the next first.
    var crashesWhenElected: [Machine.ArmedCrash] = []

    package init(_ options: WorldOptions) {
        self.options = options
        recording = options.recordsMessages ? Recording(capacity: options.recordedMessages) : nil
        trace = Trace(capacity: options.traceLines)
        var choices = Choices(seed: options.seed, following: options.schedule, records: options.recordsChoices)
        let scenario = options.scenario
        var members = (0..<scenario.nodeCount).map { _ in
            MemberID(high: choices.streams.nodes.next(), low: choices.streams.nodes.next())
        }
        lineage = Lineage(high: choices.streams.nodes.next(), low: choices.streams.nodes.next())
        nodeOptions = choices.nodeOptions()
        encodesFrames =
            choices.number(ChoiceKey(.encodedFrames), neutral: 0, at: .zero) { $0.network.chance(250_000) ? 1 : 0 } == 1
        loadEnds = Instant.zero.advanced(by: scenario.duration)
        founders = members
        namesSealKeys = choices.seals(in: scenario)
        let spareCount = choices.spareCount(of: scenario)
        let edgeCount = choices.edgeCount(of: scenario, areSealing: namesSealKeys)
        coreChoice = choices.core(of: scenario)
        olderLevel = choices.olderLevel(of: scenario)
        for _ in 0..<scenario.learnerCount + spareCount {
            members.append(MemberID(high: choices.streams.members.next(), low: choices.streams.members.next()))
        }
        let edges = (0..<edgeCount).map { _ in
            MemberID(high: choices.streams.edges.next(), low: choices.streams.edges.next())
        }
        members.insert(contentsOf: edges, at: scenario.memberCount)
        self.members = members
        membership = Membership(
            voterCount: scenario.nodeCount,
            learnerCount: scenario.learnerCount,
            spareCount: spareCount,
            edgeCount: edgeCount
        )
        intruders = Intruders(machineCount: members.count)
        network = VirtualNetwork(choices.networkLayout(of: scenario, machineCount: members.count))
        allegiance = AllegianceChecker(machineCount: members.count, nodeOptions.raft.electionTimeout)
        log = LogChecker()
        history = HistoryChecker(population: population)
        clientHistory = ClientHistoryChecker(population: population)
        grants = GrantChecker(agentCount: population.agents.count, tolerance: nodeOptions.clocks.maxClockError)
        knowledge = KnowledgeChecker(machineCount: members.count)
        propagation = PropagationChecker(rules: nodeOptions.clocks)
        thieves = TheftChecker(rules: nodeOptions.clocks)
        workload = Workload(population: population, rolloutNodes: options.scenario.rollouts ? members.count : 0)
        queries = PopulationQueries(population)
        choices.forgetSeed()
        self.choices = choices
        found()
        scheduleFaults()
        for node in machines.indices where membership.isPresent(node) { queue.schedule(.start(node: node), at: .zero) }
        queue.schedule(.load, at: Instant(microseconds: 100_000))
        if membership.hasOthers {
            beginOperating(at: Instant(microseconds: scenario.learnerCount > 0 ? 500_000 : 2_000_000))
        }
    }

    private mutating func scheduleFaults() {
        let drawn = choices.faults(
            of: options.scenario,
            hasOthers: membership.hasOtherMembers,
            edges: membership.edges,
            machineCount: machines.count,
            upgrades: olderLevel != nil
        )
        for (number, fault) in drawn {
            guard fault.occasion == nil else {
                awaiting.append((number, fault))
                continue
            }
            if number < options.scenario.faults.count { scenarioFaults.append((number, fault)) }
            queue.schedule(.fault(fault.fault, number: number), at: fault.time)
        }
    }

    package var nextEventTime: Instant? { queue.nextTime }

    /// Lets everything happen that is due by then.
    ///
    /// - Returns: False when it stopped before, since so many steps had been taken since the beginning.
    @discardableResult
    package mutating func run(until end: Instant, throughStep last: UInt64 = .max) throws(Violation) -> Bool {
        while let time = queue.nextTime, time <= end {
            guard steps < last else { return false }
            try step()
        }
        if end.microseconds < .max { now = max(now, end) }
        return true
    }

    /// Lets the next event happen.
    package mutating func step() throws(Violation) {
        guard let (time, event) = queue.pop() else { return }
        try countStep(at: time)
        now = time
        guard !keepForLater(event) else { return }
        switch event {
        case .wake(let node, let process):
            guard isCurrent(node, process) else { return }
            machines[node].process?.wakeAt = nil
            try wake(node)
        case .deliver(let frame): try deliver(frame)
        case .linkClosed(let node, let process, let peer):
            guard isCurrent(node, process) else { return }
            allegiance.linkClosed(node)
            try step(node, .linkClosed(peer))
        case .logBatchWritten(let node, let process):
            if isCurrent(node, process) { try completeLogBatch(node) }
        case .entriesApplied(let node, let process):
            if isCurrent(node, process) { try applyEntries(node) }
        case .entriesRead(let node, let process, let peer, let from, let maxBytes):
            if isCurrent(node, process) { try readEntries(node, for: peer, from: from, maxBytes: maxBytes) }
        case .snapshotRead(let node, let process, let peer, let position, let number):
            if isCurrent(node, process) { try readSnapshot(node, for: peer, position: position, number: number) }
        case .snapshotStaged(let node, let process, let chunk):
            if isCurrent(node, process) { try stageSnapshot(node, chunk) }
        case .snapshotInstalled(let node, let process, let point):
            if isCurrent(node, process) { try installSnapshot(node, point) }
        case .compacted(let node, let process, let index):
            if isCurrent(node, process) { try compact(node, before: index) }
        case .logRepaired(let node, let process, let entries, let hash):
            if isCurrent(node, process) { try repairLog(node, entries, hash) }
        case .readForRepair(let node, let process, let peer, let first, let last, let maxBytes):
            guard isCurrent(node, process) else { return }
            try readForRepair(node, for: peer, first: first, last: last, maxBytes: maxBytes)
        case .statementsJudged(let node, let process, let statements, let time):
            if isCurrent(node, process) { try judgeStatements(node, statements, broughtAt: time) }
        case .statementsKept(let node, let process, let statements):
            if isCurrent(node, process) { try keepStatements(node, statements) }
        case .sealMarkKept(let node, let process, let mark):
            if isCurrent(node, process) { try keepSealMark(node, mark) }
        case .sealSigned(let node, let process, let statement):
            if isCurrent(node, process) { try signSeal(node, statement) }
        case .sealedSnapshotRead(let node, let process, let peer, let claim, let number):
            if isCurrent(node, process) { try readSealedSnapshot(node, for: peer, claim, number: number) }
        case .snapshotChecked(let node, let process, let point):
            if isCurrent(node, process) { try checkSnapshot(node, point) }
        case .logRead(let node, let process, let peer, let index, let maxBytes):
            if isCurrent(node, process) { try readLog(node, for: peer, after: index, maxBytes: maxBytes) }
        case .linkReviewed(let node, let process, let peer):
            if isCurrent(node, process) { try reviewLink(of: node, to: peer) }
        case .furnish(let node): furnish(node)
        case .scrubbed(let node, let process):
            if isCurrent(node, process) { try scrub(node) }
        case .fault(let fault, let number): try inject(fault, number: number)
        case .eased: ease()
        case .given(let node, let process, let input):
            if isCurrent(node, process) { try step(node, input) }
        case .crash(let node, let process, let crash, let downFor):
            if isCurrent(node, process) { try self.crash(node, crash, downFor: downFor) }
        case .start(let node): try start(node)
        case .load: try beginOperation()
        case .operate: try operate()
        case .claim(let node, let process):
            if isCurrent(node, process) { try claim(node) }
        case .reportRollouts(let node, let process):
            if isCurrent(node, process) { try reportRollouts(node) }
        case .lie(let node): tellLie(node)
        case .thieve(let theft): try thieve(theft)
        case .wipe(let node): try wipe(node)
        case .attempt(let operation): try attempt(operation)
        case .clientTimeout(let operation, let attempt): timeOut(operation, attempt)
        }
    }

    /// Nodes that do nothing but wake each other, or themselves, would keep a run from ever ending.
    private mutating func countStep(at time: Instant) throws(Violation) {
        steps += 1
        let second = time.microseconds / 1_000_000
        guard second == currentSecond else {
            currentSecond = second
            stepsInSecond = 1
            return
        }
        stepsInSecond += 1
        guard stepsInSecond <= Self.stepsPerSecondLimit * UInt64(machines.count) else {
            throw Violation(.convergence, "\(stepsInSecond) steps within one second of simulated time: \(progress)")
        }
    }

    func isCurrent(_ node: Int, _ process: UInt64) -> Bool {
        machines[node].isUp && machines[node].generation == process
    }

    func number(of member: MemberID) -> Int? { members.firstIndex(of: member) }

    mutating func record(_ event: Trace.Event, node: Int?) {
        let line = Trace.Line(step: steps, time: now, node: node, event: event)
        trace.record(line)
        if recording != nil, !event.isInput { recording?.note(line) }
    }

    /// The running member that leads in the highest term.
    package var leader: Int? {
        var best: (node: Int, term: Term)?
        for node in machines.indices {
            guard let term = machines[node].progress?.leadsIn else { continue }
            if best.map({ $0.term < term }) ?? true { best = (node, term) }
        }
        return best?.node
    }
}
