package import Kernel

/// The numbers by which nodes are selected. Those that a program gives were checked before (`ReeveClientOptions`).
package struct SelectionOptions: Hashable, Sendable {
    /// How many nodes are kept; what is learned beyond is left out.
    package var maximumNodeCount = 64
    /// How long a node is left alone after a first failure; twice as long after each further one.
    package var initialBackoff = Span.milliseconds(100)
    package var maximumBackoff = Span.seconds(10)
    /// How long to wait for an answer before another node is asked too: the node's p95, but within these.
    package var minimumHedgeDelay = Span.milliseconds(1)
    package var maximumHedgeDelay = Span.milliseconds(100)
    /// The same while too few round trips are known for a percentile.
    package var unknownHedgeDelay = Span.milliseconds(50)
    /// Another node takes the nearest one's place only if its round trip is at most this much of it, in hundredths...
    package var switchPercent: UInt64 = 70
    /// ... and by at least this much less. Without both, two equally near nodes would take turns.
    package var switchMargin = Span(microseconds: 300)
    /// How often a node that no call measures is asked for its round trip.
    package var probeInterval = Span.seconds(10)
    /// How many hedges there may be for a hundred calls, in the long run, and how many at once after a quiet time.
    package var hedgePercent: UInt64 = 10
    package var hedgeBurst: UInt64 = 10

    package init() {}
}
