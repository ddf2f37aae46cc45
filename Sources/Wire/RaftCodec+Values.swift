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
    init(_ configuration: Configuration) { voters = configuration.voters.map(ProtoMemberID.init) }

    func value() throws(WireError) -> Configuration {
        let members = voters.map { $0.value() }
        guard zip(members, members.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw .invalid("configuration.voters", reason: "not strictly ascending")
        }
        return Configuration(voters: members)
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

extension ProtoEntry: ProtoConvertible {
    init(_ entry: Entry) {
        position = ProtoLogPosition(entry.position)
        time = entry.time.milliseconds
        previousHash = Data(entry.previousHash.bytes)
        switch entry.payload {
        case .empty: payload = .empty(ProtoNothing())
        case .command(let bytes): payload = .command(Data(bytes))
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
            }
        return Entry(
            position: position,
            time: WallTime(milliseconds: time),
            previousHash: try digest(previousHash, "entry.previousHash"),
            payload: payload
        )
    }
}
