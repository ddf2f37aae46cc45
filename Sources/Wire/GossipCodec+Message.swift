internal import FoundationEssentials
internal import Gossip
internal import Kernel
internal import SwiftProtobuf

extension ProtoGossipMessage: ProtoConvertible {
    init(_ message: Gossip.Message) { body = OneOf_Body(message) }

    func value() throws(WireError) -> Gossip.Message {
        guard let body else { throw .missing("gossip.body") }
        return try body.value()
    }
}

extension ProtoGossipMessage.OneOf_Body {
    fileprivate init(_ message: Gossip.Message) {
        switch message {
        case .record(let record): self = .record(ProtoGossipFlood(record))
        case .probe(let probe): self = .probe(ProtoGossipProbe(probe))
        case .probeAnswer(let probe): self = .probeAnswer(ProtoGossipProbe(probe))
        case .probePassedOn(let sequence): self = .probePassedOn(sequence)
        case .claims(let claims): self = .claims(.with { $0.claims = claims.map(ProtoGossipClaim.init) })
        case .summary(let summary): self = .summary(ProtoGossipSummary(summary))
        case .held(let ids): self = .held(ProtoGossipIDs(ids))
        case .want(let ids): self = .want(ProtoGossipIDs(ids))
        case .announcement(let head): self = .announcement(ProtoGossipHead(head))
        case .entries(let records): self = .entries(.with { $0.entries = records.map(ProtoGossipEntry.init) })
        case .pull(let index): self = .pull(index.number)
        case .unavailable(let index): self = .unavailable(index.number)
        case .snapshotPull(let index, let number):
            self = .snapshotPull(
                .with {
                    $0.index = index.number
                    $0.number = number
                }
            )
        case .snapshotPart(let part): self = .snapshotPart(ProtoGossipSnapshotPart(part))
        case .snapshotUnavailable(let index): self = .snapshotUnavailable(index.number)
        }
    }

    fileprivate func value() throws(WireError) -> Gossip.Message {
        switch self {
        case .record(let record): .record(try record.value())
        case .probe(let probe): .probe(try probe.value())
        case .probeAnswer(let probe): .probeAnswer(try probe.value())
        case .probePassedOn(let sequence): .probePassedOn(sequence: sequence)
        case .claims(let list): .claims(try values(list.claims, upTo: Gossip.Message.claimsLimit, "gossip.claims"))
        case .summary(let summary): .summary(try summary.value())
        case .held(let ids): .held(try ids.value())
        case .want(let ids): .want(try ids.value())
        case .announcement(let head): .announcement(try head.value())
        case .entries(let list):
            .entries(try values(list.entries, upTo: GossipCodec.options.windowCountLimit, "gossip.entries"))
        case .pull(let index): .pull(after: LogIndex(try counter(index, "gossip.pull")))
        case .unavailable(let index): .unavailable(after: LogIndex(try counter(index, "gossip.unavailable")))
        case .snapshotPull(let pull):
            .snapshotPull(
                at: LogIndex(try counter(pull.index, "gossip.snapshot.index")),
                number: try counter(pull.number, "gossip.snapshot.number")
            )
        case .snapshotPart(let part): .snapshotPart(try part.value())
        case .snapshotUnavailable(let index):
            .snapshotUnavailable(at: LogIndex(try counter(index, "gossip.snapshot.index")))
        }
    }
}

extension ProtoGossipFlood: ProtoConvertible {
    init(_ record: Record) {
        switch record.lifetime {
        case .untilSettled: lifetime = .untilSettled(ProtoNothing())
        case .untilSuperseded(let stream, let sequence):
            lifetime = .untilSuperseded(ProtoGossipStreamPosition(.init(stream: stream, sequence: sequence)))
        }
        self.record = Data(record.bytes)
    }

    func value() throws(WireError) -> Record {
        let bytes = try bounded(record, to: GossipCodec.options.recordByteLimit, "gossip.record")
        switch lifetime {
        case .untilSettled: return Record(.untilSettled, bytes: bytes)
        case .untilSuperseded(let place):
            let place = try place.value()
            return Record(.untilSuperseded(stream: place.stream, sequence: place.sequence), bytes: bytes)
        case nil: throw .missing("gossip.record.lifetime")
        }
    }
}

extension ProtoGossipProbe: ProtoConvertible {
    init(_ probe: Gossip.Message.Probe) {
        sequence = probe.sequence
        route = probe.route.map(ProtoMemberID.init)
        if let incarnation = probe.suspectedIn { suspectedIn = incarnation }
        if let coordinate = probe.coordinate { self.coordinate = ProtoGossipCoordinate(coordinate) }
    }

    func value() throws(WireError) -> Gossip.Message.Probe {
        Gossip.Message.Probe(
            sequence: sequence,
            route: try values(route, upTo: Gossip.Message.Probe.routeLimit, "gossip.probe.route"),
            suspectedIn: hasSuspectedIn ? suspectedIn : nil,
            coordinate: hasCoordinate ? try coordinate.value() : nil
        )
    }
}

extension ProtoGossipCoordinate: ProtoConvertible {
    init(_ coordinate: NetworkCoordinate) {
        position = coordinate.components
        height = coordinate.height
        error = coordinate.error
    }

    func value() throws(WireError) -> NetworkCoordinate {
        guard let coordinate = NetworkCoordinate(position: position, height: height, error: error) else {
            throw .invalid("gossip.probe.coordinate", reason: "out of bounds")
        }
        return coordinate
    }
}

extension ProtoGossipClaim: ProtoConvertible {
    init(_ claim: Claim) {
        member = ProtoMemberID(claim.member)
        incarnation = claim.incarnation
        if case .suspected(let accuser) = claim.standing { suspectedBy = ProtoMemberID(accuser) }
    }

    func value() throws(WireError) -> Claim {
        guard hasMember else { throw .missing("gossip.claim.member") }
        return Claim(
            member.value(),
            incarnation: incarnation,
            hasSuspectedBy ? .suspected(by: suspectedBy.value()) : .alive
        )
    }
}

extension ProtoGossipSummary: ProtoConvertible {
    init(_ summary: Gossip.Message.Summary) {
        head = ProtoGossipHead(summary.head)
        held = Data(summary.held.bytes)
        streams = summary.streams.map(ProtoGossipStreamPosition.init)
        departures = summary.departures
        isAnswer = summary.isAnswer
    }

    func value() throws(WireError) -> Gossip.Message.Summary {
        Gossip.Message.Summary(
            head: try head.value(),
            held: try digest(held, "gossip.summary.held"),
            streams: try values(streams, upTo: Gossip.Message.streamsLimit, "gossip.summary.streams"),
            departures: departures,
            isAnswer: isAnswer
        )
    }
}

extension ProtoGossipStreamPosition: ProtoConvertible {
    init(_ position: Gossip.Message.StreamPosition) {
        stream = ProtoMemberID(position.stream)
        sequence = position.sequence
    }

    func value() throws(WireError) -> Gossip.Message.StreamPosition {
        guard hasStream else { throw .missing("gossip.stream") }
        return Gossip.Message.StreamPosition(stream: stream.value(), sequence: sequence)
    }
}

extension ProtoGossipHead: ProtoConvertible {
    init(_ head: LogHead) {
        index = head.index.number
        hash = Data(head.hash.bytes)
        epoch = head.epoch
    }

    func value() throws(WireError) -> LogHead {
        LogHead(
            index: LogIndex(try counter(index, "gossip.head.index")),
            hash: try digest(hash, "gossip.head.hash"),
            epoch: try counter(epoch, "gossip.head.epoch")
        )
    }
}

extension ProtoGossipIDs: ProtoConvertible {
    init(_ ids: [Digest]) { self.ids = ids.map { Data($0.bytes) } }

    func value() throws(WireError) -> [Digest] {
        guard ids.count <= GossipCodec.options.heldLimit else {
            throw .invalid("gossip.ids", reason: "there are \(ids.count), more than \(GossipCodec.options.heldLimit)")
        }
        return try digests(ids, "gossip.ids")
    }
}

extension ProtoGossipEntry: ProtoConvertible {
    init(_ record: LogRecord) {
        index = record.index.number
        entry = Data(record.bytes)
    }

    func value() throws(WireError) -> LogRecord {
        LogRecord(
            index: LogIndex(try counter(index, "gossip.entry.index")),
            bytes: try bounded(entry, to: GossipCodec.options.entryByteLimit, "gossip.entry")
        )
    }
}

extension ProtoGossipSnapshotPart: ProtoConvertible {
    init(_ part: SnapshotPart) {
        index = part.index.number
        number = part.number
        isLast = part.isLast
        bytes = Data(part.bytes)
        guard let opening = part.opening else { return }
        self.opening = .with {
            $0.byteCount = opening.byteCount
            $0.proof = Data(opening.proof)
        }
    }

    func value() throws(WireError) -> SnapshotPart {
        SnapshotPart(
            index: LogIndex(try counter(index, "gossip.snapshot.index")),
            number: try counter(number, "gossip.snapshot.number"),
            isLast: isLast,
            bytes: try bounded(bytes, to: GossipCodec.options.entryByteLimit, "gossip.snapshot.bytes"),
            opening: hasOpening ? try opening.value() : nil
        )
    }
}

extension ProtoGossipSnapshotOpening {
    fileprivate func value() throws(WireError) -> SnapshotPart.Opening {
        SnapshotPart.Opening(
            byteCount: try counter(byteCount, "gossip.snapshot.byteCount"),
            proof: try bounded(proof, to: GossipCodec.options.recordByteLimit, "gossip.snapshot.proof")
        )
    }
}
