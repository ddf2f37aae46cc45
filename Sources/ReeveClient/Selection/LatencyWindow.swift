package import Kernel

/// The last round trips to one node: a smoothed mean for choosing between nodes, a high percentile for losing patience.
package struct LatencyWindow: Hashable, Sendable {
    /// How many round trips the percentile looks at.
    package static let capacity = 64
    /// Below this many a percentile says nothing.
    package static let minimumCount = 8

    /// In a ring, the oldest at `next` once it is full.
    private var samples: [Span] = []
    private var next = 0
    /// Exponentially weighted, a new sample by an eighth (as RFC 6298 does for TCP); nil before the first.
    package private(set) var smoothed: Span?

    package init() {}

    package mutating func add(_ sample: Span) {
        if samples.count < Self.capacity { samples.append(sample) } else { samples[next] = sample }
        next = (next + 1) % Self.capacity
        guard let old = smoothed?.microseconds else { return smoothed = sample }
        // Each term by itself, since a sample may be anything that fits.
        smoothed = Span(microseconds: old - old / 8 + sample.microseconds / 8)
    }

    /// The least of the samples that 95 of a hundred do not exceed; nil while there are too few.
    package var p95: Span? {
        guard samples.count >= Self.minimumCount else { return nil }
        return samples.sorted()[(samples.count * 95 + 99) / 100 - 1]
    }
}
