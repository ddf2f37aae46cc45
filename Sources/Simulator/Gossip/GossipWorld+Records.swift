import Gossip
package import Kernel

extension GossipWorld {
    /// Live and honest.
    package func counts(_ place: Int) -> Bool { nodes[place] != nil && !drops[place] }

    /// A node revokes something: from now on it is watched who hears of it.
    package mutating func revoke(at place: Int) {
        let bytes = [UInt8](repeating: 7, count: options.statementBytes)
        let record = Record(.untilSettled, bytes: bytes)
        watched = record.id
        watchedAt[place] = now
        step(place, .publish(record))
    }

    /// One that counts, drawn.
    package mutating func drawHonest() -> Int {
        let honest = nodes.indices.filter(counts)
        return honest[random.below(honest.count)]
    }

    /// When each live and honest node had it enforced; nil for one that has not heard of it.
    package var hearings: [Instant?] { nodes.indices.filter(counts).map { watchedAt[$0] } }
    /// All that was sent of the watched record, by all.
    package var bytesOfWatched: Int { watchedBytes }
    package var allBytesSent: Int { bytesSent.reduce(0, +) }
    package var runningCount: Int { nodes.count { $0 != nil } }

    mutating func judge(_ record: Record, at place: Int) {
        let time = now.advanced(by: options.judgement)
        queue.schedule(.judged(record.id, at: Int32(place)), at: time)
        if record.id == watched, watchedAt[place] == nil { watchedAt[place] = time }
    }

    mutating func countWatched(_ message: Message, byteCount: Int) {
        if case .record(let record) = message, record.id == watched { watchedBytes += byteCount }
    }

    mutating func publishSeal() {
        guard let interval = options.sealInterval else { return }
        sealSequence += 1
        let bytes = [UInt8](repeating: 0, count: options.sealBytes)
        step(0, .publish(Record(.untilSuperseded(stream: Self.id(0), sequence: sealSequence), bytes: bytes)))
        queue.schedule(.seal, at: now.advanced(by: interval))
    }
}
