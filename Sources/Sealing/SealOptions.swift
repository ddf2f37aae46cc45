package import Kernel

/// What is taken for granted about clocks, and how often seals are made.
package struct SealOptions: Hashable, Sendable {
    /// How far two good wall clocks may differ.
    package var maxClockError = Span.milliseconds(500)
    /// Between the openings of two seals while commits move.
    package var busyInterval = Span.milliseconds(50)
    /// Between those while nothing is committed: it is the time that they prove then.
    package var idleInterval = Span.seconds(1)
    /// A seal that has no quorum after so long is given up for a newer one.
    package var patience = Span.seconds(1)
    /// Knowledge older than this is not built upon: who was away for longer needs a new checkpoint.
    package var trustPeriod = Span.seconds(7 * 24 * 3600)
    /// Links of the chain that a receiver holds beyond the newest seal that it has applied by.
    package var maxUnsealedLinks = 262_144

    package init() {}
}
