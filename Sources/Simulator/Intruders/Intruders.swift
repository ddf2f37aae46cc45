internal import Gossip
package import Kernel
package import Replica

/// Machines that lie, and what they have heard and said that they may say again.
package struct Intruders: Sendable {
    fileprivate struct Memory: Sendable {
        let until: Instant
        /// Kinds of gossip that it keeps to itself, as a sum of `Withheld`.
        var withheld: Int64 = 0
        var messages: [PeerMessage] = []
        var next = 0
    }

    /// By machine; nil for one that does not lie.
    private var memories: [Memory?]
    private static let capacity = 64

    package init(machineCount: Int) { memories = Array(repeating: nil, count: machineCount) }

    package mutating func begin(_ node: Int, until end: Instant, withholding kinds: Int64 = 0) {
        memories[node] = Memory(until: end, withheld: kinds)
    }

    /// A kind of what a relay may keep to itself.
    private enum Withheld {
        static let seals: Int64 = 1
        static let statements: Int64 = 2
        static let log: Int64 = 4
        static let comparisons: Int64 = 8
    }

    package static let lastWithheld: Int64 = 15

    /// Whether some machine keeps to itself what it is to pass on.
    package var isWithholding: Bool { memories.contains { $0.map { $0.withheld != 0 } ?? false } }

    package func withholds(_ message: PeerMessage, _ node: Int) -> Bool {
        guard let withheld = memories[node]?.withheld, withheld != 0, case .gossip(let gossip) = message.body else {
            return false
        }
        return withheld & Self.kind(of: gossip) != 0
    }

    private static func kind(of message: Gossip.Message) -> Int64 {
        switch message {
        case .record(let record): record.lifetime == .untilSettled ? Withheld.statements : Withheld.seals
        case .announcement, .entries, .pull, .unavailable, .snapshotPull, .snapshotPart, .snapshotUnavailable:
            Withheld.log
        case .summary, .held, .want: Withheld.comparisons
        case .probe, .probeAnswer, .probePassedOn, .claims: 0
        }
    }

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
