internal import Directory
internal import FoundationEssentials
internal import Kernel
internal import SwiftProtobuf

extension ProtoRolloutSpec: ProtoConvertible {
    init(_ spec: RolloutSpec) {
        set = spec.set
        version = spec.version
        rings = spec.rings.map { ring in .with { $0.labels = ring.labels.protos } }
        soakMilliseconds = spec.soak.milliseconds
        changedPerMillion = spec.changedPerMillion
        minimumDecisions = spec.minimumDecisions
    }

    func value() throws(WireError) -> RolloutSpec {
        guard rings.count <= RolloutSpec.ringLimit else {
            throw .invalid("rollout.rings", reason: "there are too many")
        }
        return RolloutSpec(
            set: set,
            version: version,
            rings: try rings.map { (ring) throws(WireError) in Ring(try Labels(ring.labels)) },
            soak: .milliseconds(soakMilliseconds),
            changedPerMillion: changedPerMillion,
            minimumDecisions: minimumDecisions
        )
    }
}

extension ProtoSteerRollout {
    init(_ set: String, _ act: RolloutAct) {
        self.init()
        self.set = set
        switch act {
        case .advance(let stage): self.act = .advanceFrom(stage)
        case .halt: self.act = .halt(ProtoNothing())
        case .resume: self.act = .resume(ProtoNothing())
        case .abort: self.act = .abort(ProtoNothing())
        }
    }

    func value() throws(WireError) -> RolloutAct {
        switch act {
        case .advanceFrom(let stage): .advance(from: stage)
        case .halt: .halt
        case .resume: .resume
        case .abort: .abort
        case nil: throw .missing("steer.act")
        }
    }
}

extension ProtoRolloutCounts: ProtoConvertible {
    init(_ counts: RolloutCounts) {
        decisions = counts.decisions
        nowDenied = counts.nowDenied
        nowAllowed = counts.nowAllowed
        failures = counts.failures
    }

    func value() -> RolloutCounts {
        RolloutCounts(decisions: decisions, nowDenied: nowDenied, nowAllowed: nowAllowed, failures: failures)
    }
}

extension ProtoRolloutReport: ProtoConvertible {
    init(_ report: RolloutReport) {
        set = report.stage.set
        openedAt = report.stage.openedAt.milliseconds
        stage = report.stage.number
        counts = ProtoRolloutCounts(report.counts)
        failed = report.isFailed
    }

    func value() -> RolloutReport {
        RolloutReport(
            stage: RolloutStage(set: set, openedAt: WallTime(milliseconds: openedAt), number: stage),
            counts: counts.value(),
            isFailed: failed
        )
    }
}

extension ProtoRolloutRecord: ProtoConvertible {
    init(_ record: RolloutRecord) {
        spec = ProtoRolloutSpec(record.spec)
        if let base = record.base { self.base = base }
        began = record.began.number
        author = ProtoCaller(record.author)
        state = record.state.rawValue
        reason = record.reason?.rawValue ?? ""
        if let culprit = record.culprit { self.culprit = ProtoMemberID(culprit) }
        stage = record.stage
        stageOpenedAt = record.stageOpenedAt.milliseconds
        witnesses = record.witnesses.map { witness in
            .with {
                $0.node = ProtoMemberID(witness.node)
                $0.counts = ProtoRolloutCounts(witness.counts)
                $0.reportedAt = witness.reportedAt.milliseconds
            }
        }
        metadata = ProtoRecordMetadata(record.metadata)
    }

    func value() throws(WireError) -> RolloutRecord {
        guard let state = RolloutRecord.State(rawValue: state) else {
            throw .invalid("rollout.state", reason: "not known")
        }
        guard witnesses.count <= Limits.rolloutWitnesses else {
            throw .invalid("rollout.witnesses", reason: "there are too many")
        }
        return RolloutRecord(
            spec: try spec.value(),
            base: hasBase ? base : nil,
            began: LogIndex(began),
            author: try author.value(),
            state: state,
            reason: try Self.reason(reason),
            culprit: hasCulprit ? culprit.value() : nil,
            stage: stage,
            stageOpenedAt: WallTime(milliseconds: stageOpenedAt),
            witnesses: witnesses.map { witness in
                RolloutRecord.Witness(
                    node: witness.node.value(),
                    counts: witness.counts.value(),
                    reportedAt: WallTime(milliseconds: witness.reportedAt)
                )
            },
            metadata: metadata.value()
        )
    }

    private static func reason(_ text: String) throws(WireError) -> RolloutRecord.Reason? {
        guard !text.isEmpty else { return nil }
        guard let reason = RolloutRecord.Reason(rawValue: text) else {
            throw .invalid("rollout.reason", reason: "not known")
        }
        return reason
    }
}
