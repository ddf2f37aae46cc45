package import Kernel

/// What a person is shown of a run: who sent what to whom and what became of it, what each node was, and what went wrong.
///
/// Kept on the side: nothing in a run depends on it. Of a long run it keeps the newest part.
package struct Recording: Sendable {
    package struct Sent: Sendable {
        package let from: Int
        package let to: Int
        package let family: MessageFamily
        package let text: String
        package let time: Instant
        /// Nil for what was lost on the way.
        package let arrival: Instant?
        /// Whether it came to a node that ran and could be reached. Nil while it is under way.
        package fileprivate(set) var isReceived: Bool?
    }

    /// What a node was from then on.
    package struct NodeState: Sendable {
        package let node: Int
        package let time: Instant
        package let content: Content

        package struct Content: Hashable, Sendable {
            package let isUp: Bool
            package let role: String
            package let term: UInt64
            package let leader: Int?
            package let logEnd: UInt64
            package let committed: UInt64
            package let applied: UInt64
            package let isServing: Bool
        }
    }

    /// The number of a message, by which its arrival is noted.
    package typealias Number = Int

    package private(set) var messages: [Sent] = []
    package private(set) var states: [NodeState] = []
    package private(set) var events: [Trace.Line] = []
    /// How many messages were forgotten.
    package private(set) var forgotten = 0
    private var latest: [Int: NodeState.Content] = [:]
    private let capacity: Int

    package init(capacity: Int) { self.capacity = capacity }

    mutating func note(_ message: Sent) -> Number {
        messages.append(message)
        if messages.count >= capacity * 2 { forget() }
        return forgotten + messages.count - 1
    }

    mutating func arrived(_ number: Number, isReceived: Bool) {
        // One copy that arrives is enough.
        guard number >= forgotten, messages[number - forgotten].isReceived != true else { return }
        messages[number - forgotten].isReceived = isReceived
    }

    mutating func note(_ content: NodeState.Content, of node: Int, at time: Instant) {
        guard latest.updateValue(content, forKey: node) != content else { return }
        states.append(NodeState(node: node, time: time, content: content))
    }

    mutating func note(_ line: Trace.Line) { events.append(line) }

    /// States stay: what a node was says the last one before.
    private mutating func forget() {
        let surplus = messages.count - capacity
        messages.removeFirst(surplus)
        forgotten += surplus
        guard let oldest = messages.first?.time else { return }
        events.removeAll { $0.time < oldest }
    }
}

/// What a message is about.
package enum MessageFamily: String, CaseIterable, Sendable {
    case election, replication, heartbeat, snapshot, read, forward, repair, statement, seal, gossip
}
