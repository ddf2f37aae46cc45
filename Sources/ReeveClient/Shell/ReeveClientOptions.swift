internal import Kernel

/// How a client asks. Each number has a use that its comment names; the ones that are given are what most programs want.
public struct ReeveClientOptions: Sendable {
    /// From the question to its answer, other nodes included.
    public var callTimeout = Duration.seconds(2)
    /// For one node, connecting included. One that takes longer counts as failed.
    public var attemptTimeout = Duration.milliseconds(500)
    /// Calls on their way at a time. One more is refused with `tooManyCalls`; none waits.
    public var maximumCallCount = 256
    /// Connections to one node. Requests beyond share them in turn.
    public var connectionsPerNode = 16

    /// How long a node is left alone after it has failed; twice as long after each further failure.
    public var initialBackoff = Duration.milliseconds(100)
    /// How long it is left alone at most, however often it has failed.
    public var maximumBackoff = Duration.seconds(10)
    /// A slow call is put to a second node after the 95th percentile of the first one's last round trips, but not before this.
    public var minimumHedgeDelay = Duration.milliseconds(1)
    /// The latest time at which a slow call is put to a second node.
    public var maximumHedgeDelay = Duration.milliseconds(100)
    /// Of a hundred calls, how many may be put to a second node for being slow. 0 for none.
    public var hedgePercent = 10

    /// How often nodes that no call measures are measured.
    public var probeInterval = Duration.seconds(10)
    /// How often the list of members is fetched, where a seed has an admin port and this caller may read it.
    public var discoveryInterval = Duration.seconds(30)
    /// How often the files of certificate, key, token and roots are looked at.
    public var identityInterval = Duration.seconds(30)
    /// Nodes that are kept. Of a larger cluster the client knows a part.
    public var maximumNodeCount = 64

    /// Whether no decision may rest on an older state than an earlier one of this client, whatever node it is from. A node that
    /// lies about its revision can then make the client refuse all others; without, only decisions of its own are false.
    public var readsAreMonotonic = false

    public init() {}
}

extension ReeveClientOptions {
    /// - Throws: `ReeveClientError.configuration` for a number that makes no sense.
    func checked() throws(ReeveClientError) -> ReeveClientOptions {
        let durations: [(Duration, String)] = [
            (callTimeout, "callTimeout"), (attemptTimeout, "attemptTimeout"), (initialBackoff, "initialBackoff"),
            (maximumBackoff, "maximumBackoff"), (minimumHedgeDelay, "minimumHedgeDelay"),
            (maximumHedgeDelay, "maximumHedgeDelay"), (probeInterval, "probeInterval"),
            (discoveryInterval, "discoveryInterval"), (identityInterval, "identityInterval"),
        ]
        for (duration, name) in durations where duration < .milliseconds(1) || duration > .seconds(86_400) {
            throw ReeveClientError(.configuration, "\(name) must be from a millisecond to a day, not \(duration)")
        }
        let counts: [(Int, ClosedRange<Int>, String)] = [
            (maximumCallCount, 1...65_536, "maximumCallCount"), (connectionsPerNode, 1...1024, "connectionsPerNode"),
            (hedgePercent, 0...100, "hedgePercent"), (maximumNodeCount, 1...1024, "maximumNodeCount"),
        ]
        for (count, range, name) in counts where !range.contains(count) {
            throw ReeveClientError(.configuration, "\(name) must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return self
    }

    var selection: SelectionOptions {
        var selection = SelectionOptions()
        selection.maximumNodeCount = maximumNodeCount
        selection.initialBackoff = Span(initialBackoff)
        selection.maximumBackoff = max(Span(initialBackoff), Span(maximumBackoff))
        selection.minimumHedgeDelay = Span(minimumHedgeDelay)
        selection.maximumHedgeDelay = max(Span(minimumHedgeDelay), Span(maximumHedgeDelay))
        selection.unknownHedgeDelay = min(selection.unknownHedgeDelay, selection.maximumHedgeDelay)
        selection.probeInterval = Span(probeInterval)
        selection.hedgePercent = UInt64(hedgePercent)
        if hedgePercent == 0 { selection.hedgeBurst = 0 }
        return selection
    }
}

extension Span {
    /// Zero for what is negative.
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { self = .zero; return }
        let (microseconds, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000)
        self.init(microseconds: overflow ? .max : microseconds &+ UInt64(attoseconds / 1_000_000_000_000))
    }
}
