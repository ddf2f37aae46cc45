internal import Consensus
internal import FoundationEssentials
internal import Kernel
internal import SwiftProtobuf

extension ProtoLineage: ProtoConvertible {
    init(_ lineage: Lineage) {
        high = lineage.high
        low = lineage.low
    }

    func value() -> Lineage { Lineage(high: high, low: low) }
}

extension ProtoMemberID: ProtoConvertible {
    init(_ member: MemberID) {
        high = member.high
        low = member.low
        incarnation = member.incarnation
    }

    func value() -> MemberID { MemberID(high: high, low: low, incarnation: incarnation) }
}

extension ProtoLogPosition: ProtoConvertible {
    init(_ position: LogPosition) {
        term = position.term.number
        index = position.index.number
    }

    func value() throws(WireError) -> LogPosition {
        LogPosition(
            term: Term(try counter(term, "position.term")),
            index: LogIndex(try counter(index, "position.index"))
        )
    }
}

extension ProtoConfiguration: ProtoConvertible {
    init(_ configuration: Configuration) {
        voters = configuration.voters.map(ProtoMemberID.init)
        votersOutgoing = configuration.votersOutgoing.map(ProtoMemberID.init)
        learners = configuration.learners.map(ProtoMemberID.init)
        learnersNext = configuration.learnersNext.map(ProtoMemberID.init)
        autoLeave = configuration.autoLeave
    }

    func value() throws(WireError) -> Configuration {
        let value = Configuration(
            voters: try ascending(voters, "configuration.voters"),
            votersOutgoing: try ascending(votersOutgoing, "configuration.votersOutgoing"),
            learners: try ascending(learners, "configuration.learners"),
            learnersNext: try ascending(learnersNext, "configuration.learnersNext"),
            autoLeave: autoLeave
        )
        if let flaw = value.flaw { throw .invalid("configuration", reason: flaw) }
        return value
    }

    private func ascending(_ list: [ProtoMemberID], _ field: String) throws(WireError) -> [MemberID] {
        let members = list.map { $0.value() }
        guard zip(members, members.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw .invalid(field, reason: "not strictly ascending")
        }
        return members
    }
}

extension ProtoConfigurationChange: ProtoConvertible {
    init(_ change: ConfigurationChange) {
        transition =
            switch change.transition {
            case .auto: .auto
            case .implicit: .implicit
            case .explicit: .explicit
            }
        changes = change.changes.map { change in
            .with {
                switch change {
                case .addVoter(let member): $0.addVoter = ProtoMemberID(member)
                case .addLearner(let member): $0.addLearner = ProtoMemberID(member)
                case .remove(let member): $0.remove = ProtoMemberID(member)
                }
            }
        }
    }

    func value() throws(WireError) -> ConfigurationChange {
        guard changes.count <= ConfigurationChange.maxChanges else {
            throw .invalid("change.changes", reason: "\(changes.count), more than \(ConfigurationChange.maxChanges)")
        }
        let transition: ConfigurationChange.Transition =
            switch transition {
            case .auto: .auto
            case .implicit: .implicit
            case .explicit: .explicit
            case .UNRECOGNIZED(let number): throw .invalid("change.transition", reason: "\(number) is not known")
            }
        var values: [ConfigurationChange.Change] = []
        for change in changes {
            switch change.kind {
            case .addVoter(let member): values.append(.addVoter(member.value()))
            case .addLearner(let member): values.append(.addLearner(member.value()))
            case .remove(let member): values.append(.remove(member.value()))
            case nil: throw .missing("change.kind")
            }
        }
        return ConfigurationChange(values, transition: transition)
    }
}

extension ProtoSnapshotPoint: ProtoConvertible {
    init(_ point: SnapshotPoint) {
        position = ProtoLogPosition(point.position)
        hash = Data(point.hash.bytes)
        time = point.time.milliseconds
        configuration = ProtoConfiguration(point.configuration)
    }

    func value() throws(WireError) -> SnapshotPoint {
        guard hasPosition else { throw .missing("point.position") }
        guard hasConfiguration else { throw .missing("point.configuration") }
        return SnapshotPoint(
            position: try position.value(),
            hash: try digest(hash, "point.hash"),
            time: WallTime(milliseconds: time),
            configuration: try configuration.value()
        )
    }
}

extension ProtoHardState: ProtoConvertible {
    init(_ state: HardState) {
        term = state.term.number
        if let member = state.vote { vote = ProtoMemberID(member) }
        commitIndex = state.commitIndex.number
    }

    func value() throws(WireError) -> HardState {
        HardState(
            term: Term(try counter(term, "hardState.term")),
            vote: hasVote ? vote.value() : nil,
            commitIndex: LogIndex(try counter(commitIndex, "hardState.commitIndex"))
        )
    }
}

extension ProtoConfigurationEntry {
    func value() throws(WireError) -> Entry.Payload {
        guard hasChange else { throw .missing("entry.configuration.change") }
        let command = try bounded(command, to: RaftCodec.maxCommandBytes, "entry.configuration.command")
        return .configuration(try change.value(), command: command)
    }
}

extension ProtoEntry: ProtoConvertible {
    init(_ entry: Entry) {
        position = ProtoLogPosition(entry.position)
        time = entry.time.milliseconds
        previousHash = Data(entry.previousHash.bytes)
        switch entry.payload {
        case .empty: payload = .empty(ProtoNothing())
        case .command(let bytes): payload = .command(Data(bytes))
        case .configuration(let change, let command):
            payload = .configuration(
                .with {
                    $0.change = ProtoConfigurationChange(change)
                    $0.command = Data(command)
                }
            )
        }
    }

    func value() throws(WireError) -> Entry {
        guard hasPosition else { throw .missing("entry.position") }
        let position = try position.value()
        guard position.index > .zero else { throw .invalid("entry.position.index", reason: "counted from 1") }
        let payload: Entry.Payload =
            switch payload {
            case nil: throw .missing("entry.payload")
            case .empty: .empty
            case .command(let data): .command(try bounded(data, to: RaftCodec.maxCommandBytes, "entry.command"))
            case .configuration(let entry): try entry.value()
            }
        return Entry(
            position: position,
            time: WallTime(milliseconds: time),
            previousHash: try digest(previousHash, "entry.previousHash"),
            payload: payload
        )
    }
}
