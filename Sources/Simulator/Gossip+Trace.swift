internal import Gossip
internal import Kernel

extension TraceHash {
    /// Kind and content. Ids stand for the whole.
    mutating func combine(_ message: Gossip.Message) {
        switch message {
        case .record(let record):
            combine(1)
            combine(record.id)
        case .probe(let probe):
            combine(2)
            combine(probe)
        case .probeAnswer(let probe):
            combine(3)
            combine(probe)
        case .probePassedOn(let sequence):
            combine(4)
            combine(sequence)
        case .claims(let claims):
            combine(5)
            for claim in claims { combine(claim) }
        case .summary(let summary):
            combine(6)
            combine(summary)
        case .held(let ids):
            combine(7)
            for id in ids { combine(id) }
        case .want(let ids):
            combine(8)
            for id in ids { combine(id) }
        case .announcement(let head):
            combine(9)
            combine(head)
        case .entries(let records):
            combine(10)
            for record in records {
                combine(record.index)
                combine(record.bytes)
            }
        case .pull(let index):
            combine(11)
            combine(index)
        case .unavailable(let index):
            combine(12)
            combine(index)
        case .snapshotPull(let index, let number):
            combine(13)
            combine(index)
            combine(number)
        case .snapshotPart(let part):
            combine(14)
            combine(part)
        case .snapshotUnavailable(let index):
            combine(15)
            combine(index)
        }
    }

    private mutating func combine(_ probe: Gossip.Message.Probe) {
        combine(probe.sequence)
        for member in probe.route { combine(member) }
        combine(probe.suspectedIn ?? .max)
        guard let coordinate = probe.coordinate else { return }
        for number in coordinate.components + [coordinate.height, coordinate.error] {
            combine(UInt64(UInt32(bitPattern: number)))
        }
    }

    private mutating func combine(_ part: SnapshotPart) {
        combine(part.index)
        combine(part.number)
        combine(part.isLast)
        combine(part.bytes)
        guard let opening = part.opening else { return }
        combine(opening.byteCount)
        combine(opening.proof)
    }

    private mutating func combine(_ claim: Claim) {
        combine(claim.member)
        combine(claim.incarnation)
        switch claim.standing {
        case .alive: combine(1)
        case .suspected(let accuser):
            combine(2)
            combine(accuser)
        }
    }

    private mutating func combine(_ summary: Gossip.Message.Summary) {
        combine(summary.head)
        combine(summary.held)
        for position in summary.streams {
            combine(position.stream)
            combine(position.sequence)
        }
        combine(summary.departures)
        combine(summary.isAnswer)
    }

    private mutating func combine(_ head: LogHead) {
        combine(head.index)
        combine(head.hash)
        combine(head.epoch)
    }
}

extension Gossip.Message {
    /// One line for people.
    var summary: String {
        switch self {
        case .record(let record): "record \(record.id) \(record.lifetime.summary)"
        case .probe(let probe): "probe \(probe.sequence) over \(probe.route.count) nodes"
        case .probeAnswer(let probe): "answer to probe \(probe.sequence)"
        case .probePassedOn(let sequence): "probe \(sequence) is on its way"
        case .claims(let claims): "claims of \(claims.map(\.member))"
        case .summary(let summary):
            "\(summary.isAnswer ? "answers that it has" : "has") the log to \(summary.head.index)"
        case .held(let ids): "holds records \(ids)"
        case .want(let ids): "wants records \(ids)"
        case .announcement(let head): "announces the log to \(head.index)"
        case .entries(let records):
            "\(records.count) entries from \(records.first.map { "\($0.index)" } ?? "nowhere") on"
        case .pull(let index): "pulls the log after \(index)"
        case .unavailable(let index): "has no entry after \(index)"
        case .snapshotPull(let index, let number): "pulls piece \(number) of the state at \(index), or past it"
        case .snapshotPart(let part):
            "piece \(part.number) of the state at \(part.index)\(part.isLast ? ", the last" : "")"
        case .snapshotUnavailable(let index): "has no state at \(index), or past it"
        }
    }
}

extension Record.Lifetime {
    fileprivate var summary: String {
        switch self {
        case .untilSettled: "until it is settled"
        case .untilSuperseded(_, let sequence): "number \(sequence) of its stream"
        }
    }
}
