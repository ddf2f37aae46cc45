import Gossip
import Kernel

extension GossipWorld {
    mutating func carryOut(_ effect: GossipNode.Effect, of place: Int) {
        switch effect {
        case .send(let message, let receivers):
            guard !drops[place] || Self.isSentByDropping(message) else { return }
            for receiver in receivers { send(message, from: place, to: Self.place(of: receiver)) }
        case .connect(let wanted): connect(place, to: wanted.map(Self.place))
        case .judge(let record, _): judge(record, at: place)
        case .reachabilityChanged(let member, let reachability):
            churn?.note(reachability, of: Self.place(of: member), runs: nodes[Self.place(of: member)] != nil, at: now)
        case .offerLog, .readLog, .readSnapshot, .closeSnapshot, .takeSnapshot, .note: break
        }
    }

    /// A node that takes and drops stays in everybody's sight, and that is all.
    private static func isSentByDropping(_ message: Message) -> Bool {
        switch message {
        case .probe, .probeAnswer, .probePassedOn: true
        case .record, .claims, .summary, .held, .want, .announcement, .entries, .pull, .unavailable, .snapshotPull,
            .snapshotPart, .snapshotUnavailable:
            false
        }
    }

    private mutating func send(_ message: Message, from place: Int, to receiver: Int) {
        let byteCount = message.byteCount + GossipWorldOptions.frameOverhead
        bytesSent[place] += byteCount
        countWatched(message, byteCount: byteCount)
        let (first, second) = (Self.region(of: place), Self.region(of: receiver))
        let delay = options.network.delay(from: first, to: second, &random)
        let more = options.network.retransmission(from: first, to: second, &random)
        let arrival = links[place].arrival(at: receiver, notBefore: now.advanced(by: delay).advanced(by: more))
        queue.schedule(.deliver(message, from: Int32(place), to: Int32(receiver)), at: arrival)
    }

    mutating func deliver(_ message: Message, from sender: Int, to place: Int) {
        guard links[place].isOpen(to: sender) else { return }
        if drops[place], case .summary(let summary) = message, !summary.isAnswer {
            // "I have just what you have."
            let echo = Message.Summary(
                head: summary.head,
                held: summary.held,
                streams: summary.streams,
                departures: summary.departures,
                isAnswer: true
            )
            return send(.summary(echo), from: place, to: sender)
        }
        step(place, .receive(message, from: Self.id(sender)))
    }

    private mutating func connect(_ place: Int, to wanted: [Int]) {
        let (dropped, added) = links[place].want(wanted)
        for peer in dropped where links[peer].isOpen(to: place) {
            queue.schedule(.close(Int32(place), by: Int32(peer)), at: now)
        }
        if !added.isEmpty { openLinks(of: place) }
    }
}
