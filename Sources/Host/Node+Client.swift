import Consensus
import Decision
package import Directory
package import Kernel
import Replica
import Sealing
package import Service
import Storage

extension Node: ReplicaClient {
    package var member: MemberID { settings.member.id }
    /// Names this node's data directory.
    package var instance: Digest { stores.instance }
    package var decisionState: DecisionState { cell.current }
    package func now() -> Moment { clock.now() }

    package func submit(_ command: Command, within timeout: Span) async throws(ServiceError) -> CommandResult {
        let bytes: [UInt8]
        do throws(UnloggableCommand) { bytes = try codec.loggedBytes(of: command) } catch {
            throw ServiceError(.invalid, code: "not_encodable", message: "Not taken: \(error).")
        }
        let deadline = clock.now().monotonic.advanced(by: timeout)
        let reply = await requests.reply { id in
            inbox.submit(
                ReplicaNode.Submission(
                    id: id,
                    command: bytes,
                    level: command.clusterLevel,
                    change: command.body.memberChange,
                    deadline: deadline
                )
            )
        }
        switch reply {
        case .applied(let result): return result
        case .refused(let refusal): throw error(of: refusal)
        case .outcomeUnknown, .reached, .handedOver, .inForce, .statementRecorded, .statementRefused:
            throw .outcomeUnknown
        }
    }

    package func make(_ signed: SignedStatement, within timeout: Span) async throws(ServiceError) -> StatementOutcome {
        let deadline = clock.now().monotonic.advanced(by: timeout)
        let reply = await requests.reply { inbox.post(.make($0, signed, deadline: deadline)) }
        switch reply {
        case .inForce: return .enforced
        case .statementRecorded(_, let index): return .recorded(index)
        case .statementRefused(let refusal): return .refused(refusal)
        case .refused(let refusal): throw error(of: refusal)
        case .applied, .outcomeUnknown, .reached, .handedOver: throw .statementUnknown
        }
    }

    package func pendingStatements() async -> [SignedStatement] {
        await loop.read { replica, _ in replica.statementsInForce }
    }

    package func warrantTallies() async -> [WarrantTally] { await loop.read { replica, _ in replica.warrantTallies } }

    package func checkpoint() async -> [UInt8]? {
        await loop.read { replica, _ in replica.newestCheckpoint?.bytes }
    }

    package func transferLeadership(to target: MemberID?, within timeout: Span) async throws(ServiceError) -> MemberID {
        let deadline = clock.now().monotonic.advanced(by: timeout)
        let reply = await requests.reply { id in
            inbox.post(.transferLeadership(id, to: target, deadline: deadline))
        }
        switch reply {
        case .handedOver(let leader): return leader
        case .refused(let refusal): throw error(of: refusal)
        case .applied, .outcomeUnknown, .reached, .inForce, .statementRecorded, .statementRefused:
            throw .outcomeUnknown
        }
    }

    package func wait(until revision: LogIndex, within timeout: Span) async throws(ServiceError) {
        guard decisionState.snapshot.revision < revision else { return }
        let deadline = clock.now().monotonic.advanced(by: timeout)
        try await reached { inbox.post(.awaitRevision($0, revision, deadline: deadline)) }
    }

    package func waitUntilCurrent(within timeout: Span) async throws(ServiceError) {
        let deadline = clock.now().monotonic.advanced(by: timeout)
        try await reached { inbox.post(.awaitCurrent($0, deadline: deadline)) }
    }

    private func reached(_ ask: (RequestID) -> Void) async throws(ServiceError) {
        switch await requests.reply(to: ask) {
        case .reached: return
        case .refused(let refusal): throw error(of: refusal)
        case .applied, .outcomeUnknown, .handedOver, .inForce, .statementRecorded, .statementRefused:
            throw .outcomeUnknown
        }
    }

    package func read<Result: Sendable>(
        _ body: @Sendable (any KeyValueView) throws(ServiceError) -> Result
    ) async throws(ServiceError) -> Result {
        try await keeper.commitPublished()
        let outcome: Swift.Result<Result, ServiceError>
        do throws(StorageError) {
            outcome = try stores.directory.state.read { view in
                do throws(ServiceError) { return .success(try body(view)) } catch { return .failure(error) }
            }
        } catch {
            throw .unreadable(error)
        }
        return try outcome.get()
    }
}

extension Node {
    private func error(of refusal: ReplicaNode.SubmitRefusal) -> ServiceError {
        ServiceError(refusal) { roster.members.filter(\.isVoter).compactMap(\.spec.apiAddresses.first) }
    }
}

extension ServiceError {
    static let outcomeUnknown = ServiceError(
        .outcomeUnknown,
        code: "outcome_unknown",
        message: "No outcome was known in time; the write may yet take effect. Retry with the same idempotency key."
    )

    static let statementUnknown = ServiceError(
        .outcomeUnknown,
        code: "outcome_unknown",
        message:
            "The statement was not confirmed in time, and may count. Send the same one again, to this node or another."
    )

    static func behind(_ position: LogIndex, _ revision: LogIndex) -> ServiceError {
        ServiceError(
            .unavailable,
            code: "behind",
            message: "The stored state is at revision \(position.number), and was to be at \(revision.number). Retry."
        )
    }

    static func unreadable(_ error: any Error) -> ServiceError {
        ServiceError(.unavailable, code: "storage_unreadable", message: "The state cannot be read: \(error).")
    }

    /// - Parameter voters: Admin addresses of those who take what an edge does not.
    init(_ refusal: ReplicaNode.SubmitRefusal, voters: () -> [String] = { [] }) {
        switch refusal {
        case .edge: self = .edge(voters: voters())
        case .noLeader:
            self.init(
                .unavailable,
                code: "no_leader",
                message:
                    "No leader was found in time, so nothing was written, or confirmed. Check that a majority of voters runs."
            )
        case .behind(let applied): self = .behind(at: applied)
        case .tooManyRequests(let limit):
            self.init(.overloaded, code: "too_many_requests", message: "\(limit) requests wait already. Retry later.")
        case .entryTooLarge(let byteCount, let limit):
            self.init(
                .tooLarge,
                code: "too_large",
                message: "The command takes \(byteCount) bytes; a log entry may take \(limit)."
            )
        case .overloaded:
            let message = "The leader has too much to commit or to apply. Retry later."
            self.init(.overloaded, code: "overloaded", message: message)
        case .storageFull:
            self.init(
                .unavailable,
                code: "storage_full",
                message:
                    "This node's disk is full, or its log or state has reached its limit, so it takes no writes. Free space, or "
                    + "raise the limit and restart."
            )
        case .shuttingDown:
            self.init(.unavailable, code: "shutting_down", message: "This node is stopping. Ask another one.")
        case .notCaughtUp(let missing):
            self.init(
                .conflict,
                code: "not_caught_up",
                message: "The learner lacks \(missing) entries, or does not answer. Wait until it has caught up."
            )
        case .invalidChange(let reason):
            self.init(.conflict, code: "invalid_change", message: "The members cannot be changed so: \(reason).")
        case .notYet:
            self.init(
                .unavailable,
                code: "not_yet",
                message:
                    "The leader did not take it in time, and nothing was written: other members are being changed, or those who "
                    + "vote now are not sealed yet. Retry in a few seconds."
            )
        case .notLeader(let leader):
            self.init(
                .conflict,
                code: "not_leader",
                message: "Only the leader hands over, and this node does not lead"
                    + (leader.map { "; the leader is \($0.uuid)." } ?? ".")
            )
        case .notHandedOver:
            self.init(
                .unavailable,
                code: "not_handed_over",
                message: "No other voter took over in time. Check that it runs and has caught up."
            )
        case .featureLevel(let level, let inForce):
            self.init(
                .conflict,
                code: RefusalCode.featureLevel.rawValue,
                message: "This needs feature \(level); the cluster is at \(inForce). Upgrade all nodes, then raise it."
            )
        case .halted(let reason):
            self.init(.unavailable, code: "halted", message: "This node has stopped applying the log: \(reason).")
        }
    }
}
