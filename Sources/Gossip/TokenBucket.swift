package import Kernel

/// How many bytes may pass now: as many as came in since, up to a burst.
package struct TokenBucket: Hashable, Sendable {
    /// In millionths of a byte: what a microsecond brings is less than one, and would be lost each time that it is asked.
    private var available: UInt64
    private var updatedAt: Instant

    /// Full.
    package init(_ budget: ByteBudget, at now: Instant) { self.init(budget, holding: budget.burst, at: now) }

    /// - Parameter byteCount: As many at once, up to a burst.
    init(_ budget: ByteBudget, holding byteCount: Int, at now: Instant) {
        available = Self.millionths(min(byteCount, budget.burst))
        updatedAt = now
    }

    /// Whether there was enough; else nothing is taken.
    package mutating func take(_ byteCount: Int, of budget: ByteBudget, at now: Instant) -> Bool {
        refill(budget, at: now)
        guard available >= Self.millionths(byteCount) else { return false }
        available -= Self.millionths(byteCount)
        return true
    }

    /// Takes as much as there is, up to a count.
    mutating func charge(_ byteCount: Int, of budget: ByteBudget, at now: Instant) {
        refill(budget, at: now)
        available -= min(available, Self.millionths(byteCount))
    }

    /// When there will be enough.
    func ready(for byteCount: Int, of budget: ByteBudget) -> Instant {
        let needed = Self.millionths(byteCount)
        let missing = needed > available ? needed - available : 0
        let rate = budget.bytesPerSecond
        return updatedAt.advanced(by: Span(microseconds: missing / rate + (missing.isMultiple(of: rate) ? 0 : 1)))
    }

    private mutating func refill(_ budget: ByteBudget, at now: Instant) {
        // A thousand seconds fill any burst that is not above a thousand seconds' bytes, and a longer time could overflow.
        let elapsed = min(now.elapsed(since: updatedAt).microseconds, 1_000_000_000)
        let gained = elapsed * min(budget.bytesPerSecond, 1 << 33)
        available = min(Self.millionths(budget.burst), available + gained)
        updatedAt = max(updatedAt, now)
    }

    /// No frame and no burst comes near the most that fits.
    private static func millionths(_ byteCount: Int) -> UInt64 { min(UInt64(max(0, byteCount)), 1 << 40) * 1_000_000 }
}
