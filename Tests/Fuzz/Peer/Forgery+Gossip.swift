import Gossip
import Kernel
import Sealing

extension Gossip.Message {
    func edited(_ field: UInt8, _ script: inout Script) -> Gossip.Message {
        switch self {
        case .record(let record): return .record(record.edited(field, &script))
        case .probe(let probe): return field & 1 == 0 ? .probe(probe.edited(&script)) : .probeAnswer(probe)
        case .probeAnswer(let probe): return .probeAnswer(probe.edited(&script))
        case .probePassedOn(let sequence): return .probePassedOn(sequence: script.number(near: sequence))
        case .claims(var claims):
            claims.append(script.claim(near: claims.last))
            if field & 1 == 0 { claims.removeFirst() }
            return .claims(claims)
        case .summary(let summary): return .summary(summary.edited(field, &script))
        case .held(let ids): return field & 1 == 0 ? .want(ids) : .held(ids.edited(field / 2, &script))
        case .want(let ids): return field & 1 == 0 ? .held(ids) : .want(ids.edited(field / 2, &script))
        case .announcement(let head): return .announcement(head.edited(field, &script))
        case .entries(let records): return .entries(records.edited(field, &script))
        case .pull(let index): return .pull(after: script.index(near: index))
        case .unavailable(let index): return .unavailable(after: script.index(near: index))
        case .snapshotPull(let index, let number):
            return field & 1 == 0
                ? .snapshotPull(at: script.index(near: index), number: number)
                : .snapshotPull(at: index, number: script.number(near: number))
        case .snapshotPart(let part): return .snapshotPart(part.edited(field, &script))
        case .snapshotUnavailable(let index): return .snapshotUnavailable(at: script.index(near: index))
        }
    }
}

extension Record {
    fileprivate func edited(_ field: UInt8, _ script: inout Script) -> Record {
        var bytes = bytes
        switch field % 4 {
        case 0: return Record(.untilSettled, bytes: bytes)
        case 1: return Record(.untilSuperseded(stream: script.member(), sequence: script.word()), bytes: bytes)
        case 2: bytes += script.bytes()
        default: bytes.patch(by: &script)
        }
        return Record(lifetime, bytes: bytes)
    }
}

extension Gossip.Message.Probe {
    fileprivate func edited(_ script: inout Script) -> Self {
        var (route, suspectedIn, coordinate) = (route, suspectedIn, coordinate)
        switch script.byte() % 5 {
        case 0: route = route.reversed()
        case 1: route.append(script.member())
        case 2: route.insert(script.member(), at: min(1, route.count))
        case 3: coordinate = script.coordinate()
        default: suspectedIn = script.number(near: suspectedIn ?? 0)
        }
        return Self(sequence: sequence, route: route, suspectedIn: suspectedIn, coordinate: coordinate)
    }
}

extension Script {
    /// Anywhere that can be said.
    fileprivate mutating func coordinate() -> NetworkCoordinate? {
        let limit = UInt64(NetworkCoordinate.limit)
        return NetworkCoordinate(
            position: (0..<NetworkCoordinate.dimensionCount).map { _ in Int32(word() % (2 * limit + 1)) - Int32(limit)
            },
            height: Int32(word() % (limit + 1)),
            error: Int32(word() % UInt64(NetworkCoordinate.errorLimit + 1))
        )
    }
}

extension Gossip.Message.Summary {
    fileprivate func edited(_ field: UInt8, _ script: inout Script) -> Self {
        var (head, held, streams, departures, isAnswer) = (head, held, streams, departures, isAnswer)
        switch field % 5 {
        case 0: head = head.edited(field / 5, &script)
        case 1: held = .of([field])
        case 2: streams.append(.init(stream: script.member(), sequence: script.word()))
        case 3: departures = script.number(near: departures)
        default: isAnswer.toggle()
        }
        return Self(head: head, held: held, streams: streams, departures: departures, isAnswer: isAnswer)
    }
}

extension SnapshotPart {
    fileprivate func edited(_ field: UInt8, _ script: inout Script) -> SnapshotPart {
        var (index, number, isLast, bytes, opening) = (index, number, isLast, bytes, opening)
        switch field % 6 {
        case 0: index = script.index(near: index)
        case 1: number = script.number(near: number)
        case 2: isLast.toggle()
        case 3: bytes.patch(by: &script)
        case 4: opening = opening.map { Opening(byteCount: script.number(near: $0.byteCount), proof: $0.proof) }
        default:
            opening = opening.map { opening in
                var proof = opening.proof
                proof.patch(by: &script)
                return Opening(byteCount: opening.byteCount, proof: proof)
            }
        }
        return SnapshotPart(index: index, number: number, isLast: isLast, bytes: bytes, opening: opening)
    }
}

extension LogHead {
    fileprivate func edited(_ field: UInt8, _ script: inout Script) -> LogHead {
        field & 1 == 0
            ? LogHead(index: script.index(near: index), hash: hash, epoch: epoch)
            : LogHead(index: index, hash: .of([field]), epoch: script.number(near: epoch))
    }
}

extension [Digest] {
    fileprivate func edited(_ field: UInt8, _ script: inout Script) -> [Digest] {
        field & 1 == 0 ? Array(dropFirst(script.place(in: count + 1))) : self + [.of([field])]
    }
}

extension [LogRecord] {
    fileprivate func edited(_ field: UInt8, _ script: inout Script) -> [LogRecord] {
        guard !isEmpty else { return self }
        var list = self
        let place = script.place(in: count)
        switch field % 5 {
        case 0: list.remove(at: place)
        case 1: list.insert(list[place], at: place)
        case 2: list = list.map { LogRecord(index: LogIndex($0.index.number &+ 1), bytes: $0.bytes) }
        case 3: list[place] = LogRecord(index: script.index(near: list[place].index), bytes: list[place].bytes)
        default:
            var bytes = list[place].bytes
            bytes.patch(by: &script)
            list[place] = LogRecord(index: list[place].index, bytes: bytes)
        }
        return list
    }
}

extension Script {
    fileprivate mutating func claim(near old: Claim?) -> Claim {
        let choice = byte()
        let member = choice & 1 == 0 ? old?.member ?? self.member() : self.member()
        let incarnation = number(near: old?.incarnation ?? 0)
        return Claim(member, incarnation: incarnation, choice & 2 == 0 ? .alive : .suspected(by: self.member()))
    }
}
