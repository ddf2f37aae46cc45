package import Kernel

/// Who hears whom, and when. Knows nodes by their numbers only.
package struct VirtualNetwork: Sendable {
    package private(set) var quality: NetworkQuality
    private let layout: NetworkLayout
    private let nodeCount: Int
    /// Which side of a partition each node is on.
    private var side: [Int]
    /// Directed links that lose everything.
    private var isCut: [Bool]
    /// Grows with each change of who hears whom.
    package private(set) var epoch: UInt64 = 0
    /// When the latest message of each directed link arrives, so that a link that does not reorder keeps its order.
    private var lastArrival: [Instant]
    /// Until when each directed link holds up what is sent.
    private var clogEnd: [Instant]
    /// When the last frame of each directed link is through, where it carries only so much.
    private var freeFrom: [Instant]
    /// What would have to wait longer for those before it is lost: a sender's queue has a bound.
    package static let longestQueue = Span.seconds(5)

    package init(_ layout: NetworkLayout) {
        self.layout = layout
        quality = layout.usual
        let nodeCount = layout.zones.count
        self.nodeCount = nodeCount
        self.side = Array(repeating: 0, count: nodeCount)
        self.isCut = Array(repeating: false, count: nodeCount * nodeCount)
        self.lastArrival = Array(repeating: .zero, count: nodeCount * nodeCount)
        self.clogEnd = lastArrival
        self.freeFrom = lastArrival
    }

    package func connects(_ from: Int, _ to: Int) -> Bool { side[from] == side[to] && !isCut[from * nodeCount + to] }

    /// Whether everybody hears everybody, as well as can be.
    package func isUndisturbed(at now: Instant) -> Bool {
        quality == .good && !clogsSome(at: now) && side.allSatisfy { $0 == side[0] } && !isCut.contains(true)
    }

    /// Whether the two hear each other.
    package func reaches(_ node: Int, _ other: Int) -> Bool { connects(node, other) && connects(other, node) }

    package var isolatesSome: Bool { side.contains { $0 >= nodeCount } }
    package var cutsSome: Bool { isCut.contains(true) }
    /// Whether there are groups, of those that are not isolated one by one.
    package var isSplit: Bool {
        let groups = side.filter { $0 < nodeCount }
        return groups.contains { $0 != groups[0] }
    }

    /// Whether each message is treated as where nothing is wrong.
    package var isUsual: Bool {
        var unlimited = quality
        unlimited.bandwidth = nil
        return unlimited == layout.usual || unlimited == .good
    }

    package func clogsSome(at now: Instant) -> Bool { clogEnd.contains { $0 > now } }

    /// - Parameter new: A good one brings back what is usual here.
    package mutating func take(_ new: NetworkQuality) { quality = new == .good ? layout.usual : new }

    package mutating func isolate(_ node: Int) {
        side[node] = nodeCount + node
        epoch += 1
    }

    package mutating func split(_ groups: [[Int]]) {
        for node in side.indices { side[node] = groups.firstIndex { $0.contains(node) }.map { $0 + 1 } ?? 0 }
        epoch += 1
    }

    package mutating func cut(from: Int, to: Int) {
        guard from != to else { return }
        isCut[from * nodeCount + to] = true
        epoch += 1
    }

    /// What is sent until then arrives then, all at once.
    package mutating func clog(from: Int, to: Int, until end: Instant) {
        guard from != to else { return }
        let link = from * nodeCount + to
        clogEnd[link] = max(clogEnd[link], end)
    }

    package mutating func heal() {
        for node in side.indices { side[node] = 0 }
        for link in isCut.indices {
            isCut[link] = false
            clogEnd[link] = .zero
        }
        epoch += 1
    }

    /// When a message sent now arrives, and when its duplicate does. Whether the link still holds at that time is to be
    /// asked then.
    ///
    /// - Parameter byteCount: Of no importance where a link carries any amount.
    package mutating func arrivals(
        from: Int,
        to: Int,
        at now: Instant,
        _ fate: MessageFate,
        byteCount: Int = 0
    ) -> (first: Instant?, second: Instant?) {
        guard connects(from, to), let delay = fate.delay,
            let sent = departure(from: from, to: to, at: now, byteCount)
        else { return (nil, nil) }
        let first = arrival(from: from, to: to, at: sent, after: delay)
        return (first, fate.duplicateDelay.map { arrival(from: from, to: to, at: sent, after: $0) })
    }

    /// When a frame is on its way whole, behind those before it; nil where it would wait too long.
    private mutating func departure(from: Int, to: Int, at now: Instant, _ byteCount: Int) -> Instant? {
        guard let bandwidth = quality.bandwidth else { return now }
        let link = from * nodeCount + to
        let start = max(now, freeFrom[link])
        guard start.elapsed(since: now) <= Self.longestQueue else { return nil }
        freeFrom[link] = start.advanced(by: Span(microseconds: UInt64(byteCount) * 1_000_000 / bandwidth))
        return freeFrom[link]
    }

    private mutating func arrival(from: Int, to: Int, at now: Instant, after delay: Span) -> Instant {
        let way = quality.minimumLatency.microseconds + layout.distance(from, to).microseconds
        let link = from * nodeCount + to
        var time = max(now.advanced(by: Span(microseconds: way)).advanced(by: delay), clogEnd[link])
        if !quality.reorders { time = max(time, lastArrival[link]) }
        lastArrival[link] = max(time, lastArrival[link])
        return time
    }
}
