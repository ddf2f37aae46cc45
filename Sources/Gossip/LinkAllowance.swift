package import Kernel

/// What may be read from one neighbour's link: a budget, and less and less from whoever goes above it again and again.
///
/// Above the budget nothing is read for a while, twice as long after each offence; afterwards a morsel may come at once, not a whole burst.
/// What an enemy sends then stays in the buffers of the sockets, where nobody decrypts it. Each while without an offence, in
/// which the link is read, takes one back. A neighbour that never goes above its budget never notices.
package struct LinkAllowance: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        case taken
        /// To be dropped, and nothing more to be read for so long.
        case pause(Span)
    }

    /// Of each edge, and as much at once after silence. Four times what an honest one sends in the long run (`GossipOptions.outgoing`).
    package static let budget = ByteBudget(bytesPerSecond: 4 << 20, burst: 4 << 20)
    /// What the shortest frame counts for, since each costs something: no more than 4,096 a second.
    package static let frameByteCount = 1024
    /// What may come at once after a pause. The longest message fits.
    package static let morsel = 1 << 20
    package static let firstPause = Span.milliseconds(100)
    /// Up to 1.6 s: a sender whose bytes stay unacknowledged for three seconds takes the link for broken, and opens it anew.
    package static let doublings = 4
    /// What takes one offence back.
    package static let probation = Span.seconds(10)

    private var bucket: TokenBucket
    /// Not taken back yet; their number decides how long the next pause is.
    private var offences = 0
    /// The end of the last pause, and since when the present probation counts. Not before the other.
    private var readFrom: Instant
    private var goodSince: Instant

    package init(at now: Instant) {
        bucket = TokenBucket(Self.budget, at: now)
        readFrom = now
        goodSince = now
    }

    /// - Parameter byteCount: Of a frame.
    package mutating func take(_ byteCount: Int, at now: Instant) -> Verdict {
        // Had been read before the pause began, or came over another link of the same neighbour: no new offence.
        guard readFrom <= now else { return .pause(readFrom.elapsed(since: now)) }
        forgive(at: now)
        let isTaken = bucket.take(max(byteCount, Self.frameByteCount), of: Self.budget, at: now)
        return isTaken ? .taken : .pause(offended(at: now))
    }

    private mutating func forgive(at now: Instant) {
        let served = now.elapsed(since: goodSince).microseconds / Self.probation.microseconds
        guard served > 0 else { return }
        offences -= min(offences, Int(clamping: served))
        goodSince = goodSince.advanced(by: Span(microseconds: served * Self.probation.microseconds))
    }

    private mutating func offended(at now: Instant) -> Span {
        let pause = Span(microseconds: Self.firstPause.microseconds << UInt64(offences))
        offences = min(offences + 1, Self.doublings)
        readFrom = now.advanced(by: pause)
        goodSince = readFrom
        // What a pause would bring is not saved up: a link that is read a tenth of the time brings a tenth.
        bucket = TokenBucket(Self.budget, holding: Self.morsel, at: readFrom)
        return pause
    }
}
