internal import Consensus
internal import Decision
internal import Directory
internal import Kernel
internal import Replica
internal import Sealing
internal import Wire

/// How nodes begin, are stepped and end.
extension World {
    /// Lays the first entry of the log on every disk.
    mutating func found() {
        let configuration = Configuration(voters: founders)
        let base = SnapshotPoint(
            position: .zero,
            hash: .zero,
            time: .distantPast,
            configuration: configuration
        )
        let foundingLog = foundingLog
        let empty = SortedStore()
        let version = VirtualStateStore.Version(
            pairs: empty,
            point: base,
            facts: Self.facts(of: empty, at: .zero, codec: options.codec)
        )
        for node in members.indices {
            let clock = VirtualClock(
                start: .zero,
                driftPPM: choices.number(ChoiceKey(.clockDrift, node: node), neutral: 0, at: now) {
                    Int64($0.clock.below(1_600 as UInt64)) - 800
                },
                wallErrorMilliseconds: goodClockError(of: node)
            )
            let log = foundingLog
            let state = VirtualStateStore(version)
            let instance = Self.instance(of: members[node], losses: 0)
            machines.append(
                Machine(clock: clock, log: log, state: state, instance: instance, invitedBy: founders)
            )
            if let olderLevel { machines[node].program = olderLevel }
            if !membership.isPresent(node) { clearDisks(node) }
        }
    }

    /// What a first voter makes where there is no data yet.
    private var foundingLog: VirtualLogDisk {
        VirtualLogDisk(
            hardState: HardState(term: Term(1), vote: nil, commitIndex: LogIndex(1)),
            base: SnapshotPoint(
                position: .zero,
                hash: .zero,
                time: .distantPast,
                configuration: Configuration(voters: founders)
            ),
            entries: [genesis.firstEntry(codec: options.codec)]
        )
    }

    /// Leaves what a first voter begins with.
    mutating func foundAgain(_ node: Int) {
        clearDisks(node)
        machines[node].log = foundingLog
    }

    /// Leaves what a node that joins begins with: nothing, and who the first voters were.
    mutating func clearDisks(_ node: Int) {
        let base = SnapshotPoint(
            position: .zero,
            hash: .zero,
            time: .distantPast,
            configuration: Configuration(voters: founders)
        )
        let empty = SortedStore()
        let facts = Self.facts(of: empty, at: .zero, codec: options.codec)
        knowledge.forgets(node)
        statements.forgets(node)
        machines[node].words = []
        machines[node].statements = StatementSet()
        machines[node].sealMark = nil
        machines[node].sealMemory = SealMemory()
        machines[node].log = VirtualLogDisk(
            hardState: HardState(term: .zero, vote: nil, commitIndex: .zero),
            base: base,
            entries: []
        )
        machines[node].state = VirtualStateStore(VirtualStateStore.Version(pairs: empty, point: base, facts: facts))
    }

    /// Of the configuration that is in force on a node.
    func majorities(at node: Int) -> [Majority] {
        guard let configuration = machines[node].process?.replica.configuration else { return [] }
        return majorities(of: configuration)
    }

    func majorities(of configuration: Configuration) -> [Majority] {
        [configuration.voters, configuration.votersOutgoing].filter { !$0.isEmpty }
            .map { voters in
                Majority(voters.compactMap(number(of:)).map { machines[$0].log }, of: voters.count)
            }
    }

    mutating func goodClockError(of node: Int) -> Int64 {
        let key = ChoiceKey(.clockError, node: node)
        let number = choices.count(key)
        return choices.number(key.numbered(number), neutral: 0, at: now) { streams in
            let range = UInt64(2 * VirtualClock.goodErrorMilliseconds)
            return Int64(streams.clock.below(range)) - VirtualClock.goodErrorMilliseconds
        }
    }

    private var genesis: Genesis {
        let voters = founders.enumerated().map { number, member in
            MemberSpec(
                id: member,
                name: "n\(number + 1)",
                raftAddress: "n\(number + 1):7000",
                apiAddresses: ["n\(number + 1):8443"],
                keyFingerprint: Self.key(of: member)
            )
        }
        return Genesis(
            lineage: lineage,
            trustDomain: "simulation.test",
            voters: voters,
            administrator: AdministratorSpec(fingerprint: Self.administrator, name: "simulator"),
            settings: options.scenario.maximumAge.map { Settings(maximumAge: $0) } ?? Settings(),
            featureLevel: olderLevel ?? .supported
        )
    }

    static func key(of member: MemberID) -> Digest { Digest.of(Array("\(member.uuid) \(member.incarnation)".utf8)) }

    static let administrator = Digest.of(Array("administrator".utf8))

    /// What a state says of itself. A state that does not decode has not even that: the node will halt on it.
    static func facts(of pairs: SortedStore, at revision: LogIndex, codec: any DirectoryCodec) -> DirectoryFacts {
        (try? DirectoryFacts(at: revision, in: pairs, codec: codec))
            ?? DirectoryFacts(revision: revision, epoch: 0, stateRoot: .zero)
    }

    /// Starts a process on what its machine's disks hold.
    mutating func start(_ node: Int) throws(Violation) {
        guard !machines[node].isUp, membership.isPresent(node), isOfCore(node) else { return }
        guard !refusesToStart(node) else { return }
        let isEdge = membership.isForEdge(node)
        machines[node].generation += 1
        machines[node].hasHungWrite = false
        machines[node].clock.restart(at: now)
        disturbedAt = now
        let applied = machines[node].state.current.point
        if let cut = machines[node].log.cutDamagedTail(after: applied.position.index) {
            record(.note(Note(.error, "cut a damaged end off the log", .init("lost", "\(cut)"))), node: node)
        }
        let machine = machines[node]
        // A store loads the newest part of the log only: where that begins is its own affair.
        let hidden = max(
            choices.hiddenThrough(applied.position.index, node, process: machine.generation, at: now),
            machine.log.leftOnDisk(
                after: applied.position.index,
                maxBytes: nodeOptions.raft.maxUnappliedBytes
            )
        )
        let replica = ReplicaNode(
            member: members[node],
            lineage: lineage,
            options: nodeOptions(of: machine),
            codec: options.codec,
            records: WireRecordCodec(),
            isEdge: isEdge,
            restored: machine.log.restored(hidingThrough: hidden, applied: applied.position.index),
            facts: machine.state.current.facts,
            applied: applied,
            invitedBy: machine.invitedBy,
            introduced: machine.words,
            statements: machine.statements.items,
            seals: SealStart(verifier: KeyedHash(), mark: machine.sealMark, memory: machine.sealMemory),
            seed: choices.timers(of: node, process: machine.generation, at: now),
            at: machine.clock.moment(at: now)
        )
        machines[node].process = Process(
            ProcessMemory(
                replica: replica,
                applier: Applier(codec: options.codec, supported: machine.program),
                decisions: decisionSnapshot(of: machine.state.current, at: node).enforcing(machine.statements.items),
                admission: admission(of: node, under: replica.configuration),
                dialled: dialled(by: node, under: replica.configuration, []),
                isServing: replica.isServing,
                statements: machine.statements
            )
        )
        trace.hash.combine(now)
        trace.hash.combine(node)
        record(.started(process: machine.generation), node: node)
        try observe(node)
        try checkLevel(node)
        scheduleWake(node)
        scheduleScrub(node)
        if !isEdge { scheduleClaim(node, after: Self.claimInterval) }
        scheduleReports(node)
        reviewLinks(of: node)
    }

    /// A scrub that finds nothing changes nothing, so there is one only where there is damage.
    mutating func scheduleScrub(_ node: Int) {
        guard !machines[node].log.damage.isEmpty else { return }
        let key = ChoiceKey(.scrub, node: node, process: machines[node].generation)
        let delay = choices.countedSpan(key, neutral: .milliseconds(10), at: now) {
            .milliseconds($0.disk.within(10...3000))
        }
        let time = now.advanced(by: delay)
        queue.schedule(.scrubbed(node: node, process: machines[node].generation), at: time)
    }

    /// Ends a process at once. Its disks keep what they must and some of the rest.
    mutating func crash(_ node: Int, _ crash: Crash, downFor: Span) throws(Violation) {
        guard machines[node].isUp else { return }
        machines[node].endProcess()
        recordState(node)
        let process = machines[node].generation
        let pending = machines[node].fullUntil == nil ? machines[node].log.pendingCount : 0
        let kept = choices.keptWrites(of: pending, node, process: process, at: now)
        let completions = machines[node].log.crash(keeping: kept)
        let uncommitted = machines[node].state.uncommittedCount
        let lost = choices.lostTransactions(of: uncommitted, node, process: process, at: now)
        machines[node].state.crash(losing: lost)
        record(.crashed(crash, keptWrites: kept, lostTransactions: lost), node: node)
        for completion in completions { try written(node, completion) }
        if crash == .process { closeLinks(of: node) }
        reviewLinks(of: node, afterPowerLoss: crash == .power)
        queue.schedule(.start(node: node), at: now.advanced(by: downFor))
    }

    /// Those at the other ends are told when a process ends, usually at once, and now and then after it has started again and
    /// is connected anew. A machine without power tells nobody.
    mutating func closeLinks(of node: Int) {
        for other in machines.indices where other != node && machines[other].isUp && network.connects(node, other) {
            let delay = choices.linkClosing(from: node, process: machines[node].generation, to: other, at: now)
            queue.schedule(
                .linkClosed(node: other, process: machines[other].generation, to: members[node]),
                at: now.advanced(by: delay)
            )
        }
    }

    mutating func wake(_ node: Int) throws(Violation) {
        guard machines[node].isUp else { return }
        // Timers are set by the node's own clock and may have moved since.
        if let due = machines[node].nextWake, due <= machines[node].clock.monotonic(at: now) {
            try step(node, .wake)
        } else {
            scheduleWake(node)
        }
    }

    /// Gives one input to a node, checks what it became, and carries out what it asks for.
    mutating func step(_ node: Int, _ input: ReplicaNode.Input) throws(Violation) {
        guard !keepForLater(input, node) else { return }
        trace.hash.combine(now)
        trace.hash.combine(node)
        trace.hash.combine(input)
        record(.input(input), node: node)
        let moment = machines[node].clock.moment(at: now)
        let ledIn = machines[node].progress?.leadsIn
        guard var effects = machines[node].process?.step(input, at: moment) else { return }
        options.intercept?(node, &effects)
        trace.hash.combine(effects)
        try observe(node)
        noteSeal(node)
        if let term = machines[node].progress?.leadsIn, term != ledIn, !crashesWhenElected.isEmpty {
            return try crashElected(node, in: effects)
        }
        for effect in effects { try carryOut(effect, node) }
        scheduleWake(node)
    }

    /// What a node is after a step, against what all nodes were before.
    private mutating func observe(_ node: Int) throws(Violation) {
        guard let progress = machines[node].progress else { return }
        recordState(node)
        if let term = progress.leadsIn, try leadership.leads(node, in: term) {
            try LeadershipChecker.elected(node, members[node], in: term, by: majorities(at: node))
            occurred(.leaderElected)
        }
        try log.orders(node, applied: progress.applied, committed: progress.committed)
        guard progress.committed > log.highestCommit else { return }
        try log.commits(node, through: progress.committed, by: majorities(at: node))
        occurred(.revisionReached(progress.committed.number))
    }

    private mutating func scheduleWake(_ node: Int) {
        guard let due = machines[node].nextWake else { return }
        let time = max(machines[node].clock.trueTime(of: due), now)
        if let scheduled = machines[node].wakeAt, scheduled <= time { return }
        machines[node].process?.wakeAt = time
        queue.schedule(.wake(node: node, process: machines[node].generation), at: time)
    }
}
