internal import Directory
internal import FoundationEssentials
internal import Kernel
internal import SwiftProtobuf

extension ProtoClusterRecord: ProtoConvertible {
    init(_ record: ClusterRecord) {
        lineage = ProtoLineage(record.lineage)
        trustDomain = record.trustDomain
        featureLevel = record.featureLevel.number
        metadata = ProtoRecordMetadata(record.metadata)
    }

    func value() -> ClusterRecord {
        ClusterRecord(
            lineage: lineage.value(),
            trustDomain: trustDomain,
            featureLevel: FeatureLevel(featureLevel),
            metadata: metadata.value()
        )
    }
}

extension ProtoSettingsRecord: ProtoConvertible {
    init(_ record: SettingsRecord) {
        settings = ProtoSettings(record.settings)
        metadata = ProtoRecordMetadata(record.metadata)
    }

    func value() -> SettingsRecord { SettingsRecord(settings: settings.value(), metadata: metadata.value()) }
}

extension ProtoLedgerRecord: ProtoConvertible {
    init(_ record: LedgerRecord) {
        time = record.time.milliseconds
        commandCount = record.commandCount
        retryFloor = record.retryFloor.number
        epoch = record.epoch
    }

    func value() -> LedgerRecord {
        LedgerRecord(
            time: WallTime(milliseconds: time),
            commandCount: commandCount,
            retryFloor: LogIndex(retryFloor),
            epoch: epoch
        )
    }
}

extension ProtoCallerRecord: ProtoConvertible {
    init(_ record: CallerRecord) {
        caller = ProtoCaller(record.caller)
        pendingCount = record.pendingCount
    }

    func value() throws(WireError) -> CallerRecord {
        CallerRecord(caller: try caller.value(), pendingCount: pendingCount)
    }
}

extension ProtoCommandRecord: ProtoConvertible {
    init(_ record: CommandRecord) {
        index = record.index.number
        time = record.time.milliseconds
        caller = ProtoCaller(record.caller)
        authenticatedBy = ProtoMemberID(record.authenticatedBy)
        action = record.action
        target = record.target
        result = ProtoCommandResult(record.result)
        idempotencyKey = record.idempotencyKey
        notAfter = record.notAfter.milliseconds
        bodyDigest = Data(record.bodyDigest.bytes)
    }

    func value() throws(WireError) -> CommandRecord {
        CommandRecord(
            index: LogIndex(index),
            time: WallTime(milliseconds: time),
            caller: try caller.value(),
            authenticatedBy: authenticatedBy.value(),
            action: action,
            target: target,
            result: try result.value(),
            idempotencyKey: idempotencyKey,
            notAfter: WallTime(milliseconds: notAfter),
            bodyDigest: try digest(bodyDigest, "command.bodyDigest")
        )
    }
}

extension ProtoCommandResult: ProtoConvertible {
    init(_ result: CommandResult) {
        switch result {
        case .done(let done):
            self.result = .done(
                .with {
                    $0.revision = done.revision.number
                    $0.objectRevision = done.objectRevision.number
                    $0.created = done.created
                }
            )
        case .refused(let refusal):
            self.result = .refused(
                .with {
                    $0.code = refusal.code.rawValue
                    $0.names = refusal.names
                }
            )
        }
    }

    func value() throws(WireError) -> CommandResult {
        switch result {
        case .done(let done):
            return .done(
                CommandResult.Done(
                    revision: LogIndex(done.revision),
                    objectRevision: LogIndex(done.objectRevision),
                    created: done.created
                )
            )
        case .refused(let refusal):
            guard let code = RefusalCode(rawValue: refusal.code) else {
                throw .invalid("refusal.code", reason: "not known")
            }
            return .refused(CommandResult.Refusal(code, refusal.names))
        case nil: throw .missing("result")
        }
    }
}
