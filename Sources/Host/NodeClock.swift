package import Kernel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The clocks of this machine, as the cores want to see them.
package struct NodeClock: Sendable {
    private let startMicroseconds: UInt64

    package init() { startMicroseconds = Self.read(CLOCK_BOOTTIME) / 1000 }

    /// What was proven up to so long before the start can be dated, as a seal that is older than this process.
    private static let before: UInt64 = 30 * 24 * 3600 * 1_000_000

    /// `CLOCK_BOOTTIME`, which goes on while the machine is suspended, counted from a month before the start, and `CLOCK_REALTIME`.
    package func now() -> Moment {
        let boot = Self.read(CLOCK_BOOTTIME) / 1000
        return Moment(
            monotonic: Instant(microseconds: Self.before + (boot > startMicroseconds ? boot - startMicroseconds : 0)),
            wall: WallTime(milliseconds: Self.read(CLOCK_REALTIME) / 1_000_000)
        )
    }

    /// Nanoseconds.
    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        let status = unsafe clock_gettime(clock, &time)
        invariant(status == 0, "the system has no clock \(clock)")
        return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    }
}
