package import Kernel

/// Bounds and times of a `GossipNode`.
package struct GossipOptions: Hashable, Sendable {
    /// Records that are kept until settled. Warrants have budgets, so that only a log out of reach for long could come near.
    package var heldLimit = 1024
    package var recordByteLimit = 64 << 10
    /// Records of one neighbour that the shell judges at a time.
    package var judgedLimit = 64
    /// What a record that was refused takes of the budget of those who sent it, in bytes.
    package var refusalCost = 64 << 10
    /// Ids of settled records that are remembered, so that late copies are not judged again.
    package var settledLimit = 4096

    /// What a neighbour is sent: bytes a second, and how many at once after silence.
    package var outgoing = ByteBudget(bytesPerSecond: 1 << 20, burst: 1 << 20)
    /// What is taken from a neighbour. Above what it may send, since delays bunch what was sent evenly.
    package var incoming = ByteBudget(bytesPerSecond: 2 << 20, burst: 2 << 20)
    /// What is taken of a neighbour's claims. Nobody signs them, so a member can make up as many as it likes: this is what they
    /// may cost. A lost zone of 2,000 fits into the burst.
    package var incomingClaims = ByteBudget(bytesPerSecond: 32 << 10, burst: 128 << 10)
    /// Bytes that wait for a neighbour's budget, in each lane.
    package var queueByteLimit = 1 << 20

    /// From one anti-entropy to the next, with another neighbour each time.
    package var antiEntropyInterval = Span.seconds(1)
    /// A neighbour is not answered sooner after the last time.
    package var comparisonPause = Span.milliseconds(100)
    /// Records that are sent on one difference.
    package var exchangeByteLimit = 128 << 10

    /// From one probe to the next, of another neighbour each time. Multiplied by local health, as is the timeout.
    package var probeInterval = Span.seconds(1)
    /// For the answer to a direct probe, after which others are asked; they have twice as long. Links are ordered streams,
    /// where a lost packet is a delay of 200 ms and two round trips: a shorter time would take losses for silence.
    package var probeTimeout = Span.seconds(1)
    package var indirectProbes = 3
    /// A neighbour to which there never was a link is not missed before that.
    package var linkGrace = Span.seconds(10)
    /// The shortest time to refute, once for each tenfold of nodes: up to 99 once, up to 999 twice, and so on. A suspicion that
    /// nobody confirms lasts `suspicionFactor` times as long.
    package var suspicionPerTenfold = Span.seconds(2)
    package var suspicionFactor: UInt64 = 3
    /// How long claims wait for more, so that many fit into one message.
    package var claimDelay = Span.milliseconds(50)
    /// How many neighbours a suspicion is sent to by each node that hears of it. Refutations go to all.
    package var claimFanout = 6
    /// Claims that wait to be sent.
    package var claimQueueLimit = 1024
    /// From one refutation of this node to the next.
    package var refutationPause = Span.milliseconds(500)
    /// A refutation is forgotten so long after it.
    package var refutationMemory = Span.seconds(60)

    /// Neighbours that are sent entries unasked; the others, that there are some.
    package var eagerCount = 6
    /// How long entries wait for more. The first after silence waits as well.
    package var bulkDelay = Span.milliseconds(20)
    /// Entries in one message.
    package var entriesByteLimit = 64 << 10
    /// The longest entry, which goes alone where it is longer than that. Consensus takes no command of more than 512 KiB.
    package var entryByteLimit = 640 << 10
    /// The end of the log that is kept in memory, to answer those that are a little behind.
    package var windowByteLimit = 1 << 20
    package var windowCountLimit = 4096
    /// What was announced and does not come is asked for after this, with as much again by chance.
    package var pullDelay = Span.milliseconds(100)
    /// From the last entries that were offered to the shell until others are asked for those which no seal has proved.
    package var offerPatience = Span.seconds(1)
    /// Entries that wait for a seal. Whoever lacks more needs a snapshot.
    package var offerByteLimit = 256 << 20
    /// How long it is waited for entries, when all that are ahead have said that they have not the next one, until a state is asked for.
    package var snapshotDelay = Span.seconds(1)
    /// The same where one of them says that it has it, and nothing comes of that.
    package var entriesPatience = Span.seconds(5)
    /// For a piece of a state; and how long one is held open for a neighbour that does not ask for the next.
    package var snapshotPatience = Span.seconds(10)
    /// After how long a piece that has not come is asked for again.
    package var snapshotAskInterval = Span.seconds(1)
    /// Who sends less is given up.
    package var snapshotBytesPerSecond: UInt64 = 64 << 10
    /// How long a state is held open for a neighbour, whatever it asks: as long its old pages stay.
    package var snapshotLife = Span.seconds(3600)
    /// Neighbours that are sent a state at a time.
    package var servedLimit = 4
    /// The same neighbour is not begun to be sent one sooner after the last time.
    package var servingPause = Span.seconds(10)
    /// Of one piece, unless a single row is longer.
    package var snapshotPartBytes = 128 << 10
    /// How long a state may be by its sender's word at first. Doubled with each that is longer, up to the most that is ever taken: so a
    /// liar costs little where states are small.
    package var snapshotByteLimit: UInt64 = 64 << 20
    package var snapshotMaxBytes: UInt64 = 2 << 30
    /// How long a neighbour that offered what is not the log's is not listened to; doubled each time, up to 128 times.
    package var distrust = Span.seconds(10)
    /// Askings for one index, each after twice the time of the one before, until anti-entropy starts anew.
    package var pullAttempts = 6

    package init() {}

    /// What is wrong with them; nil for options that a node can run with.
    package var flaw: String? {
        let spans = [
            antiEntropyInterval, probeInterval, probeTimeout, suspicionPerTenfold, claimDelay, refutationMemory,
            bulkDelay, pullDelay, snapshotDelay, snapshotPatience, snapshotAskInterval, snapshotLife,
        ]
        let counts = [
            heldLimit, recordByteLimit, judgedLimit, settledLimit, queueByteLimit, exchangeByteLimit, indirectProbes,
            claimFanout, claimQueueLimit, eagerCount, entriesByteLimit, windowByteLimit, windowCountLimit, pullAttempts,
            offerByteLimit, entryByteLimit, servedLimit, snapshotPartBytes,
        ]
        let budgets = [outgoing, incoming, incomingClaims]
        if spans.contains(.zero) { return "a time is zero" }
        if snapshotBytesPerSecond == 0 { return "a state may take for ever" }
        if counts.contains(where: { $0 < 1 }) { return "a bound is below one" }
        if budgets.contains(where: { $0.bytesPerSecond == 0 || $0.burst < 1 }) { return "a budget is zero" }
        // A message that a burst does not cover could never pass.
        let longest = max(recordByteLimit, entriesByteLimit, entryByteLimit, heldLimit * Digest.byteCount) + 64
        if longest > min(outgoing.burst, incoming.burst) { return "a message may be longer than a burst" }
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
