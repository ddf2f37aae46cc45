package import Kernel

/// Roll-outs of policies. Whatever opens a ring, or stops that, happens here, by what the log has recorded: no node's opinion opens
/// one, and none needs to lead.
extension Application {
    mutating func begin(_ spec: RolloutSpec, _ precondition: Precondition) throws(DirectoryError) -> CommandResult.Done
    {
        guard let set = try read({ view throws(StateDamage) in try view.policySet(spec.set) }) else {
            throw .refused(.notFound, spec.set)
        }
        try check(precondition, on: set.metadata, spec.set)
        // Whether a command is carried out must not depend on where it is applied.
        try check(spec.set != Grammar.administrationSet, "set")
        try check(spec.isValid, "rollout")
        let chosen = try read { view throws(StateDamage) in try view.policyVersion(spec.set, spec.version) }
        guard chosen != nil else { throw .refused(.notFound, "\(spec.set)/\(spec.version)") }
        guard set.activeVersion != spec.version else { throw .refused(.alreadyExists, "\(spec.set)/\(spec.version)") }
        let old = try rollout(spec.set)
        guard old?.isLive != true else { throw .refused(.inUse, "rollout/\(spec.set)") }
        let live = try read { view throws(StateDamage) in try view.liveRollouts() }
        guard live.count < Limits.liveRollouts else { throw .refused(.limitReached, "rollouts") }
        let record = RolloutRecord(
            spec: spec,
            base: set.activeVersion,
            began: index,
            author: command.caller,
            stageOpenedAt: time,
            metadata: metadata(replacing: old?.metadata)
        )
        return store(record)
    }

    mutating func steer(_ set: String, _ act: RolloutAct) throws(DirectoryError) -> CommandResult.Done {
        guard let record = try rollout(set), record.isLive else { throw .refused(.notFound, "rollout/\(set)") }
        switch act {
        case .advance(let stage):
            guard stage == record.stage else { throw .refused(.revisionMismatch, "rollout/\(set)") }
            return try advance(record)
        case .halt: return halt(record, .administrator)
        case .resume:
            guard record.state == .halted else { return done(record.metadata) }
            // What halted it is forgiven, and what was counted with it.
            return store(
                record.changed(metadata(replacing: record.metadata), to: .running, openedAt: time, witnesses: [])
            )
        case .abort: return store(record.changed(metadata(replacing: record.metadata), to: .aborted))
        }
    }

    /// A node in an open ring says what it has counted. Halts the roll-out where that is out of bounds, and opens the next ring where
    /// this one has been healthy for long enough.
    mutating func report(_ report: RolloutReport) throws(DirectoryError) -> CommandResult.Done {
        guard case .node(let node) = command.caller else { throw .refused(.unauthorized, command.body.action) }
        try check(report.counts.isValid, "counts")
        guard let record = try rollout(report.stage.set), record.state == .running, record.stageID == report.stage
        else {
            throw .refused(.preconditionFailed, "rollout/\(report.stage.set)")
        }
        let labels = try read { view throws(StateDamage) in try view.labels(of: node) }
        guard let labels, record.isOpen(to: labels) else { throw .refused(.unauthorized, command.body.action) }
        if report.isFailed { return halt(record, .failedNode, by: node) }
        let witnesses = try read { view throws(StateDamage) in try view.witnesses(of: record) }
        guard witnesses.contains(node) else { throw .refused(.limitReached, "witnesses") }
        let others = record.witnesses.filter { $0.node != node }
        let heard = RolloutRecord.Witness(node: node, counts: report.counts, reportedAt: time)
        let next = record.changed(metadata(replacing: record.metadata), to: .running, witnesses: others + [heard])
        if record.spec.isExceeded(by: report.counts) { return halt(next, .changedDecisions, by: node) }
        // What is wrong is never too early.
        guard record.takesReport(of: node, at: time) else { throw .refused(.limitReached, "reports") }
        if record.spec.isExceeded(by: next.total) { return halt(next, .changedDecisions) }
        let health = RingHealth(next, witnesses: witnesses, at: time)
        let hasMember = try heardMember(in: health)
        return health.isHealthy(hasMember: hasMember) ? try advance(next) : store(next)
    }

    /// Whether a member is among those whose reports count: edges may lie.
    private func heardMember(in health: RingHealth) throws(DirectoryError) -> Bool {
        for node in health.heard {
            if try read({ view throws(StateDamage) in try view.member(node) }) != nil { return true }
        }
        return false
    }

    private mutating func halt(
        _ record: RolloutRecord,
        _ reason: RolloutRecord.Reason,
        by culprit: MemberID? = nil
    ) -> CommandResult.Done {
        store(record.changed(metadata(replacing: record.metadata), to: .halted, because: reason, by: culprit))
    }

    private mutating func advance(_ record: RolloutRecord) throws(DirectoryError) -> CommandResult.Done {
        let metadata = metadata(replacing: record.metadata)
        guard record.isLastStage else {
            return store(
                record.changed(
                    metadata,
                    to: record.state,
                    because: record.reason,
                    by: record.culprit,
                    stage: record.stage + 1,
                    openedAt: time,
                    witnesses: []
                )
            )
        }
        guard let set = try read({ view throws(StateDamage) in try view.policySet(record.spec.set) }),
            let chosen = try read({ view throws(StateDamage) in
                try view.policyVersion(record.spec.set, record.spec.version)
            })
        else { throw .refused(.notFound, "\(record.spec.set)/\(record.spec.version)") }
        _ = try putInForce(chosen, of: set)
        return store(record.changed(metadata, to: .done))
    }

    private mutating func store(_ record: RolloutRecord) -> CommandResult.Done {
        store(.rollout(record))
        events.append(.rolloutChanged(set: record.spec.set))
        return done(record.metadata)
    }

    /// Another activation of the set has been decided on.
    mutating func supersedeRollout(of set: String) throws(DirectoryError) {
        guard let record = try rollout(set), record.isLive else { return }
        _ = store(record.changed(metadata(replacing: record.metadata), to: .superseded))
    }

    func rollout(_ set: String) throws(DirectoryError) -> RolloutRecord? {
        try read { view throws(StateDamage) in try view.rollout(set) }
    }

    /// The nodes that had reported are others in a state that was restored.
    mutating func haltRollouts() throws(DirectoryError) {
        for record in try read({ view throws(StateDamage) in try view.liveRollouts() }) {
            let metadata = metadata(replacing: record.metadata)
            _ = store(record.changed(metadata, to: .halted, because: .restored, witnesses: []))
        }
    }
}

/// Whether the newest ring has been well for long enough, by what its nodes have said.
struct RingHealth {
    private let record: RolloutRecord
    private let witnessCount: Int
    private let hasSoaked: Bool
    /// Those that have spoken lately.
    let heard: [MemberID]

    /// How many intervals a report counts for.
    private static let patience: UInt64 = 3

    init(_ record: RolloutRecord, witnesses: [MemberID], at time: WallTime) {
        self.record = record
        witnessCount = witnesses.count
        hasSoaked = record.stageOpenedAt.advanced(by: record.spec.soak) <= time
        let interval = Span.milliseconds(record.spec.reportInterval.milliseconds * Self.patience)
        heard = record.witnesses
            .filter { $0.reportedAt.advanced(by: interval) >= time && witnesses.contains($0.node) }
            .map(\.node)
    }

    /// More than half of the witnesses are heard, and among them a member, or else two: one edge opens no ring by itself.
    func isHealthy(hasMember: Bool) -> Bool {
        hasSoaked && heard.count * 2 > witnessCount && (hasMember || heard.count > 1)
            && record.total.decisions >= UInt64(record.spec.minimumDecisions)
    }
}

extension DirectoryView {
    package func rollout(_ set: String) throws(StateDamage) -> RolloutRecord? {
        try find(Key(.rollout).text(set)) { if case .rollout(let record) = $0 { record } else { nil } }
    }

    /// In the order of their sets.
    package func liveRollouts() throws(StateDamage) -> [RolloutRecord] {
        var live: [RolloutRecord] = []
        var cursor: ListCursor?
        repeat {
            let page = try rollouts(ListRequest(after: cursor, limit: ListRequest.maximumLimit))
            live += page.items.filter(\.isLive)
            cursor = page.next
        } while cursor != nil
        return live
    }

    /// Nil for a stranger.
    package func labels(of node: MemberID) throws(StateDamage) -> Labels? {
        if let member = try member(node) { return member.labels }
        return try edge(node)?.labels
    }

    /// Whose reports count: of those in open rings members first, then edges, each in the order of their ids, and no more than a few,
    /// so that a thousand edges do not all write to the log.
    package func witnesses(of rollout: RolloutRecord) throws(StateDamage) -> [MemberID] {
        let members = try allMembers().map { ($0.spec.id, $0.labels) }
        let edges = try allEdges().map { ($0.spec.id, $0.labels) }
        return Array(
            (members + edges).lazy.filter { rollout.isOpen(to: $0.1) }.map { $0.0 }.prefix(Limits.rolloutWitnesses)
        )
    }
}

extension RolloutRecord {
    /// A node speaks once an interval; messages and clocks may bring two a little closer together.
    fileprivate func takesReport(of node: MemberID, at time: WallTime) -> Bool {
        guard let earlier = witnesses.first(where: { $0.node == node }) else { return true }
        let half = Span(microseconds: spec.reportInterval.microseconds / 2)
        return earlier.reportedAt.advanced(by: half) <= time
    }

    /// Whether the log would take a report now, as far as that can be told from the record.
    package func mayTake(_ report: RolloutReport, of node: MemberID, at time: WallTime) -> Bool {
        guard state == .running, stageID == report.stage, report.counts.isValid else { return false }
        return report.isFailed || spec.isExceeded(by: report.counts) || takesReport(of: node, at: time)
    }

    /// Stage and witnesses stay unless others are given, the reason does not.
    fileprivate func changed(
        _ metadata: RecordMetadata,
        to state: State,
        because reason: Reason? = nil,
        by culprit: MemberID? = nil,
        stage: UInt32? = nil,
        openedAt: WallTime? = nil,
        witnesses: [Witness]? = nil
    ) -> RolloutRecord {
        RolloutRecord(
            spec: spec,
            base: base,
            began: began,
            author: author,
            state: state,
            reason: reason,
            culprit: culprit,
            stage: stage ?? self.stage,
            stageOpenedAt: openedAt ?? stageOpenedAt,
            witnesses: witnesses ?? self.witnesses,
            metadata: metadata
        )
    }
}
