internal import Consensus
internal import Kernel
internal import Replica
internal import Wire

/// Machines beside the voters that say what is not true.
extension World {
    private static let lieInterval = Span.milliseconds(20)

    /// A machine for the part; nil while there is none.
    private func liar(as role: Liar) -> Int? {
        machines.indices.first { node in
            intruders.end(of: node) == nil && membership.underWay?.node != node
                && hasPart(role, node)
        }
    }

    private func hasPart(_ role: Liar, _ node: Int) -> Bool {
        switch role {
        case .outsider: membership.isBlank(node)
        case .learner: membership.isLearner(node) && machines[node].isUp
        case .edge: membership.isEdge(node) && machines[node].isUp
        }
    }

    func lacksLiar(for fault: Fault) -> Bool {
        guard case .byzantine(let role, _) = fault else { return false }
        return liar(as: role) == nil
    }

    mutating func beginLying(as role: Liar, for span: Span) {
        guard let node = liar(as: role) else { return }
        membership.beginLying(node)
        let key = ChoiceKey(.withheld, node: node, number: choices.count(ChoiceKey(.withheld, node: node)))
        let withheld = choices.number(key, neutral: 0, at: now) { streams in
            role == .edge && streams.edges.chance(500_000) ? Int64(streams.edges.within(1...15)) : 0
        }
        intruders.begin(node, until: now.advanced(by: span), withholding: withheld)
        record(.member("\(members[node]) lies from now on"), node: node)
        queue.schedule(.lie(node: node), at: now)
    }

    mutating func tellLie(_ node: Int) {
        guard let end = intruders.end(of: node) else { return }
        guard now < end, now < loadEnds else {
            intruders.forget(node)
            if membership.isForEdge(node) { disturbedAt = now }
            return membership.endLying(node)
        }
        queue.schedule(.lie(node: node), at: now.advanced(by: Self.lieInterval))
        let key = ChoiceKey(.lie, node: node)
        let number = choices.count(key)
        let whim = choices.number(key.numbered(number), neutral: 0, at: now) { streams in
            streams.lies.chance(700_000) ? Int64(bitPattern: streams.lies.next()) : 0
        }
        guard whim != 0 else { return }
        trace.hash.combine(node)
        trace.hash.combine(UInt64(bitPattern: whim))
        say(from: node, SeededRandom(seed: UInt64(bitPattern: whim)))
    }

    private mutating func say(from node: Int, _ whim: SeededRandom) {
        var random = whim
        let others = machines.indices.filter { $0 != node && membership.isPresent($0) }
        guard let to = random.element(of: others) else { return }
        let replica = machines[node].process?.replica
        let tongue = LiarsTongue(
            own: members[node],
            lineage: lineage,
            others: others.map { members[$0] },
            receiver: members[to],
            term: replica?.term ?? Term(random.within(1...50)),
            last: replica?.lastPosition ?? LogPosition(term: Term(1), index: LogIndex(random.within(1...500))),
            stamp: machines[node].clock.wall(at: now),
            memory: intruders.messages(of: node),
            codec: options.codec,
            population: population
        )
        let content = membership.isForEdge(node) ? tongue.lieOfEdge(from: &random) : tongue.lie(from: &random)
        lieCount += 1
        post(Self.message(in: content), as: content, from: node, to: to, isForged: true)
    }

    /// What is counted and shown. Bytes that were cut stand for a vote.
    private static func message(in content: WorldEvent.Frame.Content) -> PeerMessage {
        switch content {
        case .message(let message): message
        case .bytes(let bytes):
            (try? PeerCodec.decode(bytes))
                ?? PeerMessage(stamp: .distantPast, body: .entriesWanted(first: .zero, last: .zero))
        }
    }
}
