package import Kernel

/// How far nodes are from each other, and what the network does to what they send.
package struct GossipNetwork: Hashable, Sendable {
    /// Of a packet, in parts per million. Ordered streams send it again and are late; datagrams are gone.
    package let lossPerMillion: UInt64

    package init(lossPerMillion: UInt64) { self.lossPerMillion = lossPerMillion }

    package static let regionCount = 5
    /// One way in milliseconds, between five regions such as the east and the west of North America, Europe, north-east Asia and
    /// Oceania. Within a region, 1 ms.
    private static let oneWay: [[UInt64]] = [
        [1, 32, 40, 75, 105],
        [32, 1, 70, 50, 80],
        [40, 70, 1, 110, 150],
        [75, 50, 110, 1, 55],
        [105, 80, 150, 55, 1],
    ]

    package static func delay(from first: Int, to second: Int) -> Span { .milliseconds(oneWay[first][second]) }

    /// The delay, and by chance a twentieth of it more on average.
    package func delay(from first: Int, to second: Int, _ random: inout SeededRandom) -> Span {
        let delay = Self.delay(from: first, to: second)
        let more = random.exponential(mean: Span(microseconds: delay.microseconds / 20))
        return Span(microseconds: delay.microseconds + more.microseconds)
    }

    /// What retransmission adds on an ordered stream: nothing, or the retransmission timeout of RFC 6298 with Linux's lower bound of
    /// 200 ms above the round trip, doubled for each further loss.
    package func retransmission(from first: Int, to second: Int, _ random: inout SeededRandom) -> Span {
        var timeout = 200_000 + 2 * Self.delay(from: first, to: second).microseconds
        var added: UInt64 = 0
        while random.chance(lossPerMillion), added < 60_000_000 {
            added += timeout
            timeout *= 2
        }
        return Span(microseconds: added)
    }
}
