package import Kernel

/// The replicated state machine: commands of the log in, writes and events out.
///
/// Total and deterministic: every command ends in a result, and the same log gives the same rows, and so the same state
/// root, on every node. The state itself is in the transaction; this value holds nothing that could not be read from it
/// again. The order of checks is: feature level, voucher, not-after, idempotency, authorization against the state before the
/// command, validity and preconditions, effect.
///
/// A refusal is recorded under its idempotency key as a success is, but for those that come before there is a
/// key to speak of: a command that no voter vouches for, a late one, a malformed key, one key with two bodies, and a
/// caller with too many keys. These change nothing at all.
package struct DirectoryState: Sendable {
    private let codec: any DirectoryCodec
    private let supported: FeatureLevel
    private var policies = ParsedPolicies()

    package init(codec: any DirectoryCodec, supported: FeatureLevel = .supported) {
        self.codec = codec
        self.supported = supported
    }

    /// Applies the payload of a committed entry. `time` is the entry's timestamp, `change` what the entry does to who
    /// votes: a command that means another change, or none, is refused, so that directory and consensus never differ.
    package mutating func apply<Base: KeyValueTransaction>(
        _ payload: [UInt8],
        carrying change: MemberChange? = nil,
        at index: LogIndex,
        time: WallTime,
        to transaction: inout TrackedTransaction<Base>
    ) -> ApplyOutcome {
        do {
            return apply(try codec.decodeCommand(payload), carrying: change, at: index, time: time, to: &transaction)
        } catch {
            return .halt(.undecodable(error.reason))
        }
    }

    package mutating func apply<Base: KeyValueTransaction>(
        _ command: Command,
        carrying change: MemberChange? = nil,
        at index: LogIndex,
        time: WallTime,
        to transaction: inout TrackedTransaction<Base>
    ) -> ApplyOutcome {
        guard command.clusterLevel <= supported else {
            return .halt(.featureLevelTooHigh(command.clusterLevel, supported: supported))
        }
        let rows = TransactionBox(consume transaction)
        var application = Application(
            transaction: CommandTransaction(rows),
            codec: codec,
            supported: supported,
            command: command,
            change: change,
            index: index,
            time: time,
            policies: policies
        )
        let outcome = Self.run(&application)
        policies = application.policies
        transaction = rows.transaction
        return outcome
    }

    private static func run(_ application: inout Application) -> ApplyOutcome {
        do {
            let result = try application.run()
            return .applied(
                ApplyOutcome.Applied(
                    result: result,
                    events: application.events,
                    diagnostics: application.diagnostics
                )
            )
        } catch {
            return switch error {
            case .damaged(let damage): .halt(.damaged(damage))
            case .tooNew(let level): .halt(.featureLevelTooHigh(level, supported: application.supported))
            case .refused(let refusal): .applied(ApplyOutcome.Applied(result: .refused(refusal)))
            }
        }
    }
}

extension Application {
    /// Throws a refusal where nothing is to be recorded.
    mutating func run() throws(DirectoryError) -> CommandResult {
        let cluster = try read { view throws(StateDamage) in try view.cluster() }
        if case .bootstrap(let genesis) = command.body {
            guard cluster == nil else { throw .refused(.alreadyBootstrapped) }
            return .done(try bootstrap(genesis))
        }
        guard let cluster, let ledger = try read({ view throws(StateDamage) in try view.ledger() }) else {
            throw .refused(.notBootstrapped)
        }
        guard command.clusterLevel <= cluster.featureLevel else {
            throw .refused(.featureLevel)
        }
        try checkVoucher()
        time = max(time, ledger.time)
        epoch = ledger.epoch
        settings = try read { view throws(StateDamage) in try view.settings()?.settings ?? Settings() }
        try checkTimes()
        let digest = bodyDigest
        if let earlier = try recordedCommand() {
            guard earlier.bodyDigest == digest else { throw .refused(.idempotencyConflict) }
            return earlier.result
        }
        let evicted = try roomForKey()
        let result = try execute()
        try record(result, digest: digest, ledger: ledger, evicted: evicted)
        return result
    }

    /// Refuses what no voter vouches for, by the members before the command. Its caller is but claimed, so nothing is
    /// recorded under that name.
    ///
    /// A voter that was removed after it authenticated a caller and before this entry counts no more: it may have been
    /// removed because it lies, and its word must not outlive its membership. Honest callers lose nothing by that: they
    /// may send the same command, under the same key, through another voter.
    private func checkVoucher() throws(DirectoryError) {
        let voucher = command.authenticatedBy
        let member = try read { view throws(StateDamage) in try view.member(voucher) }
        guard let member, member.isVoter || speaksForItself else { throw .refused(.notAVoter, voucher.uuid) }
    }

    /// A learner names its own key: it gets a vote only with one, and whom it deceives by another's is itself.
    private var speaksForItself: Bool {
        guard case .claimSealKey = command.body else { return false }
        return command.caller == .node(command.authenticatedBy)
    }

    private func checkTimes() throws(DirectoryError) {
        guard Grammar.isIdempotencyKey(command.idempotencyKey) else { throw .refused(.invalid, "idempotencyKey") }
        guard time <= command.notAfter else { throw .refused(.late) }
        let latest = time.advanced(by: .milliseconds(Limits.retentionMilliseconds))
        guard command.notAfter <= latest else { throw .refused(.notAfterTooFar) }
    }

    private mutating func execute() throws(DirectoryError) -> CommandResult {
        do throws(DirectoryError) {
            try authorize()
            guard command.body.memberChange == change else { throw .refused(.notAChange, command.body.action) }
            return .done(try perform())
        } catch {
            guard case .refused(let refusal) = error else { throw error }
            return .refused(refusal.bounded)
        }
    }

    private mutating func perform() throws(DirectoryError) -> CommandResult.Done {
        switch command.body {
        case .bootstrap: throw .refused(.alreadyBootstrapped)
        case .put(.principal(let spec), let precondition): try put(spec, precondition)
        case .put(.role(let spec), let precondition): try put(spec, precondition)
        case .put(.assignment(let spec), let precondition): try put(spec, precondition)
        case .put(.resource(let spec), let precondition): try put(spec, precondition)
        case .delete(.principal(let id), let precondition): try delete(principal: id, precondition)
        case .delete(.role(let name), let precondition): try delete(role: name, precondition)
        case .delete(.assignment(let id), let precondition): try delete(assignment: id, precondition)
        case .delete(.resource(let id), let precondition): try delete(resource: id, precondition)
        case .delete(.token(let id), let precondition): try delete(token: id, precondition)
        case .draftPolicies(let draft): try self.draft(draft)
        case .activatePolicies(let set, let version, let precondition): try activate(set, version, precondition)
        case .deletePolicySet(let set, let precondition): try deletePolicySet(set, precondition)
        case .issueToken(let grant): try issue(grant)
        case .revoke(let subject, let reason, let cascades): try revoke(subject, reason, cascades: cascades)
        case .quarantine(let principal, let level, let reason, let cascades):
            try quarantine(principal, level, reason, cascades: cascades)
        case .liftQuarantine(let statements, let reason): try lift(statements, reason)
        case .issueWarrant(let spec): try issue(spec)
        case .withdrawWarrant(let name): try withdrawWarrant(name)
        case .judgeStatement(let signed): try judge(signed)
        case .raiseFeatureLevel(let level): try raise(to: level)
        case .putSettings(let settings, let precondition): try put(settings, precondition)
        case .addAdministrator(let fingerprint, let name): try addAdministrator(fingerprint, name)
        case .removeAdministrator(let fingerprint): try removeAdministrator(fingerprint)
        case .issueJoinTicket(let ticket): try issue(ticket)
        case .withdrawJoinTicket(let name): try withdrawTicket(name)
        case .join(let joining): try join(joining)
        case .joinEdge(let joining): try joinEdge(joining)
        case .promoteMember(let id): try promote(id)
        case .removeMember(let id): try remove(id)
        case .removeEdge(let id): try removeEdge(id)
        case .claimMember(let instance): try claim(instance)
        case .pinIssuer(let id, let key): try pinIssuer(id, key)
        case .claimSealKey(let key): try claimSealKey(key)
        case .labelNode(let id, let change): try label(id, change)
        case .beginRollout(let spec, let precondition): try begin(spec, precondition)
        case .steerRollout(let set, let act): try steer(set, act)
        case .reportRollout(let report): try self.report(report)
        }
    }
}

extension CommandResult.Refusal {
    /// Names come from the command, which may be large and is refused all the same: the history does not keep it whole.
    fileprivate var bounded: CommandResult.Refusal {
        CommandResult.Refusal(code, names.map { $0.bounded(byteCount: Limits.historyTextByteCount) })
    }
}

extension String {
    /// The text up to a number of bytes. A character that is cut through becomes U+FFFD.
    func bounded(byteCount: Int) -> String {
        utf8.count <= byteCount ? self : String(decoding: utf8.prefix(byteCount), as: UTF8.self)
    }
}
