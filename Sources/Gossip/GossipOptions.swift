package import Kernel

/// Bounds and times of a `GossipNode`.
package struct GossipOptions: Hashable, Sendable {
    /// Records that are kept until settled. Warrants have budgets, so that only a log out of reach for long could come near.
    package var heldLimit = 1024
    package var recordByteLimit = 64 << 10
    /// Records that the shell judges at a time.
    package var judgedLimit = 256
    /// Ids of settled records that are remembered, so that late copies are not judged again.
    package var settledLimit = 4096

    /// What a neighbour is sent: bytes a second, and how many at once after silence.
    package var outgoing = ByteBudget(bytesPerSecond: 1 << 20, burst: 512 << 10)
    /// What is taken from a neighbour. Above what it may send, since delays bunch what was sent evenly.
    package var incoming = ByteBudget(bytesPerSecond: 2 << 20, burst: 2 << 20)
    /// Bytes that wait for a neighbour's budget, in each lane.
    package var queueByteLimit = 1 << 20

    /// From one anti-entropy to the next, with another neighbour each time.
    package var antiEntropyInterval = Span.seconds(1)
    /// Records that are sent on one difference.
    package var exchangeByteLimit = 128 << 10

    /// From one probe to the next, of another neighbour each time. Multiplied by local health, as is the timeout.
    package var probeInterval = Span.seconds(1)
    /// For the answer to a direct probe, after which others are asked; they have twice as long. Links are ordered streams, where a lost
    /// packet is a delay of 200 ms and two round trips: a shorter time would take losses for silence.
    package var probeTimeout = Span.seconds(1)
    package var indirectProbes = 3
    /// A neighbour to which there never was a link is not missed before that.
    package var linkGrace = Span.seconds(10)
    /// The shortest time to refute, for each decimal digit of the count of nodes; a suspicion that nobody confirms lasts
    /// `suspicionFactor` times as long.
    package var suspicionPerDigit = Span.seconds(2)
    package var suspicionFactor: UInt64 = 3
    /// How long claims wait for more, so that many fit into one message.
    package var claimDelay = Span.milliseconds(50)
    /// How many neighbours a suspicion is sent to by each node that hears of it. Refutations go to all.
    package var claimFanout = 6
    /// Claims that wait to be sent.
    package var claimQueueLimit = 1024
    /// A refutation is forgotten so long after it.
    package var refutationMemory = Span.seconds(60)

    /// Neighbours that are sent entries unasked; the others, that there are some.
    package var eagerCount = 6
    /// How long entries wait for more. The first after silence waits as well.
    package var bulkDelay = Span.milliseconds(20)
    /// Entries in one message.
    package var entriesByteLimit = 64 << 10
    /// The end of the log that is kept in memory, to answer those that are a little behind.
    package var windowByteLimit = 1 << 20
    package var windowCountLimit = 4096
    /// What was announced and does not come is asked for after this, with as much again by chance.
    package var pullDelay = Span.milliseconds(100)
    /// How long the shell may take to prove what was offered, before others are asked for it.
    package var offerPatience = Span.seconds(1)
    /// Askings for one index, each after twice the time of the one before, until anti-entropy starts anew.
    package var pullAttempts = 6

    package init() {}

    /// What is wrong with them; nil for options that a node can run with.
    package var flaw: String? {
        let spans = [
            antiEntropyInterval, probeInterval, probeTimeout, suspicionPerDigit, claimDelay, refutationMemory, bulkDelay, pullDelay,
        ]
        let counts = [
            heldLimit, recordByteLimit, judgedLimit, settledLimit, queueByteLimit, exchangeByteLimit, indirectProbes, claimFanout, claimQueueLimit, eagerCount, entriesByteLimit, windowByteLimit, windowCountLimit, pullAttempts,
            outgoing.burst, incoming.burst,
        ]
        if spans.contains(.zero) { return "a time is zero" }
        if counts.contains(where: { $0 < 1 }) { return "a bound is below one" }
        if outgoing.bytesPerSecond == 0 || incoming.bytesPerSecond == 0 { return "a budget is zero" }
        // A message that the burst does not cover could never be sent.
        if max(recordByteLimit, entriesByteLimit, heldLimit * Digest.byteCount) + 64 > outgoing.burst {
            return "a message may be longer than what may be sent at once"
        }
        return nil
    }
}

package struct ByteBudget: Hashable, Sendable {
    package let bytesPerSecond: UInt64
    package let burst: Int

    package init(bytesPerSecond: UInt64, burst: Int) {
        self.bytesPerSecond = bytesPerSecond
        self.burst = burst
    }
}
