package import Kernel

/// How many bytes may pass now: as many as came in since, up to a burst.
package struct TokenBucket: Hashable, Sendable {
    private var available: UInt64
    private var updatedAt: Instant

    /// Full.
    package init(_ budget: ByteBudget, at now: Instant) {
        available = UInt64(budget.burst)
        updatedAt = now
    }

    /// Whether there was enough; else nothing is taken.
    package mutating func take(_ byteCount: Int, of budget: ByteBudget, at now: Instant) -> Bool {
        refill(budget, at: now)
        guard available >= UInt64(byteCount) else { return false }
        available -= UInt64(byteCount)
        return true
    }

    /// Takes as much as there is, up to a count.
    mutating func charge(_ byteCount: Int, of budget: ByteBudget, at now: Instant) {
        refill(budget, at: now)
        available -= min(available, UInt64(byteCount))
    }

    /// When there will be enough.
    func ready(for byteCount: Int, of budget: ByteBudget) -> Instant {
        let missing = UInt64(byteCount) > available ? UInt64(byteCount) - available : 0
        let rate = budget.bytesPerSecond
        return updatedAt.advanced(by: Span(microseconds: (missing * 1_000_000 + rate - 1) / rate))
    }

    private mutating func refill(_ budget: ByteBudget, at now: Instant) {
        // A second is enough for any burst that is not above a second's bytes, and a longer time could overflow.
        let elapsed = min(now.elapsed(since: updatedAt).microseconds, 1_000_000_000)
        let gained = elapsed * min(budget.bytesPerSecond, 1 << 33) / 1_000_000
        // What is less than a byte stays in the time.
        guard gained > 0 else { return }
        available = min(UInt64(budget.burst), available + gained)
        updatedAt = now
    }
}
