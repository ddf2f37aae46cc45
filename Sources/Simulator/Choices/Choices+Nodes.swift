internal import Kernel

/// How processes begin and end.
extension Choices {
    /// What a node's timers are drawn from.
    mutating func timers(of node: Int, process: UInt64, at now: Instant) -> UInt64 {
        // Not the same for all, or all would stand for election at once.
        var neutral = SeededRandom(seed: UInt64(node) << 32 | process)
        let value = number(
            ChoiceKey(.timers, node: node, process: process),
            neutral: Int64(bitPattern: neutral.next()),
            at: now
        ) { Int64(bitPattern: $0.nodes.next()) }
        return UInt64(bitPattern: value)
    }

    /// How much of what a process asks for in one step is done before it crashes in it; neutral is nothing.
    mutating func doneBeforeCrash(of count: Int, _ node: Int, process: UInt64, at now: Instant) -> Int {
        let key = ChoiceKey(.doneBeforeCrash, node: node, process: process)
        return min(Int(number(key, neutral: 0, at: now) { Int64($0.elections.below(count + 1)) }), count)
    }

    /// How much of its log a process leaves on the disk when it starts; neutral is nothing.
    mutating func hiddenThrough(_ applied: LogIndex, _ node: Int, process: UInt64, at now: Instant) -> LogIndex {
        let key = ChoiceKey(.hiddenLog, node: node, process: process)
        let value = number(key, neutral: 0, at: now) { Int64($0.disk.within(0...applied.number)) }
        return min(LogIndex(UInt64(value)), applied)
    }

    /// How many of the pending writes of a process that crashes happen all the same; neutral is all.
    mutating func keptWrites(of pending: Int, _ node: Int, process: UInt64, at now: Instant) -> Int {
        let key = ChoiceKey(.keptWrites, node: node, process: process)
        return min(Int(number(key, neutral: Int64(pending), at: now) { Int64($0.disk.below(pending + 1)) }), pending)
    }

    /// How many transactions of the state are lost with a process; neutral is none.
    mutating func lostTransactions(of uncommitted: Int, _ node: Int, process: UInt64, at now: Instant) -> Int {
        let key = ChoiceKey(.lostTransactions, node: node, process: process)
        return min(Int(number(key, neutral: 0, at: now) { Int64($0.disk.below(uncommitted + 1)) }), uncommitted)
    }

    /// How long until a node learns that it has a link to another, or has it no more. Who loses power says nothing: that shows when
    /// nothing comes any more.
    mutating func linkReview(from node: Int, process: UInt64, to other: Int, afterPowerLoss: Bool, at now: Instant)
        -> Span
    {
        let shortest = Span(microseconds: 200)
        let key = ChoiceKey(.linkReview, node: node, peer: other, process: process)
        return countedSpan(key, neutral: afterPowerLoss ? .seconds(1) : shortest, at: now) { streams in
            let isLate = streams.edges.chance(125_000)
            if afterPowerLoss { return streams.edges.span(.milliseconds(500)...(.seconds(5))) }
            return streams.edges.span(isLate ? .milliseconds(5)...(.seconds(1)) : shortest...(.milliseconds(5)))
        }
    }

    /// How long until the other end of a link is told that a process has ended.
    mutating func linkClosing(from node: Int, process: UInt64, to other: Int, at now: Instant) -> Span {
        let shortest = Span(microseconds: 100)
        let key = ChoiceKey(.linkClosing, node: node, peer: other, process: process)
        return span(key, neutral: shortest, at: now) { streams in
            let isLate = streams.network.chance(250_000)
            return streams.network.span(isLate ? .milliseconds(5)...(.seconds(3)) : shortest...(.milliseconds(5)))
        }
    }
}
