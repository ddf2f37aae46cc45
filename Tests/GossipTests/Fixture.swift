import Gossip
import Kernel

func member(_ number: UInt64) -> MemberID { MemberID(high: 1, low: number) }

func members(_ numbers: Range<UInt64>, zones: UInt64 = 5) -> [Overlay.Member] {
    numbers.map { Overlay.Member(id: member($0), zone: "\($0 % zones)") }
}

func statement(_ number: UInt8, byteCount: Int = 100) -> Record {
    Record(.untilSettled, bytes: [UInt8](repeating: number, count: byteCount))
}

/// Of the stream of member 1.
func seal(_ sequence: UInt64) -> Record { Record(.untilSuperseded(stream: member(1), sequence: sequence), bytes: [1]) }

func entries(_ indices: ClosedRange<UInt64>, byteCount: Int = 10) -> [LogRecord] {
    indices.map { LogRecord(index: LogIndex($0), bytes: [UInt8](repeating: UInt8($0 % 251), count: byteCount)) }
}

func head(_ index: UInt64, _ hash: UInt8 = 0) -> LogHead {
    LogHead(index: LogIndex(index), hash: Digest.of([hash]), epoch: 0)
}

/// Member 0 of an overlay, whose neighbours are played by the test.
struct Fixture {
    let overlay: Overlay
    let id = member(0)
    var node: GossipNode
    var now = Instant.zero

    init(count: UInt64 = 100, options: GossipOptions = GossipOptions(), restored: [Claim] = [], opensLinks: Bool = true)
    {
        overlay = Overlay(seed: Digest.of([9]), members: members(0..<count))
        node = GossipNode(
            id: id,
            overlay: overlay,
            streams: [member(1)],
            options: options,
            restored: restored,
            seed: 1,
            at: now
        )
        guard opensLinks else { return }
        for neighbour in neighbours { step(.linkOpened(neighbour)) }
    }

    var neighbours: [MemberID] { overlay.neighbours(of: id) }
    /// Somebody on the list with whom there is no link.
    var distant: MemberID { overlay.members.map(\.id).first { $0 != id && !neighbours.contains($0) } ?? id }

    @discardableResult mutating func step(_ input: GossipNode.Input) -> [GossipNode.Effect] {
        node.step(input, at: now)
    }

    @discardableResult mutating func receive(_ message: Message, from place: Int) -> [GossipNode.Effect] {
        step(.receive(message, from: neighbours[place]))
    }

    @discardableResult mutating func receive(_ message: Message, from sender: MemberID) -> [GossipNode.Effect] {
        step(.receive(message, from: sender))
    }

    /// Time passes. Probes are answered for those that the condition takes, also over others.
    @discardableResult
    mutating func run(_ span: Span, answering answers: (MemberID) -> Bool = { _ in true }) -> [GossipNode.Effect] {
        let end = now.advanced(by: span)
        var effects: [GossipNode.Effect] = []
        while let due = node.nextWake, due <= end {
            now = max(now, due)
            let woken = step(.wake)
            effects += woken
            for probe in woken.probes {
                if probe.route.count > 2 {
                    effects += receive(.probePassedOn(sequence: probe.sequence), from: probe.route[1])
                }
                guard let last = probe.route.last, answers(last) else { continue }
                effects += receive(.probeAnswer(probe), from: probe.route[1])
            }
        }
        now = end
        return effects
    }
}

extension [GossipNode.Effect] {
    var probes: [Message.Probe] {
        flatMap { effect -> [Message.Probe] in
            guard case .send(.probe(let probe), let receivers) = effect else { return [] }
            return receivers.map { _ in probe }
        }
    }

    var judged: [Record] {
        compactMap { effect in
            guard case .judge(let record, _) = effect else { return nil }
            return record
        }
    }

    var offered: [[LogRecord]] {
        compactMap { effect in
            guard case .offerLog(let records, _) = effect else { return nil }
            return records
        }
    }

    var changes: [MemberID: [GossipNode.Reachability]] {
        reduce(into: [:]) { changes, effect in
            if case .reachabilityChanged(let member, let reachability) = effect {
                changes[member, default: []].append(reachability)
            }
        }
    }

    func sent(to receiver: MemberID) -> [Message] {
        compactMap { effect in
            guard case .send(let message, let receivers) = effect, receivers.contains(receiver) else { return nil }
            return message
        }
    }

    /// In order of their ids.
    func receivers(of message: Message) -> [MemberID] {
        flatMap { effect -> [MemberID] in
            guard case .send(message, let receivers) = effect else { return [] }
            return receivers
        }.sorted()
    }

    /// To whom a message goes that is as the condition says, with it.
    func pulls() -> [(after: LogIndex, from: MemberID)] {
        flatMap { effect -> [(after: LogIndex, from: MemberID)] in
            guard case .send(.pull(let index), let receivers) = effect else { return [] }
            return receivers.map { (index, $0) }
        }
    }

    var claims: [Claim] {
        flatMap { effect -> [Claim] in
            guard case .send(.claims(let claims), _) = effect else { return [] }
            return claims
        }
    }
}
