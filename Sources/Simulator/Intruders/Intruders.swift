package import Kernel
package import Replica

/// Machines that lie, and what they have heard and said that they may say again.
package struct Intruders: Sendable {
    fileprivate struct Memory: Sendable {
        let until: Instant
        var messages: [PeerMessage] = []
        var next = 0
    }

    /// By machine; nil for one that does not lie.
    private var memories: [Memory?]
    private static let capacity = 64

    package init(machineCount: Int) { memories = Array(repeating: nil, count: machineCount) }

    package mutating func begin(_ node: Int, until end: Instant) { memories[node] = Memory(until: end) }
    package mutating func forget(_ node: Int) { memories[node] = nil }
    package func end(of node: Int) -> Instant? { memories[node]?.until }
    package func messages(of node: Int) -> [PeerMessage] { memories[node]?.messages ?? [] }

    package mutating func heard(_ message: PeerMessage, by node: Int) {
        guard memories[node] != nil else { return }
        memories[node]?.keep(message, capacity: Self.capacity)
    }

    package mutating func sent(_ message: PeerMessage, by node: Int) { heard(message, by: node) }
}

extension Intruders.Memory {
    /// The newest, in no order that matters.
    fileprivate mutating func keep(_ message: PeerMessage, capacity: Int) {
        if messages.count < capacity { messages.append(message) } else { messages[next] = message }
        next = (next + 1) % capacity
    }
}
