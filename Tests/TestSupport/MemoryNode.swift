internal import Decision
package import Directory
internal import Identity
package import Kernel
package import Service
internal import Synchronization
internal import Wire

/// A node without a cluster: commands are applied at once, clocks stand where the test puts them.
package final class MemoryNode: ReplicaClient {
    package static let administrator = Digest.of([1])
    package static let lineage = Lineage(high: 7, low: 7)
    package static let certificateExpiry = start.advanced(by: .seconds(90 * 86_400))
    package static let start = WallTime(milliseconds: 1_767_225_600_000)

    package static let genesis = genesis(at: .supported)

    private static func genesis(at level: FeatureLevel) -> Genesis {
        Genesis(
            lineage: lineage,
            trustDomain: "reeve.test",
            voters: [
                MemberSpec(
                    id: MemberID(high: 1, low: 1),
                    name: "n1",
                    raftAddress: "127.0.0.1:1",
                    apiAddresses: [],
                    keyFingerprint: .of([2])
                )
            ],
            administrator: AdministratorSpec(fingerprint: administrator, name: "root"),
            featureLevel: level
        )
    }

    package let member = MemberID(high: 1, low: 1)
    package let codec: any DirectoryCodec = ProtobufCodec()
    private let state: Mutex<State>

    private struct State {
        var directory: DirectoryState
        var rows = TrackedTransaction(MemoryStore())
        var snapshot = DecisionSnapshot()
        var index = LogIndex.zero
        var now = Moment(monotonic: Instant(microseconds: 1_000_000), wall: MemoryNode.start)
        var freshness: Freshness?
        var isServing = true
        var lastWait: (revision: LogIndex, timeout: Kernel.Span)?
        var isCutOff = false
        /// Answers `submit` in place of the directory.
        var submitError: ServiceError?
        var commands: [Command] = []
        var tallies: [WarrantTally] = []
        var statements: [SignedStatement] = []
        var checkpoint: [UInt8]?
        var role: String?
        var coordinate: NodeStatus.Coordinate?
        var unreached: [NodeStatus.Unreached]?
        var verifier: any SignatureVerifier = NoSignatures()

        mutating func judge(_ signed: SignedStatement) throws(StateDamage) -> StatementOutcome {
            let view = DirectoryView(rows, codec: ProtobufCodec())
            switch try view.judge(signed, broughtAt: now.wall, verifier) {
            case .acceptable:
                if !statements.contains(where: { $0.id == signed.id }) { statements.append(signed) }
                snapshot = snapshot.enforcing(statements)
                return .enforced
            case .recorded(let index): return .recorded(index)
            case .disputed(let refusal), .unacceptable(let refusal), .refused(let refusal): return .refused(refusal)
            }
        }
    }

    private struct NoSignatures: SignatureVerifier {
        func isValid(_ signature: [UInt8], of bytes: [UInt8], by publicKey: [UInt8]) -> Bool { false }
    }

    /// By what signatures of statements are checked; without it none is valid.
    package func verify(by verifier: any SignatureVerifier) { state.withLock { $0.verifier = verifier } }

    package init(featureLevel: FeatureLevel = .supported) {
        state = Mutex(State(directory: DirectoryState(codec: codec)))
        _ = apply(.bootstrap(Self.genesis(at: featureLevel)), by: .bootstrap)
        refresh()
    }

    package var decisionState: DecisionState {
        state.withLock { DecisionState(snapshot: $0.snapshot, freshness: $0.freshness, isServing: $0.isServing) }
    }

    package func now() -> Moment { state.withLock { $0.now } }

    package func submit(
        _ command: Command,
        within timeout: Kernel.Span
    ) async throws(ServiceError) -> CommandResult {
        if let error = state.withLock({ $0.submitError }) { throw error }
        return apply(command)
    }

    /// Alone, it decides by a statement until the test has the log judge it.
    package func make(
        _ signed: SignedStatement,
        within timeout: Kernel.Span
    ) async throws(ServiceError) -> StatementOutcome {
        do throws(StateDamage) {
            return try state.withLock { (state) throws(StateDamage) in try state.judge(signed) }
        } catch {
            throw ServiceError(.unavailable, code: "storage_unreadable", message: "\(error)")
        }
    }

    package func containment(of statement: Digest) async -> Containment? {
        state.withLock { state in
            state.statements.first { $0.id == statement }.map { signed in
                Containment(
                    signed: signed,
                    nodes: [Containment.Node(member: member, name: "n1", since: state.now.wall)],
                    othersStopBy: nil
                )
            }
        }
    }

    package func warrantTallies() async -> [WarrantTally] { state.withLock { $0.tallies } }

    package func set(_ tallies: [WarrantTally]) { state.withLock { $0.tallies = tallies } }

    package func pendingStatements() async -> [SignedStatement] { state.withLock { $0.statements } }

    package func transferLeadership(
        to target: MemberID?,
        within timeout: Kernel.Span
    ) async throws(ServiceError) -> MemberID {
        throw ServiceError(.conflict, code: "invalid_change", message: "there is no other voter")
    }

    package func backup(_ kind: BackupKind) async throws(ServiceError) -> BackupSource {
        throw ServiceError(.unavailable, code: "storage_unreadable", message: "a state in memory has no file")
    }

    package func wait(until revision: LogIndex, within timeout: Kernel.Span) async throws(ServiceError) {
        state.withLock { $0.lastWait = (revision, timeout) }
        guard state.withLock({ $0.index }) < revision else { return }
        throw ServiceError(.unavailable, code: "behind", message: "not there yet")
    }

    /// Alone, it always is.
    package func waitUntilCurrent(within timeout: Kernel.Span) async throws(ServiceError) {
        if let error = state.withLock({ $0.submitError }) { throw error }
    }

    package func read<Result: Sendable>(
        _ body: @Sendable (any KeyValueView) throws(ServiceError) -> Result
    ) async throws(ServiceError) -> Result {
        try body(state.withLock { $0.rows })
    }

    package func checkpoint() async -> [UInt8]? { state.withLock { $0.checkpoint } }

    package func status() async -> NodeStatus {
        state.withLock { state in
            NodeStatus(
                lineage: Self.lineage,
                member: member,
                name: "n1",
                role: state.role ?? (state.isCutOff ? "follower" : "leader"),
                term: Term(2),
                leader: state.isCutOff ? nil : member,
                lastIndex: state.index,
                commitIndex: state.index,
                revision: state.index,
                epoch: state.snapshot.epoch,
                stateRoot: .zero,
                firstIndex: LogIndex(1),
                isServing: state.isServing,
                haltReason: nil,
                log: NodeStatus.Log(),
                coordinate: state.coordinate,
                unreached: state.unreached,
                logBytes: 0,
                stateBytes: 0,
                certificateExpiresAt: Self.certificateExpiry,
                peers: [],
                counters: [.init("memory_commands", UInt64(state.commands.count))]
            )
        }
    }
}

extension MemoryNode {
    /// Applies as the administrator, or as another caller.
    @discardableResult
    package func apply(_ body: CommandBody, by caller: Caller? = nil) -> CommandResult {
        let number = state.withLock { $0.index.next.number }
        return apply(
            Command(
                caller: caller ?? .administrator(fingerprint: Self.administrator),
                authenticatedBy: member,
                idempotencyKey: "test-\(number)",
                notAfter: now().wall.advanced(by: .seconds(60)),
                body: body
            )
        )
    }

    private func apply(_ command: Command) -> CommandResult {
        state.withLock { state in
            state.commands.append(command)
            state.index = state.index.next
            let outcome = state.directory.apply(
                command,
                carrying: command.body.memberChange,
                at: state.index,
                time: state.now.wall,
                to: &state.rows
            )
            guard case .applied(let applied) = outcome else { fatalError("halted: \(outcome)") }
            state.snapshot = state.snapshot.updated(
                with: applied.events,
                at: state.index,
                from: state.rows,
                codec: codec
            )
            return applied.result
        }
    }

    /// Proves freshness now.
    package func refresh() {
        state.withLock { $0.freshness = Freshness(provenAt: $0.now.wall, anchor: $0.now.monotonic) }
    }

    package func advance(_ span: Kernel.Span) {
        state.withLock {
            $0.now = Moment(
                monotonic: $0.now.monotonic.advanced(by: span),
                wall: $0.now.wall.advanced(by: span)
            )
        }
    }

    /// Has the log judge the statements, as a leader does.
    package func judgeStatements() {
        for signed in state.withLock({ $0.statements }) { apply(.judgeStatement(signed), by: .node(member)) }
        state.withLock { state in
            state.statements = []
            state.snapshot = state.snapshot.enforcing([])
        }
    }

    package func setServing(_ isServing: Bool) { state.withLock { $0.isServing = isServing } }
    package func failSubmits(with error: ServiceError?) { state.withLock { $0.submitError = error } }
    package func setCheckpoint(_ bytes: [UInt8]?) { state.withLock { $0.checkpoint = bytes } }
    /// Lets the node say that it is something else than it is.
    package func setRole(_ role: String) { state.withLock { $0.role = role } }
    package func setCoordinate(_ coordinate: NodeStatus.Coordinate) { state.withLock { $0.coordinate = coordinate } }
    package func setUnreached(_ nodes: [NodeStatus.Unreached]) { state.withLock { $0.unreached = nodes } }

    /// Has the text of a version be one that no program can read, as one might that a newer program has drafted.
    package func spoil(_ set: String, _ version: UInt64) throws(StateDamage) {
        try state.withLock { (state) throws(StateDamage) in
            guard let old = try DirectoryView(state.rows, codec: codec).policyVersion(set, version) else { return }
            let row = StoredRecord.policyVersion(
                PolicyVersionRecord(
                    set: set,
                    version: version,
                    text: "permit(principal, action, resource) unless never;",
                    note: old.note,
                    author: old.author,
                    state: old.state,
                    activatedAt: old.activatedAt,
                    metadata: old.metadata
                )
            )
            state.rows.set(codec.encode(row), for: row.key)
        }
    }

    /// Lets the node know no leader.
    package func cutOff() { state.withLock { $0.isCutOff = true } }
    package var lastWait: (revision: LogIndex, timeout: Kernel.Span)? { state.withLock { $0.lastWait } }
    package var lastCommand: Command? { state.withLock { $0.commands.last } }
}
