package import Kernel

/// Which nodes there are, how far each is, which of them answer, and so which is asked.
///
/// A node is *up* until it fails. Then it is left alone for a time that doubles with each failure in a row, and after that
/// it has to answer a probe before it gets a call again. Only a decision clears the count of failures: a node that
/// answers probes and fails calls costs one call for each back-off, not every call.
package struct NodeSelection: Hashable, Sendable {
    package struct Node: Hashable, Sendable {
        package let address: NodeAddress
        /// Given by whoever made the client; never forgotten.
        package let isSeed: Bool
        package internal(set) var latency = LatencyWindow()
        /// Failures in a row.
        package internal(set) var failureCount = 0
        /// While it gets no calls: when it may be probed again.
        package internal(set) var downUntil: Instant?
        var lastFailure: Instant?
        var nextProbe = Instant.zero
        /// Whether it has answered since it last failed: the round trip that opens a connection does not count.
        var isConnected = false

        package var isUp: Bool { downUntil == nil }
    }

    package let options: SelectionOptions
    /// Seeds in their order, then the others in the order of their addresses.
    package private(set) var nodes: [Node]
    /// The one that is asked first, as long as it is up.
    package private(set) var nearest: NodeAddress?
    /// In hundredths of a hedge.
    private var hedgeCredit: UInt64

    package init(seeds: [NodeAddress], options: SelectionOptions = SelectionOptions()) {
        self.options = options
        self.hedgeCredit = options.hedgeBurst * 100
        self.nodes = []
        for seed in seeds where nodes.count < options.maximumNodeCount {
            guard !nodes.contains(where: { $0.address == seed }) else { continue }
            nodes.append(Node(address: seed, isSeed: true))
        }
    }

    /// Takes the members of the cluster as they are now: new ones are added, gone ones forgotten.
    package mutating func learn(_ members: [NodeAddress]) {
        guard !members.isEmpty else { return }
        nodes.removeAll { node in !node.isSeed && !members.contains(node.address) }
        for member in members.sorted() where nodes.count < options.maximumNodeCount {
            guard !nodes.contains(where: { $0.address == member }) else { continue }
            nodes.append(Node(address: member, isSeed: false))
        }
        let seedCount = nodes.prefix { $0.isSeed }.count
        nodes[seedCount...].sort { $0.address < $1.address }
        chooseNearest()
    }

    /// All nodes, in the order in which they are to be asked: the nearest, the others that are up by their round trips (those
    /// that are not measured last), then those that are down, the one whose time is over first.
    package var order: [NodeAddress] {
        let places = nodes.indices.sorted { isBefore($0, $1) }
        return places.map { nodes[$0].address }
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        let (first, second) = (nodes[left], nodes[right])
        switch (first.downUntil, second.downUntil) {
        case (nil, .some): return true
        case (.some, nil): return false
        case (.some(let one), .some(let other)): return (one, left) < (other, right)
        case (nil, nil): break
        }
        if first.address == nearest { return true }
        if second.address == nearest { return false }
        let (one, other) = (distance(of: first), distance(of: second))
        return one == other ? left < right : one < other
    }

    private func distance(of node: Node) -> UInt64 { node.latency.smoothed?.microseconds ?? .max }

    /// How long an answer of this node may take before another is asked too.
    package func hedgeDelay(of address: NodeAddress) -> Span {
        guard let p95 = node(address)?.latency.p95 else { return options.unknownHedgeDelay }
        return max(options.minimumHedgeDelay, min(options.maximumHedgeDelay, p95))
    }

    package func node(_ address: NodeAddress) -> Node? { nodes.first { $0.address == address } }

    /// The node answered a call, whatever it said.
    package mutating func answered(_ address: NodeAddress, after latency: Span, at now: Instant) {
        let nextProbe = now.advanced(by: options.probeInterval)
        update(address) { node in
            if node.isConnected { node.latency.add(latency) }
            node.isConnected = true
            node.failureCount = 0
            node.downUntil = nil
            node.nextProbe = nextProbe
        }
    }

    /// The call went on without the node's answer. That it takes at least so long is known all the same: else a node that
    /// always loses to a hedge would keep the fame of better days.
    package mutating func outwaited(_ address: NodeAddress, after wait: Span) {
        update(address) { node in
            node.latency.add(max(wait, node.latency.smoothed ?? .zero))
        }
    }

    /// The node gave no answer to a call or probe, or one that says that it cannot serve.
    ///
    /// - Parameter started: When it was asked. Calls that were on their way when the node failed before say nothing new.
    package mutating func failed(_ address: NodeAddress, askedAt started: Instant, at now: Instant) {
        guard let count = node(address)?.failureCount else { return }
        let backoff = backoff(after: count)
        update(address) { node in
            if let last = node.lastFailure, started <= last { return }
            node.downUntil = now.advanced(by: backoff)
            node.failureCount = min(count + 1, 64)
            node.lastFailure = now
            node.isConnected = false
        }
    }

    /// After so many failures before this one.
    private func backoff(after count: Int) -> Span {
        let factor: UInt64 = count < 32 ? 1 << UInt64(count) : 1 << 32
        let (product, overflow) = options.initialBackoff.microseconds.multipliedReportingOverflow(by: factor)
        return overflow ? options.maximumBackoff : min(options.maximumBackoff, Span(microseconds: product))
    }

    /// The node answered a probe: it is up, but what it failed before still counts.
    ///
    /// - Parameter latency: Of a request on a connection that was open.
    package mutating func probed(_ address: NodeAddress, after latency: Span) {
        update(address) { node in
            node.latency.add(latency)
            node.isConnected = true
            node.downUntil = nil
        }
    }

    /// Whom to probe now: nodes that were never measured or not for a while, and those that are down and whose time is over.
    /// Each is named once for each interval.
    package mutating func takeProbes(at now: Instant) -> [NodeAddress] {
        var due: [NodeAddress] = []
        for place in nodes.indices where probeTime(of: nodes[place]) <= now {
            nodes[place].nextProbe = now.advanced(by: options.probeInterval)
            if nodes[place].downUntil != nil { nodes[place].downUntil = nodes[place].nextProbe }
            due.append(nodes[place].address)
        }
        return due
    }

    /// When `takeProbes` will next name one.
    package var nextProbe: Instant? { nodes.map { probeTime(of: $0) }.min() }

    private func probeTime(of node: Node) -> Instant { node.downUntil ?? node.nextProbe }

    /// Counts a call towards the hedges that are allowed.
    package mutating func countCall() {
        hedgeCredit = min(hedgeCredit + options.hedgePercent, options.hedgeBurst * 100)
    }

    /// Whether one more hedge is allowed now. When all nodes are slow hedges would only make them slower.
    package mutating func takeHedge() -> Bool {
        guard hedgeCredit >= 100 else { return false }
        hedgeCredit -= 100
        return true
    }

    private mutating func update(_ address: NodeAddress, _ change: (inout Node) -> Void) {
        guard let place = nodes.firstIndex(where: { $0.address == address }) else { return }
        change(&nodes[place])
        chooseNearest()
    }

    private mutating func chooseNearest() {
        let measured = nodes.filter { $0.isUp && $0.latency.smoothed != nil }
        guard let best = measured.min(by: { distance(of: $0) < distance(of: $1) }) else {
            if let nearest, node(nearest)?.isUp != true { self.nearest = nil }
            return
        }
        guard let current = measured.first(where: { $0.address == nearest }) else { return nearest = best.address }
        let (near, far) = (distance(of: best), distance(of: current))
        guard near <= far / 100 * options.switchPercent, far - near >= options.switchMargin.microseconds else { return }
        nearest = best.address
    }
}
